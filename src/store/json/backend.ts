import type { Backend } from "../backend.js";
import type { ThreadStart } from "../protocol.js";
import { createReserve } from "../reserve.js";
import { openJournal } from "./journal.js";
import { createJsonChain, createJsonOthers, createJsonOutbox, SEARCH_OFF } from "./others.js";
import { createJsonPasses } from "./passes.js";
import { createJsonRules } from "./rules.js";
import { createJsonUpkeep } from "./upkeep.js";
import { createJsonClips, createJsonSegments } from "./videos.js";

/** The JSON store in this folder: everything in memory, for small installations and tests. */
export function openJsonBackend({ folder, isOwner }: ThreadStart): Backend {
  if (!isOwner)
    throw new Error(`${folder}: the running appliance has this JSON store for itself; stop it first.`);
  const journal = openJournal(folder);
  const reserve = createReserve(folder);
  const outbox = createJsonOutbox(journal);
  const append = createJsonChain(journal);
  return {
    repositories: {
      passes: createJsonPasses(journal, { folder, outbox, append }),
      rules: createJsonRules(journal),
      segments: createJsonSegments(journal),
      clips: createJsonClips(journal, outbox),
      outbox,
      ...createJsonOthers(journal, append),
      upkeep: createJsonUpkeep(journal, folder),
    },
    begin() {},
    attempt: (call) => journal.attempt(call),
    commit: () => journal.commit(),
    rollback: () => journal.rollback(),
    isMaintenanceDue: () => false,
    maintain() {
      reserve.keep();
      return journal.compact() ? "everything was written anew" : null;
    },
    relieve() {
      reserve.release();
    },
    damaged() {},
    checkFile: null,
    changedByOthers: () => false,
    figures: () => ({
      fileBytes: journal.snapshotBytes(),
      logBytes: journal.journalBytes(),
      writtenBytes: journal.writtenBytes(),
      searchOff: SEARCH_OFF,
      notice: "",
    }),
    close: () => journal.close(),
  };
}
