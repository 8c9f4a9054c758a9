import type { WearRecord } from "../../core/records.js";
import type { WearRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

/** Bytes written per day and subsystem. */
export function createWearTable(db: Database): Sync<WearRepository> {
  const add = db.prepare(`
    insert into wear (day, subsystem, bytes) values (@day, @subsystem, @bytes)
    on conflict (day, subsystem) do update set bytes = bytes + excluded.bytes`);
  const since = db.prepare<[string], WearRecord>(
    "select day, subsystem, bytes from wear where day >= ? order by day, subsystem",
  );
  return {
    add(entries) {
      for (const entry of entries) add.run({ ...entry, bytes: Math.round(entry.bytes) });
    },
    since: (day) => since.all(day),
  };
}
