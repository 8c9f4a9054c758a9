import type { Clock } from "../system/clock.js";

const TICK_MS = 500;
/** A tick this late means that the process stood still: stopped, suspended, or busy. A probe unanswered for so long, that the line did. */
const STALL_MS = 2000;
const PROBE_MS = 2000;
/** For so long afterwards, what comes in may have waited in a buffer since before. */
const AFTER_MS = 1000;

export interface StallWatch {
  start(): void;
  isSuspect(): boolean;
  close(): void;
}

/**
 * Knows whether this process, or the line that `probe` asks for an answer, has just stood still, so that messages without
 * an age of their own can be mistrusted. `probe` gives null where there is no line.
 */
export function watchStalls(clock: Clock, probe: () => Promise<void> | null): StallWatch {
  let last = now();
  let probedMs = Number.NEGATIVE_INFINITY;
  let isProbing = false;
  let suspectUntilMs = Number.NEGATIVE_INFINITY;
  let cancel = () => {};
  return {
    start() {
      last = now();
      cancel = clock.after(TICK_MS, tick);
    },
    isSuspect: () => {
      notice();
      noticeLine();
      return clock.monotonicMs() < suspectUntilMs;
    },
    close: () => cancel(),
  };

  function tick(): void {
    notice();
    noticeLine();
    last = now();
    cancel = clock.after(TICK_MS, tick);
    if (isProbing || clock.monotonicMs() - probedMs < PROBE_MS) return;
    const asked = probe();
    if (asked === null) return;
    isProbing = true;
    probedMs = clock.monotonicMs();
    const answered = () => {
      noticeLine();
      isProbing = false;
    };
    asked.then(answered, answered);
  }

  function noticeLine(): void {
    const monotonicMs = clock.monotonicMs();
    if (isProbing && monotonicMs - probedMs > STALL_MS) suspectUntilMs = monotonicMs + AFTER_MS;
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
