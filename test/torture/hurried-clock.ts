import type { Clock } from "../../src/system/clock.js";

/** How many times faster than the real one this clock goes. */
export const HURRY = 40;

/** Time that runs faster, on one scale for all processes that know the same beginning. */
export function hurriedClock(epochMs: number): Clock {
  const monotonicMs = () => (Date.now() - epochMs) * HURRY;
  return {
    wallMs: () => epochMs + monotonicMs(),
    monotonicMs,
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs / HURRY);
      return () => clearTimeout(timer);
    },
  };
}
