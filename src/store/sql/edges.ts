import type { EdgeRecord } from "../../core/records.js";
import type { EdgeRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

/** Levels that lines took. */
export function createEdgeTable(db: Database): Sync<EdgeRepository> {
  const insert = db.prepare("insert into line_edge (at, line, kind, active, cause) values (?, ?, ?, ?, ?)");
  const list = db.prepare(`
    select seq, at, line, kind, active, cause from line_edge
    where (@line is null or line = @line) and at between @from and @to and seq < @before order by seq desc limit @limit`);
  return {
    add(edges) {
      for (const e of edges) insert.run(e.at, e.line, e.kind, e.active ? 1 : 0, e.cause);
    },
    list(filter) {
      const limit = Math.min(Math.max(filter.limit ?? 100, 1), 1000);
      const rows = list.all({
        line: filter.line ?? null,
        from: filter.from ?? -8.64e15,
        to: filter.to ?? 8.64e15,
        before: filter.before ? Number(filter.before) : Number.MAX_SAFE_INTEGER,
        limit: limit + 1,
      }) as (Omit<EdgeRecord, "active"> & { seq: number; active: number })[];
      const items = rows.slice(0, limit);
      return {
        items: items.map(({ seq: _, ...e }) => ({ ...e, active: e.active === 1 })),
        next: rows.length > limit ? String(items.at(-1)!.seq) : null,
      };
    },
  };
}
