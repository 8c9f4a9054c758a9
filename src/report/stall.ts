import type { Clock } from "../system/clock.js";

const TICK_MS = 500;
/** A tick this late means that the process stood still: stopped, suspended, or busy. */
const STALL_MS = 2000;
/** For so long afterwards, what comes in may have waited in a buffer since before. */
const AFTER_MS = 1000;

export interface StallWatch {
  start(): void;
  isSuspect(): boolean;
  close(): void;
}

/** Knows whether this process has just stood still, so that messages without an age of their own can be mistrusted. */
export function watchStalls(clock: Clock): StallWatch {
  let last = now();
  let suspectUntilMs = Number.NEGATIVE_INFINITY;
  let cancel = () => {};
  return {
    start() {
      last = now();
      cancel = clock.after(TICK_MS, tick);
    },
    isSuspect: () => {
      notice();
      return clock.monotonicMs() < suspectUntilMs;
    },
    close: () => cancel(),
  };

  function tick(): void {
    notice();
    last = now();
    cancel = clock.after(TICK_MS, tick);
  }

  function notice(): void {
    const { monotonicMs, wallMs } = now();
    // The monotonic clock does not count a suspended machine's sleep, the wall clock does.
    const late = Math.max(monotonicMs - last.monotonicMs, wallMs - last.wallMs) - TICK_MS;
    if (late > STALL_MS) suspectUntilMs = monotonicMs + AFTER_MS;
  }

  function now() {
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}
