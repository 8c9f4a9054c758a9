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
/** Of one table; where damage hides more than this, as that of a page high up in the tree, the start must not take for ever. */
const MOST_GAPS = 50_000;

/**
 * Copies every readable row of a damaged database into a fresh one. Damage stops a reader that comes from either
 * side, so a table is read around each damaged place. Tells now and then how many rows it has; throws when the
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
      for (const row of rowsOf(old, table, list, shared[0]!)) {
        if (table === PICTURES && !hasRoom()) {
          done.isWhole = false;
          return;
        }
        done.rows += copyRow(() => insert.run(...row).changes);
        tellNow();
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

/** Rows with numbers between these two. */
interface Gap {
  after: number;
  before: number;
}

/**
 * Every row of a table that can be read: from both ends up to the damage, then in the same way from the halves of what
 * lies between, until only rows on damaged pages are left. A table without row numbers is read from both ends alone.
 */
function* rowsOf(db: Database, table: string, list: string, first: string): Generator<unknown[]> {
  // Where not all pictures fit, the newest are wanted.
  const orders = table === PICTURES ? (["desc", "asc"] as const) : (["asc", "desc"] as const);
  if (!hasNumbers(db, table)) {
    for (const order of orders) {
      const reading = readable(db, `select ${list} from ${table} order by ${first} ${order}`);
      yield* reading.rows();
      if (reading.isAtEnd()) return;
    }
    return;
  }
  const gaps: Gap[] = [{ after: 0, before: Number.MAX_SAFE_INTEGER }];
  for (let tries = 0; tries < MOST_GAPS && gaps.length > 0; tries++) {
    const gap = gaps.shift()!;
    let isAtEnd = false;
    for (const order of orders) {
      const reading = readable(
        db,
        `select rowid, ${list} from ${table} where rowid > ? and rowid < ? order by rowid ${order}`,
        [BigInt(gap.after), BigInt(gap.before)],
      );
      for (const [number, ...row] of reading.rows()) {
        if (order === "asc") gap.after = Math.max(gap.after, number as number);
        else gap.before = Math.min(gap.before, number as number);
        yield row;
      }
      isAtEnd = reading.isAtEnd();
      if (isAtEnd) break;
    }
    if (isAtEnd) continue;
    const [lower, upper] = halvesOf({ ...gap, before: Math.min(gap.before, lastNumber(db, table) + 1) });
    if (lower !== undefined && upper !== undefined)
      gaps.push(...(orders[0] === "asc" ? [lower, upper] : [upper, lower]));
  }
}

function halvesOf({ after, before }: Gap): Gap[] {
  if (before - after <= 2) return [];
  const middle = Math.floor((after + before) / 2);
  return [
    { after, before: middle + 1 },
    { after: middle, before },
  ];
}

function hasNumbers(db: Database, table: string): boolean {
  try {
    db.prepare(`select rowid from ${table}`);
    return true;
  } catch {
    return false;
  }
}

/** The highest number that a row of this table ever had, as far as that is known. */
function lastNumber(db: Database, table: string): number {
  for (const sql of [
    "select seq from sqlite_sequence where name = ?",
    `select max(rowid) from ${table} where ? <> ''`,
  ]) {
    try {
      const found = db.prepare(sql).pluck().get(table);
      if (typeof found === "number") return found;
    } catch {
      // Damaged as well.
    }
  }
  return 0;
}

/** Rows up to the damage, or to the end. */
function readable(db: Database, sql: string, bounds: readonly bigint[] = []) {
  let atEnd = false;
  return {
    *rows(): Generator<unknown[]> {
      try {
        yield* db
          .prepare(sql)
          .raw()
          .iterate(...bounds) as IterableIterator<unknown[]>;
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
