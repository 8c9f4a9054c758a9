import { statSync } from "node:fs";
import { join } from "node:path";
import type { Backend } from "../backend.js";
import { openHealthy } from "../recovery.js";
import { createAuditTable } from "./audit.js";
import { createChain } from "./chain.js";
import { createClipTable } from "./clips.js";
import { createEdgeTable } from "./edges.js";
import { createOperatorTable } from "./operators.js";
import { createOutboxTable } from "./outbox.js";
import { createPassTable } from "./passes.js";
import { createRegisterTables } from "./register.js";
import { createRuleTable } from "./rules.js";
import { createSearch } from "./search.js";
import { createSegmentTable } from "./segments.js";
import { createSettingTable } from "./settings.js";
import { createWearTable } from "./wear.js";

export const DATABASE_NAME = "plategate.db";

/** The SQLite store in this folder; a database that cannot be trusted is set aside and what can be read is saved from it. */
export function openSqlBackend(folder: string, now: number): Backend {
  const file = join(folder, DATABASE_NAME);
  const { db, notice } = openHealthy(file, now);
  const outbox = createOutboxTable(db);
  const chain = createChain(db);
  const settings = createSettingTable(db);
  const search = createSearch(db);
  let writtenBytes = 0;
  let walBytes = size(`${file}-wal`);
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
      passes: createPassTable(db, { chain, outbox, onVectors: search.onVectors }),
      rules: createRuleTable(db),
      segments: createSegmentTable(db),
      clips: createClipTable(db, outbox),
      outbox,
      edges: createEdgeTable(db),
      settings,
      operators: createOperatorTable(db),
      audit: createAuditTable(db, chain),
      register: createRegisterTables(db),
      wear: createWearTable(db),
      search: search.repository,
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
      const bytes = size(`${file}-wal`);
      writtenBytes += bytes > walBytes ? bytes - walBytes : 4096;
      walBytes = bytes;
    },
    rollback() {
      if (db.inTransaction) rollback();
    },
    maintain() {
      if (size(`${file}-wal`) < 1_000_000) return null;
      const [result] = db.pragma("wal_checkpoint(passive)") as {
        busy: number;
        log: number;
        checkpointed: number;
      }[];
      writtenBytes += (result?.checkpointed ?? 0) * 4096;
      db.pragma("optimize");
      return `checkpoint of ${result?.checkpointed ?? 0} pages`;
    },
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
      settings.set("clean", "1");
      db.pragma("optimize");
      db.close();
    },
  };
}

function size(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
