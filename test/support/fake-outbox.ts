import type { OutboxEvent } from "../../src/core/records.js";
import type { OutboxRepository } from "../../src/core/repositories.js";

export interface FakeOutbox extends OutboxRepository {
  rows(): readonly OutboxEvent[];
  /** Every sequence number that was acknowledged, in the order of acknowledgement. */
  acknowledged: number[];
}

/** An outbox in memory that behaves like the store's: rows stay until they are acknowledged. */
export function fakeOutbox(): FakeOutbox {
  let seq = 0;
  let rows: OutboxEvent[] = [];
  const acknowledged: number[] = [];
  return {
    acknowledged,
    rows: () => rows,
    async add(events) {
      for (const event of events) rows.push({ ...event, seq: ++seq });
    },
    async pending(afterSeq, limit) {
      let low = 0;
      let high = rows.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((rows[middle] as OutboxEvent).seq <= afterSeq) low = middle + 1;
        else high = middle;
      }
      return rows.slice(low, low + limit);
    },
    async acknowledge(seqs) {
      const gone = new Set(seqs);
      acknowledged.push(...seqs);
      rows = rows.filter((r) => !gone.has(r.seq));
    },
    count: async () => rows.length,
    lastSeq: async () => seq,
  };
}
