import { type Database, openDatabase } from "./database.js";
import { continueNumbers } from "./sql/outbox.js";

/**
 * Copies every readable row of a damaged database into a fresh one and gives their number. Each table is read from
 * both ends, because damage in the middle stops a reader that comes from either side.
 */
export function salvage(damaged: string, fresh: Database): number {
  let old: Database;
  try {
    old = openDatabase(damaged, { readonly: true });
  } catch {
    return 0;
  }
  fresh.pragma("foreign_keys = off");
  let saved = 0;
  try {
    continueNumbers(old, fresh);
    for (const table of tablesOf(fresh)) saved += copyTable(old, fresh, table);
  } finally {
    fresh.pragma("foreign_keys = on");
    try {
      old.close();
    } catch {
      // Nothing more is wanted of it.
    }
  }
  return saved;
}

function tablesOf(db: Database): string[] {
  return db
    .prepare(
      "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and sql not like '%virtual%' and name not glob '*_vector*' and name not glob 'reading_code*'",
    )
    .pluck()
    .all() as string[];
}

function copyTable(old: Database, fresh: Database, table: string): number {
  const names = (db: Database) =>
    (db.pragma(`table_info(${table})`) as { name: string }[]).map((c) => c.name);
  let shared: string[];
  try {
    const theirs = names(old);
    shared = names(fresh).filter((name) => theirs.includes(name));
  } catch {
    return 0;
  }
  if (shared.length === 0) return 0;
  const list = shared.join(", ");
  const insert = fresh.prepare(
    `insert or ignore into ${table} (${list}) values (${shared.map(() => "?").join(", ")})`,
  );
  let saved = 0;
  fresh.transaction(() => {
    for (const order of ["asc", "desc"]) {
      const firstColumn = shared[0];
      try {
        for (const row of old
          .prepare(`select ${list} from ${table} order by ${firstColumn} ${order}`)
          .raw()
          .iterate()) {
          try {
            saved += insert.run(...(row as unknown[])).changes;
          } catch {
            // A row that breaks a check is damage as well.
          }
        }
        return;
      } catch {
        // This side ends here; try the other one.
      }
    }
  })();
  return saved;
}
