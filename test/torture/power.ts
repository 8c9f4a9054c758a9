/**
 * Cuts the power again and again while passes, clips and video are written, and looks whether everything that had been
 * promised is there afterwards.
 *
 *   npm run torture:power [-- --cuts 200] [--seed 1]
 */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { seeded } from "../support/random.js";
import { skipLoudly } from "../support/skip.js";
import { type Disk, emulatedDisk, tornFolder } from "./disk.js";
import { inspect, promised } from "./inspect.js";

const { values } = parseArgs({ options: { cuts: { type: "string" }, seed: { type: "string" } } });
const cuts = Number(values.cuts ?? 200);
const seed = Number(values.seed ?? 1);
const random = seeded(seed).next;
const writer = fileURLToPath(new URL("./power-writer.js", import.meta.url));
const epoch = Date.now();
let passed = 0;
let failed = 0;

const emulated = emulatedDisk(mkdtempSync(join(tmpdir(), "plategate-power-")));
if (emulated === null)
  skipLoudly("power cuts of an emulated disk", "it takes root, mkfs.ext4 and loop devices");
else await torture(emulated, Math.ceil(cuts / 2), 0);
const record = promised();
await torture(
  tornFolder(mkdtempSync(join(tmpdir(), "plategate-power-")), random, () => record.synced),
  cuts - passed - failed,
  100_000,
  record,
);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

async function torture(disk: Disk, times: number, firstRun: number, promises = promised()): Promise<void> {
  console.log(`${times} cuts on ${disk.what}, seed ${seed}`);
  try {
    for (let n = 0; n < times; n++) {
      await runUntilCut(disk, firstRun + n, promises);
      disk.cut();
      const problems = await inspect(disk.folder, promises, epoch);
      if (problems.length === 0) passed++;
      else failed++;
      for (const problem of problems) console.log(`  cut ${n}: ${problem}`);
      if (n % 10 === 9) console.log(`  ${n + 1} cuts: ${promises.summary()}`);
    }
  } finally {
    disk.close();
  }
}

/** Lets everything work for a while of random length, sometimes only during the start, and kills it without a word. */
async function runUntilCut(disk: Disk, run: number, promises: ReturnType<typeof promised>): Promise<void> {
  const child = spawn(process.execPath, [writer, disk.folder, String(run), String(epoch)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let rest = "";
  let up = () => {};
  const isUp = new Promise<void>((resolve) => {
    up = resolve;
  });
  child.stdout.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "up") up();
      promises.hear(line);
    }
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const duringStart = random() < 0.15;
  await Promise.race([
    duringStart ? pause(random() * 300) : isUp.then(() => pause(20 + random() * 1800)),
    ended,
  ]);
  if (child.exitCode !== null) throw new Error(`The writer ended by itself with ${child.exitCode}.`);
  child.kill("SIGKILL");
  await ended;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
