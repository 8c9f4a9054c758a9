import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { normalisePlate, spellingProblem } from "../core/plate.js";
import { PLACES_NAME, placesOf, placesText } from "../gate/places-file.js";
import { overwriteAndRemove } from "../recording/files.js";
import { stretchOf } from "../recording/stretch.js";
import { DATABASE_NAME } from "../store/sql/backend.js";
import { systemClock } from "../system/clock.js";
import { createLog } from "../system/log.js";
import { replaceFile } from "../system/replace-file.js";
import { configOfGate } from "./config-of-gate.js";
import { openStoreOf } from "./with-store.js";

/**
 * `plategate erase PLATE [--with-video] [--trim] [--config FILE]`: removes a plate from rows, log, vectors, pictures, clips and
 * the copies of the database that lie beside it. Works beside a running appliance; a
 * vehicle that is at the gate at this very moment is kept again when it leaves.
 */
export async function eraseCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: { type: "string" }, "with-video": { type: "boolean" }, trim: { type: "boolean" } },
  });
  const plate = normalisePlate(positionals[0] ?? "");
  if (plate === "" || positionals.length !== 1) {
    console.error("usage: plategate erase PLATE [--with-video] [--trim] [--config FILE]");
    return 2;
  }
  const misspelt = spellingProblem(positionals[0] ?? "");
  if (misspelt !== null) {
    console.error(`Nothing was erased: ${misspelt}.`);
    return 1;
  }
  const config = configOfGate(values.config);
  const folder = resolve(config.dataFolder);
  const recordings = join(folder, "recordings");
  const store = await openStoreOf(config, createLog("warn", "erase"));
  try {
    const stretches = values["with-video"] ? await stretchesOf(plate) : [];
    const report = await store.upkeep.erase(plate);
    const paths = [...report.files];
    for (const pass of stretches) {
      const { from, to } = stretchOf(pass, config.recording);
      const segments = await store.segments.overlapping(pass.camera, from, to);
      await store.segments.discard(segments.map((s) => s.id));
      paths.push(...segments.map((s) => s.path));
    }
    await overwriteAndRemove(paths.map((path) => join(recordings, path)));
    await store.segments.forget(paths);
    await store.upkeep.scrub();
    await erasePlace(join(folder, PLACES_NAME), plate);
    const copies = existsSync(folder) ? readdirSync(folder).filter((name) => isCopy(name)) : [];
    await overwriteAndRemove(copies.map((name) => join(folder, name)));
    await store.audit.add({
      id: `erase-${systemClock.wallMs()}-${process.pid}`,
      at: Math.round(systemClock.wallMs()),
      actor: "command line",
      action: "erase",
      subject: "a plate",
      detail: JSON.stringify({ passes: report.passes, clips: report.clips, copies: copies.length }),
    });
    console.log(
      `${plate} is erased: ${report.passes} passes, ${report.decisions} decisions, ${report.rules} rules, ${report.vehicles} vehicles, ` +
        `${report.events} events, ${report.clips} clips, ${paths.length - report.files.length} segments of video, ${copies.length} old copies of the database.`,
    );
  } finally {
    await store.close();
  }
  // After the store is closed: its log file frees blocks, too.
  console.log(
    values.trim
      ? await trimmed(folder)
      : "Blocks that were freed earlier are not reached by this; --trim tells the card to forget them.",
  );
  return 0;

  async function stretchesOf(text: string) {
    const found = [];
    for (let before: string | undefined, more = true; more; ) {
      const page = await store.passes.list({
        plate: text,
        limit: 1000,
        ...(before === undefined ? {} : { before }),
      });
      found.push(...page.items);
      more = page.next !== null;
      before = page.next ?? undefined;
    }
    return found;
  }
}

const TRIM_ROUNDS = 3;

/** What earlier files left in blocks that are free now is out of reach of files; the card can be told to forget it. */
async function trimmed(folder: string): Promise<string> {
  try {
    const mount = execFileSync("df", ["--output=target", folder], { encoding: "utf8" })
      .trim()
      .split("\n")
      .at(-1)!;
    // More than once: the file system hands freed blocks back only some time after the commit that sync waits for.
    for (let round = 0; round < TRIM_ROUNDS; round++) {
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, 700));
      execFileSync("sync");
      execFileSync("fstrim", [mount], { stdio: "pipe" });
    }
    return `Free blocks of ${mount} were discarded as well.`;
  } catch {
    return "Free blocks of the card could not be discarded; run `sudo fstrim -a` where the card supports it.";
  }
}

/** Where the vehicle stood last; a running appliance notices it with its next write. */
async function erasePlace(path: string, plate: string): Promise<void> {
  await overwriteAndRemove([`${path}.new`]);
  if (!existsSync(path)) return;
  // What cannot be understood may hold the plate as well.
  const places = placesOf(readFileSync(path, "utf8"));
  const left = (places ?? []).filter((p) => p.plate !== plate);
  if (left.length === places?.length) return;
  await overwriteAndRemove([path]);
  await replaceFile(path, placesText(left));
}

/** Backups from before a migration, databases that were set aside, exports: all of them may hold the plate. */
function isCopy(name: string): boolean {
  return (
    name.startsWith(`${DATABASE_NAME}.before-`) ||
    name.startsWith(`${DATABASE_NAME}.damaged-`) ||
    name.startsWith("export-")
  );
}
