import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkRecordings } from "../recording/check.js";
import { openDatabase } from "../store/database.js";
import { DATABASE_NAME } from "../store/sql/backend.js";
import { verifyLog } from "../store/verify.js";
import { createLog, silentLog } from "../system/log.js";
import { configOfGate } from "./config-of-gate.js";
import { openStoreOf } from "./with-store.js";

/** `plategate check [--repair] [--config FILE]`: looks whether database, log and recordings are sound and agree. */
export async function checkCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string" }, repair: { type: "boolean" } },
  });
  const config = configOfGate(values.config);
  const folder = resolve(config.dataFolder);
  const file = join(folder, DATABASE_NAME);
  if (config.store.kind === "sql" && !existsSync(file)) {
    console.log(`${file}: there is no database yet; the first start makes it.`);
    return 0;
  }
  const problems: string[] = config.store.kind === "sql" ? checkDatabase(file) : [];
  const store = await openStoreOf(config, values.repair ? createLog("warn", "check") : silentLog);
  try {
    if (store.status().problem !== "") problems.push(store.status().problem);
    const isRunning = !store.isOwner();
    if (isRunning && values.repair) {
      console.error("The appliance is running on this folder; stop it before anything is repaired.");
      return 2;
    }
    const found = await checkRecordings({
      folder: join(folder, "recordings"),
      repositories: store,
      config: config.recording,
      log: silentLog,
      repair: values.repair === true,
      // What the running recorder has in hand has no row yet.
      ignoreYoungerThanMs: isRunning ? config.recording.segmentSeconds * 2000 + 60_000 : 0,
    });
    problems.push(...found.problems);
    console.log(`${found.segments} segments and ${found.clips} clips were looked at.`);
  } finally {
    await store.close();
  }
  for (const problem of problems) console.log(problem);
  const verdict = values.repair
    ? "repaired, as far as it can be"
    : "run it with --repair while the appliance is stopped";
  console.log(
    problems.length === 0 ? "Everything is sound and agrees." : `${problems.length} problems; ${verdict}.`,
  );
  return problems.length === 0 || values.repair ? 0 : 1;
}

function checkDatabase(file: string): string[] {
  try {
    const db = openDatabase(file, { readonly: true });
    try {
      const found = (db.pragma("integrity_check(20)") as { integrity_check: string }[]).map(
        (r) => r.integrity_check,
      );
      const orphans = db.pragma("foreign_key_check") as { table: string }[];
      return [
        ...found.filter((line) => line !== "ok").map((line) => `${file}: ${line}`),
        ...orphans.slice(0, 20).map((o) => `${file}: a row of ${o.table} has lost the row it belongs to.`),
        ...verifyLog(file).problems,
      ];
    } finally {
      db.close();
    }
  } catch (error) {
    return [`${file}: ${(error as Error).message}`];
  }
}
