import type { OperatorRecord } from "../../core/records.js";
import type { OperatorRepository } from "../../core/repositories.js";
import type { Database } from "../database.js";
import type { Sync } from "./sync.js";

const columns = "id, name, role, password_hash as passwordHash, created_at as createdAt, disabled";

/** People who may use the page. */
export function createOperatorTable(db: Database): Sync<OperatorRepository> {
  const all = db.prepare<[], Row>(`select ${columns} from operator order by name`);
  const byName = db.prepare<[string], Row>(`select ${columns} from operator where name = ?`);
  const upsert = db.prepare(`
    insert into operator (id, name, role, password_hash, created_at, disabled) values (@id, @name, @role, @passwordHash, @createdAt, @disabled)
    on conflict (id) do update set name = excluded.name, role = excluded.role, password_hash = excluded.password_hash, disabled = excluded.disabled`);
  const remove = db.prepare("delete from operator where id = ?");
  return {
    all: () => all.all().map(plain),
    find(name) {
      const row = byName.get(name);
      return row === undefined ? null : plain(row);
    },
    save(operator) {
      upsert.run({ ...operator, disabled: operator.disabled ? 1 : 0 });
    },
    remove: (id) => remove.run(id).changes > 0,
  };
}

type Row = Omit<OperatorRecord, "disabled"> & { disabled: number };

function plain(row: Row): OperatorRecord {
  return { ...row, disabled: row.disabled === 1 };
}
