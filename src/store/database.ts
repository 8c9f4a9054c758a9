import Sqlite from "better-sqlite3";

export type Database = Sqlite.Database;
export type Statement = Sqlite.Statement;

/** Opens an SQLite file the way the appliance needs it: an acknowledged commit survives a power cut, erased rows leave no trace. */
export function openDatabase(file: string, options: { readonly?: boolean } = {}): Database {
  const db = new Sqlite(file, { readonly: options.readonly ?? false, timeout: 5000 });
  if (options.readonly) return db;
  // Has an effect on a new file only: freed pages can be given back without rewriting the whole file.
  db.pragma("auto_vacuum = incremental");
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = full");
  db.pragma("foreign_keys = on");
  db.pragma("secure_delete = on");
  db.pragma("temp_store = memory");
  db.pragma("cache_size = -8000");
  db.pragma("journal_size_limit = 8388608");
  // Checkpoints are run by the store thread when it is idle; this is only the upper bound.
  db.pragma("wal_autocheckpoint = 8000");
  return db;
}

/** Whether this error means that the disk, not the call, is the trouble: full, read-only, gone or failing. */
export function isDiskTrouble(error: unknown): boolean {
  const code = codeOf(error);
  return (
    /^SQLITE_(FULL|READONLY|IOERR|CANTOPEN|BUSY|LOCKED|NOMEM)/.test(code) ||
    /^(ENOSPC|EROFS|EIO|EDQUOT|EACCES)$/.test(code)
  );
}

/** Whether this error says by itself that the disk is full; on a full one others come up as well. */
export function isDiskFull(error: unknown): boolean {
  return /^(SQLITE_FULL|ENOSPC|EDQUOT)$/.test(codeOf(error));
}

/** Whether this error means that the file itself cannot be trusted any more. */
export function isCorrupt(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? "");
}
