import type { ClipRecord, ClipRequest } from "../../core/records.js";
import type { ClipFilter, ClipRepository } from "../../core/repositories.js";
import type { Database, Statement } from "../database.js";
import type { createOutboxTable } from "./outbox.js";
import type { Sync } from "./sync.js";

const columns = `clip.id, clip.pass_id as passId, clip.camera, path, clip.started_at as startedAt, clip.ended_at as endedAt, bytes, pinned, kind`;

/** Clips that are written, and clips that are promised. */
export function createClipTable(
  db: Database,
  outbox: ReturnType<typeof createOutboxTable>,
): Sync<ClipRepository> {
  const insert = db.prepare(`
    insert into clip (id, pass_id, camera, path, started_at, ended_at, bytes, pinned, kind)
    values (@id, @passId, @camera, @path, @startedAt, @endedAt, @bytes, @pinned, @kind)
    on conflict (id) do nothing`);
  const link = db.prepare("update pass set clip_id = ? where id = ?");
  const byId = db.prepare<[string], Row>(`select ${columns} from clip where id = ?`);
  const pin = db.prepare("update clip set pinned = ? where id = ?");
  const trash = db.prepare("insert or ignore into garbage (path) select path from clip where id = ?");
  const remove = db.prepare("delete from clip where id = ?");
  const unlink = db.prepare("update pass set clip_id = null where clip_id = ?");
  const want = db.prepare(`
    insert into clip_request (id, pass_id, camera, from_at, to_at, kind, created_at)
    values (@id, @passId, @camera, @from, @to, @kind, @createdAt)
    on conflict (id) do update set from_at = excluded.from_at, to_at = excluded.to_at`);
  const wanted = db.prepare<[], ClipRequest>(`
    select id, pass_id as passId, camera, from_at as "from", to_at as "to", kind, created_at as createdAt from clip_request order by created_at`);
  const unwant = db.prepare("delete from clip_request where id = ?");
  const oldest = db.prepare<[string, number], Row>(
    `select ${columns} from clip where kind = ? and pinned = 0 order by seq limit ?`,
  );
  const all = db.prepare<[], Row>(`select ${columns} from clip order by seq`);
  const total = db.prepare<[], { bytes: number }>(
    "select coalesce(sum(bytes), 0) as bytes from clip where pinned = 0",
  );
  const shift = db.prepare(
    "update clip set started_at = started_at + @delta, ended_at = ended_at + @delta where id = @id",
  );
  const lists = new Map<string, Statement>();
  return {
    add(clip, events) {
      insert.run({ kind: "unknown", ...clip, pinned: clip.pinned ? 1 : 0 });
      if (clip.passId !== null) link.run(clip.id, clip.passId);
      unwant.run(clip.id);
      outbox.add(events);
    },
    find: (id) => plain(byId.get(id)),
    list(filter) {
      const limit = Math.min(Math.max(filter.limit ?? 50, 1), 1000);
      const rows = listing(filter).all({ ...bound(filter), limit: limit + 1 }) as (Row & { seq: number })[];
      const items = rows.slice(0, limit);
      const next = rows.length > limit ? String(items.at(-1)!.seq) : null;
      return { items: items.map(({ seq: _, ...row }) => plain(row)!), next };
    },
    pin: (id, pinned) => pin.run(pinned ? 1 : 0, id).changes > 0,
    remove(id) {
      const clip = plain(byId.get(id));
      trash.run(id);
      unlink.run(id);
      remove.run(id);
      return clip;
    },
    want(request) {
      want.run(request);
    },
    wanted: () => wanted.all(),
    unwant(id) {
      unwant.run(id);
    },
    shift(ids, deltaMs) {
      for (const id of ids) shift.run({ id, delta: Math.round(deltaMs) });
    },
    oldest: (kind, limit) => oldest.all(kind, limit).map((row) => plain(row)!),
    all: () => all.all().map((row) => plain(row)!),
    totalBytes: () => total.get()!.bytes,
  };

  function listing(filter: ClipFilter): Statement {
    const where = [
      ...(filter.from !== undefined ? ["clip.ended_at >= @from"] : []),
      ...(filter.to !== undefined ? ["clip.started_at <= @to"] : []),
      ...(filter.camera ? ["clip.camera = @camera"] : []),
      ...(filter.passId ? ["clip.pass_id = @passId"] : []),
      ...(filter.pinned !== undefined ? ["pinned = @pinned"] : []),
      ...(filter.kind ? ["kind = @kind"] : []),
      ...(filter.plate ? ["pass.plate glob @plate"] : []),
      ...(filter.before ? ["clip.seq < @before"] : []),
    ];
    const key = where.join(" and ");
    const sql = `select clip.seq, ${columns} from clip ${filter.plate ? "join pass on pass.id = clip.pass_id" : ""}
      ${key ? `where ${key}` : ""} order by clip.seq desc limit @limit`;
    const statement = lists.get(key) ?? db.prepare(sql);
    lists.set(key, statement);
    return statement;
  }
}

type Row = Omit<ClipRecord, "pinned"> & { pinned: number };

function plain(row: Row | undefined): ClipRecord | null {
  return row === undefined ? null : { ...row, pinned: row.pinned === 1 };
}

function bound(filter: ClipFilter): Record<string, unknown> {
  return {
    ...filter,
    plate: filter.plate?.toUpperCase().replace(/[^A-Z0-9?*#]/g, ""),
    pinned: filter.pinned ? 1 : 0,
    before: filter.before ? Number(filter.before) : undefined,
  };
}
