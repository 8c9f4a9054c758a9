import {
  closeSync,
  copyFileSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Database, isDiskFull } from "./database.js";
import { freeBytes, SPARE_BYTES } from "./reserve.js";

// The compiled file lies in dist/src/store; SQL is not copied there, it is read where it was written.
const defaultFolder = fileURLToPath(new URL("../../../src/store/migrations/", import.meta.url));
const BACKUP_MS = 7 * 86_400_000;

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** The numbered migrations, in order, without gaps. */
export function readMigrations(folder = defaultFolder): Migration[] {
  const migrations = readdirSync(folder)
    .filter((name) => /^\d{3}-.+\.sql$/.test(name))
    .sort()
    .map((name) => ({
      version: Number(name.slice(0, 3)),
      name,
      sql: readFileSync(join(folder, name), "utf8"),
    }));
  migrations.forEach((m, i) => {
    if (m.version !== i + 1)
      throw new Error(`${folder}: migration ${m.name} is out of order; the next number is ${i + 1}.`);
  });
  return migrations;
}

/**
 * Brings a database to the newest version, one transaction for all steps; a copy of the old state is kept beside the
 * file as `NAME.before-vN` for a week, or `notice` says why not. Throws when the database is newer than this program.
 * `tell` hears, in one sentence, that it may take long.
 */
export function migrate(
  db: Database,
  migrations: readonly Migration[] = readMigrations(),
  tell: (sentence: string) => void = () => {},
): { from: number; to: number; notice?: string } {
  const from = db.pragma("user_version", { simple: true }) as number;
  const to = migrations.length;
  if (from > to) {
    throw new Error(
      `${db.name}: was written by a newer version of this program (${from} > ${to}); install that version again.`,
    );
  }
  if (from === to) return { from, to };
  let isBackedUp = true;
  if (from > 0 && !db.memory) {
    tell(`The database is brought from version ${from} to ${to}; a copy of the old one is made first.`);
    isBackedUp = backUp(db, from);
  }
  db.pragma("foreign_keys = off");
  try {
    db.transaction(() => {
      for (const migration of migrations.slice(from)) db.exec(migration.sql);
      const broken = db.pragma("foreign_key_check") as unknown[];
      if (broken.length > 0)
        throw new Error(`${db.name}: migration left ${broken.length} rows without their parent.`);
      db.pragma(`user_version = ${to}`);
    }).immediate();
  } finally {
    db.pragma("foreign_keys = on");
  }
  if (isBackedUp) return { from, to };
  return {
    from,
    to,
    notice: `The database was brought to version ${to} without a copy of the old one: the card has no room for it.`,
  };
}

/** The backup holds pictures and plates that have to go some day, and by then the new version has proved itself. */
export function removeOldBackups(file: string, now: number): void {
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(file)}.before-v`)) continue;
    const path = join(folder, name);
    const backup = statSync(path, { throwIfNoEntry: false });
    if (backup !== undefined && backup.mtimeMs < now - BACKUP_MS) rmSync(path, { force: true });
  }
}

/** Keeps the newest backup only: cards are small. False: there is no room, and the one transaction has to be enough. */
function backUp(db: Database, version: number): boolean {
  db.pragma("wal_checkpoint(truncate)");
  for (let v = 1; v <= version + 1; v++) rmSync(`${db.name}.before-v${v}`, { force: true });
  if (freeBytes(dirname(db.name)) < statSync(db.name).size + SPARE_BYTES) return false;
  const copy = `${db.name}.before-v${version + 1}`;
  try {
    copyFileSync(db.name, copy);
    const file = openSync(copy, "r+");
    fsyncSync(file);
    closeSync(file);
    return true;
  } catch (error) {
    rmSync(copy, { force: true });
    if (isDiskFull(error)) return false;
    throw error;
  }
}
