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
import { freeBytes, SPARE_BYTES } from "./reserve.js";
import { type Salvaged, salvage } from "./salvage.js";

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
 * Opens the database and makes sure that it can be trusted. One that cannot is set aside under another name, after what
 * can be read was copied into a fresh one that takes its place; `notice` says so in one sentence. `tell` hears what
 * takes so long.
 */
export function openHealthy(file: string, now: number, isOwner = true, tell: Tell = () => {}): Healthy {
  if (!isOwner) return openAsGuest(file);
  const notice = existsSync(salvagedOf(file))
    ? `The database was damaged; what could be read was saved, and the old one was set aside as ${putInPlace(file, now)}.`
    : "";
  try {
    return openOwn(file, notice, tell);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    return openOwn(file, replaceDamaged(file, now, error as Error, tell), tell);
  }
}

/** One sentence about work that takes long. */
export type Tell = (sentence: string) => void;

function openOwn(file: string, before: string, tell: Tell): Healthy {
  let db: Database | undefined;
  try {
    if (existsSync(markerOf(file))) throw damage("damage was found in it while it was in use");
    db = openDatabase(file);
    refuseForeign(db);
    const isCheckDue = checkAfterCrash(db, file);
    const { notice: lacking = "" } = migrate(db, readMigrations(), tell);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    mark(db, "0");
    const notice = [before, lacking].filter((sentence) => sentence !== "").join(" ");
    return { db, notice, isCheckDue };
  } catch (error) {
    closeQuietly(db);
    throw error;
  }
}

/** Beside a running appliance: nothing is checked, marked or repaired, that is its affair. */
function openAsGuest(file: string): Healthy {
  if (existsSync(`${file}.salvaging`) || existsSync(salvagedOf(file)))
    throw new Error(`${file}: the running appliance is saving it from damage; try again in a while.`);
  const db = openDatabase(file);
  const version = db.pragma("user_version", { simple: true });
  if (version === readMigrations().length) return { db, notice: "", isCheckDue: false };
  db.close();
  throw new Error(`${file}: a running appliance of another version uses it (${version}); stop that first.`);
}

/**
 * Saves into a fresh database what can be read of this one, and only then sets it aside: whenever this is cut off, the
 * next start begins anew or goes on from the finished copy.
 */
function replaceDamaged(file: string, now: number, why: Error, tell: Tell): string {
  const filling = `${file}.salvaging`;
  removeDatabase(filling);
  const say = (rows: number) =>
    tell(`The database cannot be used (${why.message}); ${rows} rows were saved from it so far.`);
  let saved: Salvaged = { rows: 0, isWhole: true };
  try {
    say(0);
    const fresh = openDatabase(filling);
    try {
      // Until it is in place it may be lost: no second copy of every page in a log, no waiting for the card.
      fresh.pragma("journal_mode = memory");
      fresh.pragma("synchronous = off");
      migrate(fresh);
      fresh.pragma(`application_id = ${APPLICATION_ID}`);
      const hasRoom = () => freeBytes(dirname(file)) > SPARE_BYTES;
      if (!(why instanceof ForeignError)) saved = salvage(file, fresh, { hasRoom, tell: say });
      mark(fresh, "1");
    } finally {
      fresh.close();
    }
    sync(filling);
  } catch (error) {
    removeDatabase(filling);
    throw error;
  }
  renameSync(filling, salvagedOf(file));
  sync(dirname(file));
  const aside = putInPlace(file, now);
  const missing = saved.isWhole ? "" : "; pictures for which there was no room were left out";
  return `The database could not be used (${why.message}); it was set aside as ${aside} and ${saved.rows} rows were saved from it${missing}.`;
}

/** A finished copy that has still to take the place of the damaged database. */
function salvagedOf(file: string): string {
  return `${file}.salvaged`;
}

/** Gives the name under which the damaged database is kept. The log goes before the file, so that it never meets another one. */
function putInPlace(file: string, now: number): string {
  const aside = `${file}.damaged-${new Date(now).toISOString().replace(/[:.]/g, "-")}`;
  for (const end of ["-wal", "-shm", ""]) if (existsSync(file + end)) renameSync(file + end, aside + end);
  rmSync(markerOf(file), { force: true });
  renameSync(salvagedOf(file), file);
  sync(dirname(file));
  return aside;
}

function removeDatabase(file: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
}

/** Brings a file, or the names in a folder, onto the card. */
function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
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

function closeQuietly(db: Database | undefined): void {
  try {
    db?.close();
  } catch {
    // It could not be read; it may not be closable in order either.
  }
}
