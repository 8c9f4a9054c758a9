import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { CursorPort, OutboxPort } from "./ports.js";

export interface Ledger {
  /** Where this receiver stood when the process ended. */
  cursor(sink: string): number;
  /** In order, without gaps: what `sink` has for good now. */
  delivered(sink: string, seqs: readonly number[]): void;
  /** Fulfils when everything noted so far is in the store. */
  settled(): Promise<void>;
}

/** Acknowledgements wait this long for company when one was just written: a write costs the card an fsync. */
const RETRY_MS = 1000;

/**
 * Keeps the books of the outbox: an event is acknowledged to the store when every receiver has it. That is always
 * noticed by the slowest one, which has the numbers at hand, so nothing is kept here but one number per receiver.
 */
export function createLedger(deps: {
  outbox: Pick<OutboxPort, "acknowledge">;
  sinks: readonly string[];
  saved: Readonly<Record<string, number>>;
  cursors?: CursorPort;
  clock: Clock;
  log: Log;
}): Ledger {
  const at = new Map(deps.sinks.map((sink) => [sink, deps.saved[sink] ?? 0]));
  let done: number[] = [];
  let writing: Promise<void> | null = null;

  return {
    cursor: (sink) => at.get(sink) ?? 0,
    delivered(sink, seqs) {
      const last = seqs.at(-1);
      if (last === undefined) return;
      at.set(sink, last);
      const everybodyHas = Math.min(...at.values());
      for (const seq of seqs) if (seq <= everybodyHas) done.push(seq);
      writing ??= write();
    },
    async settled() {
      while (writing !== null) await writing;
    },
  };

  async function write(): Promise<void> {
    // Leaves the caller first: what is delivered in the same turn goes into the same write.
    await Promise.resolve();
    try {
      if (deps.cursors && at.size > 1) await deps.cursors.save(Object.fromEntries(at));
      const batch = done;
      done = [];
      if (batch.length > 0) {
        await deps.outbox.acknowledge(batch).catch((error) => {
          done = batch.concat(done);
          throw error;
        });
      }
      writing = done.length > 0 ? write() : null;
    } catch (error) {
      deps.log.warn(
        { error: (error as Error).message },
        "deliveries cannot be noted in the store; trying again",
      );
      writing = new Promise((resolve) => {
        deps.clock.after(RETRY_MS, () => {
          writing = write();
          resolve();
        });
      });
    }
  }
}
