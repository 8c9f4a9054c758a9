import type { Clock } from "../../src/system/clock.js";

export interface FakeClock extends Clock {
  /** Moves both clocks and runs what falls due, in order. */
  advance(ms: number): void;
  /** Moves only the wall clock, as a time server does. */
  jumpWall(ms: number): void;
  /** Tasks that wait for their time. */
  waiting(): number;
}

/** A clock that stands still until it is moved. */
export function fakeClock(wallStart = Date.UTC(2026, 0, 5, 12), monotonicStart = 1000): FakeClock {
  let wall = wallStart;
  let monotonic = monotonicStart;
  let tasks: { at: number; order: number; task: () => void }[] = [];
  let order = 0;
  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    after(delayMs, task) {
      const entry = { at: monotonic + delayMs, order: order++, task };
      tasks.push(entry);
      return () => {
        tasks = tasks.filter((t) => t !== entry);
      };
    },
    advance(ms) {
      const end = monotonic + ms;
      for (;;) {
        tasks.sort((a, b) => a.at - b.at || a.order - b.order);
        const next = tasks[0];
        if (next === undefined || next.at > end) break;
        tasks.shift();
        wall += next.at - monotonic;
        monotonic = next.at;
        next.task();
      }
      wall += end - monotonic;
      monotonic = end;
    },
    jumpWall(ms) {
      wall += ms;
    },
    waiting: () => tasks.length,
  };
}
