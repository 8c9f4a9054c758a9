import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { type Database, isCorrupt, openDatabase } from "./database.js";
import { migrate, readMigrations } from "./migrate.js";
import { salvage } from "./salvage.js";

// "PLGT": tells our databases from those of other programs.
const APPLICATION_ID = 0x504c4754;
/** A larger database is checked beside the running store, so that the gate does not wait for its log. */
const CHECK_AT_START_BYTES = 64_000_000;

export interface Healthy {
  db: Database;
  /** What was found and done about it, in one sentence; empty when all was well. */
  notice: string;
  /** After an unclean end of a large database: it has still to be checked, in the background. */
  isCheckDue: boolean;
}

/**
 * Opens the database and makes sure that it can be trusted. One that cannot is set aside under another name, what can
 * be read is copied into a fresh one, and `notice` says so in one sentence.
 */
export function openHealthy(file: string, now: number, isOwner = true): Healthy {
  if (!isOwner) return openAsGuest(file);
  let db: Database | undefined;
  try {
    if (existsSync(markerOf(file))) throw damage("damage was found in it while it was in use");
    db = openDatabase(file);
    refuseForeign(db);
    const isCheckDue = checkAfterCrash(db, file);
    migrate(db);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    mark(db, "0");
    return { db, notice: "", isCheckDue };
  } catch (error) {
    closeQuietly(db);
    if (!isCorrupt(error)) throw error;
    return { ...startFresh(file, now, error as Error), isCheckDue: false };
  }
}

/** Beside a running appliance: nothing is checked, marked or repaired, that is its affair. */
function openAsGuest(file: string): Healthy {
  const db = openDatabase(file);
  const version = db.pragma("user_version", { simple: true });
  if (version === readMigrations().length) return { db, notice: "", isCheckDue: false };
  db.close();
  throw new Error(`${file}: a running appliance of another version uses it (${version}); stop that first.`);
}

/** Sets the database aside, makes a fresh one and saves into it what can be read of the old. */
function startFresh(file: string, now: number, why: Error): { db: Database; notice: string } {
  const aside = setAside(file, now);
  const db = openDatabase(file);
  migrate(db);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  const saved = why instanceof ForeignError ? "no" : salvage(aside, db);
  mark(db, "0");
  rmSync(markerOf(file), { force: true });
  const notice = `The database could not be used (${why.message}); it was set aside as ${aside} and ${saved} rows were saved from it.`;
  return { db, notice };
}

/** Leaves word that the next start must not trust this database. */
export function markDamaged(file: string): void {
  writeFileSync(markerOf(file), "");
}

function markerOf(file: string): string {
  return `${file}.is-damaged`;
}

/** Notes whether the last stop was in order (`1`), and after what else the next start has to look closer (`0`). */
export function mark(db: Database, clean: "0" | "1"): void {
  db.prepare(
    "insert into setting (name, value) values ('clean', ?) on conflict (name) do update set value = excluded.value",
  ).run(clean);
}

function refuseForeign(db: Database): void {
  const tables = db
    .prepare("select count(*) from sqlite_schema where type = 'table'")
    .pluck()
    .get() as number;
  const id = db.pragma("application_id", { simple: true });
  if (tables > 0 && id !== APPLICATION_ID) throw new ForeignError("it belongs to another program");
}

/** After an orderly stop there is nothing to look for; after any other end the whole file is read once. */
function checkAfterCrash(db: Database, file: string): boolean {
  const isNew = db.prepare("select 1 from sqlite_schema where name = 'setting'").get() === undefined;
  if (isNew || db.prepare("select value from setting where name = 'clean'").pluck().get() === "1")
    return false;
  if (statSync(file).size > CHECK_AT_START_BYTES) return true;
  const found = db.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw damage(String(found));
  return false;
}

class ForeignError extends Error {
  readonly code = "SQLITE_NOTADB";
}

function damage(what: string): Error {
  return Object.assign(new Error(what), { code: "SQLITE_CORRUPT" });
}

/** The write-ahead log belongs to the file: they move together. */
function setAside(file: string, now: number): string {
  const aside = `${file}.damaged-${new Date(now).toISOString().replace(/[:.]/g, "-")}`;
  for (const end of ["", "-wal", "-shm"]) if (existsSync(file + end)) renameSync(file + end, aside + end);
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
  return aside;
}

function closeQuietly(db: Database | undefined): void {
  try {
    db?.close();
  } catch {
    // It could not be read; it may not be closable in order either.
  }
}
