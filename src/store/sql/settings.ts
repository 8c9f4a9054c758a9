import type { SettingRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

/** Small facts that outlive a restart. */
export function createSettingTable(db: Database): Sync<SettingRepository> {
  const get = db.prepare<[string], { value: string }>("select value from setting where name = ?");
  const set = db.prepare(
    "insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value",
  );
  const all = db.prepare<[], { name: string; value: string }>(
    "select name, value from setting order by name",
  );
  return {
    get: (name) => get.get(name)?.value ?? null,
    set(name, value) {
      set.run(name, value);
    },
    all: () => Object.fromEntries(all.all().map((s) => [s.name, s.value])),
  };
}
