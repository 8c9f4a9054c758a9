import type { AuditRecord } from "../../core/records.js";
import type { AuditRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { createChain } from "./chain.js";
import type { Sync } from "./sync.js";

/** Who did what, each entry a link of the hash chain. */
export function createAuditTable(db: Database, chain: ReturnType<typeof createChain>): Sync<AuditRepository> {
  const insert = db.prepare(`
    insert into audit (id, at, actor, action, subject, detail, chain_seq) values (@id, @at, @actor, @action, @subject, @detail, @chainSeq)`);
  const exists = db.prepare("select 1 from audit where id = ?");
  const list = db.prepare(`
    select seq, id, at, actor, action, subject, detail from audit
    where (@actor is null or actor = @actor) and (@action is null or action = @action) and seq < @before
    order by seq desc limit @limit`);
  return {
    add(entry) {
      if (exists.get(entry.id) === undefined)
        insert.run({ ...entry, chainSeq: chain.append("audit", entry) });
    },
    list(filter) {
      const limit = Math.min(Math.max(filter.limit ?? 100, 1), 1000);
      const rows = list.all({
        actor: filter.actor ?? null,
        action: filter.action ?? null,
        before: filter.before ? Number(filter.before) : Number.MAX_SAFE_INTEGER,
        limit: limit + 1,
      }) as (AuditRecord & { seq: number })[];
      const items = rows.slice(0, limit);
      return {
        items: items.map(({ seq: _, ...entry }) => entry),
        next: rows.length > limit ? String(items.at(-1)!.seq) : null,
      };
    },
  };
}
