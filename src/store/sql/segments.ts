import type { SegmentRecord } from "../../core/records.js";
import type { SegmentRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

const columns = `id, camera, path, started_at as startedAt, ended_at as endedAt, bytes, boot_id as bootId, monotonic_end_ms as monotonicEndMs`;

/** Files of the recording ring, and files that may be removed. */
export function createSegmentTable(db: Database): Sync<SegmentRepository> {
  const insert = db.prepare(`
    insert into segment (id, camera, path, started_at, ended_at, bytes, boot_id, monotonic_end_ms)
    values (@id, @camera, @path, @startedAt, @endedAt, @bytes, @bootId, @monotonicEndMs)
    on conflict (path) do update set started_at = excluded.started_at, ended_at = excluded.ended_at, bytes = excluded.bytes`);
  const overlapping = db.prepare<[string, number, number], Row>(
    `select ${columns} from segment where camera = ? and started_at < ? and ended_at > ? order by started_at, seq`,
  );
  const oldest = db.prepare<[number, number], Row>(
    `select ${columns} from segment order by seq limit ? offset ?`,
  );
  const all = db.prepare<[], Row>(`select ${columns} from segment order by seq`);
  const trash = db.prepare("insert or ignore into garbage (path) select path from segment where id = ?");
  const remove = db.prepare("delete from segment where id = ?");
  const garbage = db.prepare<[], { path: string }>("select path from garbage order by path");
  const forget = db.prepare("delete from garbage where path = ?");
  const number = db.prepare<[], { number: number }>("select count(*) as number from segment");
  const total = db.prepare<[], { bytes: number }>("select coalesce(sum(bytes), 0) as bytes from segment");
  const shift = db.prepare(
    "update segment set started_at = started_at + @delta, ended_at = ended_at + @delta where boot_id = @boot",
  );
  return {
    add(segment) {
      insert.run({ bootId: null, monotonicEndMs: null, ...segment });
    },
    overlapping: (camera, from, to) => overlapping.all(camera, to, from).map(plain),
    oldest: (limit, skip = 0) => oldest.all(limit, skip).map(plain),
    all: () => all.all().map(plain),
    discard(ids) {
      for (const id of ids) {
        trash.run(id);
        remove.run(id);
      }
    },
    garbage: () => garbage.all().map((row) => row.path),
    forget(paths) {
      for (const path of paths) forget.run(path);
    },
    count: () => number.get()!.number,
    totalBytes: () => total.get()!.bytes,
    shift(bootId, deltaMs) {
      shift.run({ boot: bootId, delta: Math.round(deltaMs) });
    },
  };
}

interface Row extends Omit<SegmentRecord, "bootId" | "monotonicEndMs"> {
  bootId: string | null;
  monotonicEndMs: number | null;
}

function plain({ bootId, monotonicEndMs, ...row }: Row): SegmentRecord {
  return bootId === null || monotonicEndMs === null ? row : { ...row, bootId, monotonicEndMs };
}
