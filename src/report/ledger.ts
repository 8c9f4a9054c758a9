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

/**
 * Saved positions that can be believed. One beyond the last number of the outbox was noted in another outbox, and then
 * none of them says anything about this one: what waits is sent to everybody.
 */
export function believed(
  saved: Readonly<Record<string, number>>,
  lastSeq: number,
): Readonly<Record<string, number>> {
  return Object.values(saved).some((seq) => seq > lastSeq) ? {} : saved;
}

const PAGE = 500;

/**
 * Acknowledges what every receiver had when the process ended: a receiver that was waited for is no longer among them, or
 * the power failed between noting the positions and the acknowledgement.
 */
export async function acknowledgeUpTo(
  outbox: Pick<OutboxPort, "pending" | "acknowledge">,
  last: number,
): Promise<void> {
  for (;;) {
    const rows = (await outbox.pending(0, PAGE)).filter(({ seq }) => seq <= last);
    if (rows.length === 0) return;
    await outbox.acknowledge(rows.map(({ seq }) => seq));
  }
}

const RETRY_MS = 1000;
/** Positions are written this often at most: a write costs the card an fsync, and an old position only a repetition. */
const SAVE_MS = 5000;

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
  let savedAtMs = Number.NEGATIVE_INFINITY;
  let dirty = false;

  return {
    cursor: (sink) => at.get(sink) ?? 0,
    delivered(sink, seqs) {
      const last = seqs.at(-1);
      if (last === undefined) return;
      at.set(sink, last);
      dirty = true;
      const everybodyHas = Math.min(...at.values());
      for (const seq of seqs) if (seq <= everybodyHas) done.push(seq);
      writing ??= write();
    },
    async settled() {
      while (writing !== null) await writing;
      await save().catch(() => {});
    },
  };

  async function save(): Promise<void> {
    // One receiver needs none: what it has is acknowledged and gone.
    if (!deps.cursors || at.size < 2 || !dirty) return;
    dirty = false;
    savedAtMs = deps.clock.monotonicMs();
    await deps.cursors.save(Object.fromEntries(at));
  }

  async function write(): Promise<void> {
    // Leaves the caller first: what is delivered in the same turn goes into the same write.
    await Promise.resolve();
    try {
      if (deps.clock.monotonicMs() - savedAtMs >= SAVE_MS) await save();
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
