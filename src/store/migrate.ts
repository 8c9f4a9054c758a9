import { closeSync, copyFileSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Database } from "./database.js";

// The compiled file lies in dist/src/store; SQL is not copied there, it is read where it was written.
const defaultFolder = fileURLToPath(new URL("../../../src/store/migrations/", import.meta.url));

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
 * file as `NAME.before-vN`. Throws when the database is newer than this program.
 */
export function migrate(
  db: Database,
  migrations: readonly Migration[] = readMigrations(),
): { from: number; to: number } {
  const from = db.pragma("user_version", { simple: true }) as number;
  const to = migrations.length;
  if (from > to) {
    throw new Error(
      `${db.name}: was written by a newer version of this program (${from} > ${to}); install that version again.`,
    );
  }
  if (from === to) return { from, to };
  if (from > 0 && !db.memory) backUp(db, from);
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
  return { from, to };
}

/** Keeps the newest backup only: cards are small. */
function backUp(db: Database, version: number): void {
  db.pragma("wal_checkpoint(truncate)");
  const copy = `${db.name}.before-v${version + 1}`;
  for (let v = 1; v <= version; v++) rmSync(`${db.name}.before-v${v}`, { force: true });
  copyFileSync(db.name, copy);
  const file = openSync(copy, "r+");
  fsyncSync(file);
  closeSync(file);
}
