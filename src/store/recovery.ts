import { closeSync, existsSync, fsyncSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, isCorrupt, openDatabase } from "./database.js";
import { migrate } from "./migrate.js";
import { salvage } from "./salvage.js";

/**
 * Opens the database and makes sure that it can be trusted. One that cannot is set aside under another name, what can
 * be read is copied into a fresh one, and `notice` says so in one sentence.
 */
export function openHealthy(file: string, now: number): { db: Database; notice: string } {
  let db: Database | undefined;
  try {
    db = openDatabase(file);
    checkAfterCrash(db);
    migrate(db);
    markRunning(db);
    return { db, notice: "" };
  } catch (error) {
    if (!isCorrupt(error)) {
      db?.close();
      throw error;
    }
    closeQuietly(db);
    const aside = setAside(file, now);
    const fresh = openDatabase(file);
    migrate(fresh);
    const saved = salvage(aside, fresh);
    markRunning(fresh);
    const notice = `The database was damaged (${(error as Error).message}); it was set aside as ${aside} and ${saved} rows were saved from it.`;
    return { db: fresh, notice };
  }
}

/** After an orderly stop there is nothing to look for; after any other end the whole file is read once. */
function checkAfterCrash(db: Database): void {
  const isNew = db.prepare("select 1 from sqlite_schema where name = 'setting'").get() === undefined;
  if (isNew) return;
  if (db.prepare("select value from setting where name = 'clean'").pluck().get() === "1") return;
  const found = db.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw Object.assign(new Error(String(found)), { code: "SQLITE_CORRUPT" });
}

function markRunning(db: Database): void {
  db.prepare(
    "insert into setting (name, value) values ('clean', '0') on conflict (name) do update set value = '0'",
  ).run();
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
