import type { Clock } from "../system/clock.js";
import type { SimulatedLines } from "./simulated.js";

export interface SimulatedArm {
  /** 0 is down, 1 is up. */
  position(): number;
  close(): void;
}

export interface ArmOptions {
  /** Time of one travel. */
  travelMs: number;
  /** The operator board lowers the arm by itself after this time; null: only by the close line. */
  closeAfterMs: number | null;
}

export const armDefaults: ArmOptions = { travelMs: 1500, closeAfterMs: 6000 };

/**
 * A barrier behind simulated lines: it goes up on a lift pulse, down by itself or on a close pulse, answers with its two
 * limit contacts, and comes up again when somebody is under it, as real operator boards do.
 */
export function simulateArm(
  lines: SimulatedLines,
  clock: Clock,
  options: ArmOptions = armDefaults,
): SimulatedArm {
  let from = 0;
  let target: 0 | 1 = 0;
  let startedAtMs = clock.monotonicMs();
  let halted = false;
  let cancel = () => {};
  let closed = false;
  arrive();
  lines.onOutput(({ name, energised }) => {
    if (closed) return;
    if (name === "lift" && energised) move(1);
    if (name === "close" && energised && !obstructed()) move(0);
    if (name === "stop" && energised) halt();
    if (name === "hold" && energised) move(1);
    if (name === "hold" && !energised && target === 1 && position() === 1) lower();
  });
  return {
    position,
    close() {
      closed = true;
      cancel();
    },
  };

  function position(): number {
    if (halted) return from;
    const way = Math.min(1, (clock.monotonicMs() - startedAtMs) / options.travelMs);
    return target === 1 ? Math.min(1, from + way) : Math.max(0, from - way);
  }

  function move(to: 0 | 1): void {
    cancel();
    from = position();
    halted = false;
    target = to;
    startedAtMs = clock.monotonicMs();
    // The contacts leave at once and answer at the end of the way.
    lines.drive("closed", to === 0 && from === 0);
    lines.drive("open", to === 1 && from === 1);
    const restMs = Math.abs(to - from) * options.travelMs;
    cancel = clock.after(restMs, arrive);
  }

  function arrive(): void {
    from = target;
    startedAtMs = clock.monotonicMs();
    lines.drive("closed", target === 0);
    lines.drive("open", target === 1);
    if (target === 1) lower();
  }

  function lower(): void {
    cancel();
    if (options.closeAfterMs === null) return;
    cancel = clock.after(options.closeAfterMs, () => {
      if (obstructed() || lines.levels().hold === true) lower();
      else move(0);
    });
  }

  function halt(): void {
    cancel();
    from = position();
    halted = true;
  }

  function obstructed(): boolean {
    const levels = lines.levels();
    return levels.loop === true || levels.beam === true;
  }
}
