/** Time, handed in wherever time matters, so that tests can move it. */
export interface Clock {
  /** Wall time for records, in ms since 1970 UTC. May jump. */
  wallMs(): number;
  /** Monotonic time for ages and timeouts, in ms. The same scale in every process of this machine. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  // hrtime is CLOCK_MONOTONIC, which processes share; performance.now() starts anew in each of them.
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
