import { statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../system/clock.js";
import type { Backend } from "../backend.js";
import { removeOldBackups } from "../migrate.js";
import type { ThreadStart } from "../protocol.js";
import { mark, markDamaged, openHealthy, type Tell } from "../recovery.js";
import { createReserve } from "../reserve.js";
import { createAuditTable } from "./audit.js";
import { createChain } from "./chain.js";
import { createClipTable } from "./clips.js";
import { createEdgeTable } from "./edges.js";
import { createFinder } from "./finder.js";
import { createOutboxTable } from "./outbox.js";
import { createPassTable } from "./passes.js";
import { createRegisterTables } from "./register.js";
import { createRuleTable } from "./rules.js";
import { createSearch } from "./search.js";
import { createSegmentTable } from "./segments.js";
import { createSettingTable } from "./settings.js";
import { createUpkeep } from "./upkeep.js";
import { createWearTable } from "./wear.js";

export const DATABASE_NAME = "plategate.db";
const PAGE_BYTES = 4096;
const CHECKPOINT_PAGES = 250;
// Where calls never pause, this many pages are carried over between two groups.
const FULL_LOG_PAGES = 1000;
const LOG_LIMIT_BYTES = 8_388_608;
const OPTIMIZE_MS = 3_600_000;

interface Checkpoint {
  busy: number;
  log: number;
  checkpointed: number;
}

/** The SQLite store in this folder; a database that cannot be trusted is set aside and what can be read is saved from it. */
export function openSqlBackend({ folder, isOwner }: ThreadStart, clock: Clock, tell?: Tell): Backend {
  const file = join(folder, DATABASE_NAME);
  const { db, notice, isCheckDue } = openHealthy(file, clock.wallMs(), isOwner, tell);
  const outbox = createOutboxTable(db);
  const chain = createChain(db);
  const settings = createSettingTable(db);
  const search = createSearch(db);
  let writtenBytes = 0;
  let isMaintenanceDue = false;
  const reserve = createReserve(folder);
  let optimizedAtMs = Number.NEGATIVE_INFINITY;
  const checkpoint = (how: "noop" | "passive" | "truncate") =>
    (db.pragma(`wal_checkpoint(${how})`) as Checkpoint[])[0]!;
  let logPages = checkpoint("noop").log;
  let version = db.pragma("data_version", { simple: true });
  const statement = (sql: string) => {
    const prepared = db.prepare(sql);
    return () => prepared.run();
  };
  const begin = statement("begin immediate");
  const commit = statement("commit");
  const rollback = statement("rollback");
  const save = statement("savepoint call");
  const release = statement("release call");
  const undo = statement("rollback to call");

  return {
    repositories: {
      passes: createPassTable(db, { chain, outbox, search }),
      rules: createRuleTable(db),
      segments: createSegmentTable(db),
      clips: createClipTable(db, outbox),
      outbox,
      edges: createEdgeTable(db),
      settings,
      audit: createAuditTable(db, chain),
      register: createRegisterTables(db),
      wear: createWearTable(db),
      search: createFinder(db),
      upkeep: createUpkeep(db, search),
    },
    begin,
    attempt(call) {
      save();
      try {
        const value = call();
        release();
        return value;
      } catch (error) {
        // A full disk rolls the whole transaction back by itself; then there is no savepoint to return to.
        if (db.inTransaction) {
          undo();
          release();
        }
        throw error;
      }
    },
    commit() {
      commit();
      const { log, checkpointed } = checkpoint("noop");
      isMaintenanceDue = log - checkpointed > FULL_LOG_PAGES;
      // A log that is written over from its beginning counts from zero again.
      writtenBytes += (log >= logPages ? log - logPages : log) * (PAGE_BYTES + 24);
      logPages = log;
    },
    rollback() {
      if (db.inTransaction) rollback();
    },
    isMaintenanceDue: () => isMaintenanceDue,
    maintain() {
      isMaintenanceDue = false;
      if (clock.monotonicMs() - optimizedAtMs > OPTIMIZE_MS) {
        optimizedAtMs = clock.monotonicMs();
        db.pragma("optimize");
        if (isOwner) removeOldBackups(file, clock.wallMs());
      }
      if (isOwner) reserve.keep();
      const caughtUp = isOwner ? search.catchUp() : 0;
      if (caughtUp > 0) return `${caughtUp} readings made searchable`;
      const { log, checkpointed } = checkpoint("noop");
      if (log - checkpointed < CHECKPOINT_PAGES) return null;
      // Truncating waits for readers; it is only worth that when the log has outgrown what is kept of it.
      const done = checkpoint(size(`${file}-wal`) > LOG_LIMIT_BYTES ? "truncate" : "passive");
      const pages = Math.max(0, Math.max(done.checkpointed, log) - checkpointed);
      writtenBytes += pages * PAGE_BYTES;
      return `checkpoint of ${pages} pages`;
    },
    relieve() {
      reserve.release();
      checkpoint("truncate");
      logPages = 0;
    },
    damaged() {
      markDamaged(file);
    },
    checkFile: isCheckDue ? file : null,
    changedByOthers() {
      const now = db.pragma("data_version", { simple: true });
      const changed = now !== version;
      version = now;
      return changed;
    },
    figures: () => ({
      fileBytes: size(file),
      logBytes: size(`${file}-wal`),
      writtenBytes,
      searchOff: search.off,
      notice,
    }),
    close() {
      try {
        if (isOwner) mark(db, "1");
      } finally {
        // The last connection also carries the log over into the file.
        db.close();
      }
    },
  };
}

function size(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
