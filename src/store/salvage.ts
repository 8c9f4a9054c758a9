import { type Database, isDiskTrouble, openDatabase } from "./database.js";
import { continueNumbers } from "./sql/outbox.js";

export interface Salvaged {
  rows: number;
  /** False: pictures were left out for want of room. */
  isWhole: boolean;
}

/** Copied last and, when the card gets full, not to the end: a decision is worth more than what it looked like. */
const PICTURES = "picture";
const TELL_EVERY_MS = 10_000;

/**
 * Copies every readable row of a damaged database into a fresh one. Each table is read from both ends, because damage
 * in the middle stops a reader that comes from either side. Tells now and then how many rows it has; throws when the
 * fresh one cannot be written.
 */
export function salvage(
  damaged: string,
  fresh: Database,
  { hasRoom, tell }: { hasRoom: () => boolean; tell: (rows: number) => void },
): Salvaged {
  const done: Salvaged = { rows: 0, isWhole: true };
  let old: Database;
  try {
    old = openDatabase(damaged, { readonly: true });
  } catch {
    return done;
  }
  let toldAtMs = performance.now();
  fresh.pragma("foreign_keys = off");
  try {
    continueNumbers(old, fresh);
    for (const table of tablesOf(fresh)) copyTable(table);
  } finally {
    fresh.pragma("foreign_keys = on");
    try {
      old.close();
    } catch {
      // Nothing more is wanted of it.
    }
  }
  return done;

  function copyTable(table: string): void {
    const shared = sharedColumns(old, fresh, table);
    if (shared.length === 0) return;
    const list = shared.join(", ");
    const insert = fresh.prepare(
      `insert or ignore into ${table} (${list}) values (${shared.map(() => "?").join(", ")})`,
    );
    fresh.transaction(() => {
      // Where not all pictures fit, the newest are wanted.
      for (const order of table === PICTURES ? ["desc", "asc"] : ["asc", "desc"]) {
        const reading = readable(old, `select ${list} from ${table} order by ${shared[0]} ${order}`);
        for (const row of reading.rows()) {
          if (table === PICTURES && !hasRoom()) {
            done.isWhole = false;
            return;
          }
          done.rows += copyRow(() => insert.run(...row).changes);
          tellNow();
        }
        if (reading.isAtEnd()) return;
      }
    })();
  }

  function tellNow(): void {
    if (performance.now() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = performance.now();
    tell(done.rows);
  }
}

function tablesOf(db: Database): string[] {
  return db
    .prepare(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and sql not like '%virtual%'
       and name not glob '*_vector*' and name not glob 'reading_code*' order by name = '${PICTURES}', rowid`,
    )
    .pluck()
    .all() as string[];
}

function sharedColumns(old: Database, fresh: Database, table: string): string[] {
  const names = (db: Database) =>
    (db.pragma(`table_info(${table})`) as { name: string }[]).map((c) => c.name);
  try {
    const theirs = names(old);
    return names(fresh).filter((name) => theirs.includes(name));
  } catch {
    return [];
  }
}

/** Rows up to the damage, or to the end. */
function readable(db: Database, sql: string) {
  let atEnd = false;
  return {
    *rows(): Generator<unknown[]> {
      try {
        yield* db.prepare(sql).raw().iterate() as IterableIterator<unknown[]>;
        atEnd = true;
      } catch {
        // This side ends here; the other one is tried.
      }
    },
    isAtEnd: () => atEnd,
  };
}

/** A row that breaks a check is damage as well; a disk that cannot be written is not. */
function copyRow(copy: () => number): number {
  try {
    return copy();
  } catch (error) {
    if (isDiskTrouble(error)) throw error;
    return 0;
  }
}
