import type { OutboxEvent } from "../../core/records.js";
import type { OutboxRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

/** Events waiting for the receiver, in order of commit. */
export function createOutboxTable(db: Database): Sync<OutboxRepository> {
  const insert = db.prepare(
    "insert into outbox (id, kind, at, payload) values (@id, @kind, @at, @payload) on conflict (id) do nothing",
  );
  const after = db.prepare<[number, number], OutboxEvent>(
    "select seq, id, kind, at, payload from outbox where acknowledged = 0 and seq > ? order by seq limit ?",
  );
  const done = db.prepare("update outbox set acknowledged = 1, payload = '' where seq = ?");
  const tidy = db.prepare("delete from outbox where acknowledged = 1 and seq < ? - 10000");
  const waiting = db.prepare<[], { n: number }>("select count(*) as n from outbox where acknowledged = 0");
  const last = db.prepare<[], { seq: number }>("select seq from sqlite_sequence where name = 'outbox'");
  return {
    add(events) {
      for (const event of events) insert.run(event);
    },
    pending: (afterSeq, limit) => after.all(afterSeq, limit),
    acknowledge(seqs) {
      for (const seq of seqs) done.run(seq);
      const [lowest, highest] = [Math.min(...seqs), Math.max(...seqs)];
      // Now and then, however many are acknowledged at a time.
      if (Math.floor(highest / 500) > Math.floor((lowest - 1) / 500)) tidy.run(highest);
    },
    count: () => waiting.get()!.n,
    lastSeq: () => last.get()?.seq ?? 0,
  };
}

/** Lets an outbox that is still empty go on with the numbers of one that is given up: receivers remember where they stood. */
export function continueNumbers(old: Database, fresh: Database): void {
  try {
    const last = old.prepare("select seq from sqlite_sequence where name = 'outbox'").pluck().get();
    if (Number.isSafeInteger(last))
      fresh.prepare("insert into sqlite_sequence (name, seq) values ('outbox', ?)").run(last);
  } catch {
    // It cannot be read any more; positions beyond the last number are not believed after the next start.
  }
}
