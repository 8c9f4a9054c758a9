import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLineGuard } from "../../src/gate/line-guard.js";
import type { Log } from "../../src/system/log.js";
import { silentLog } from "../../src/system/log.js";

function valueFile(): { file: string; level: () => string; put: (level: string) => void; end: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "guard-"));
  const file = join(folder, "value");
  writeFileSync(file, "0");
  return {
    file,
    level: () => readFileSync(file, "utf8"),
    put: (level) => writeFileSync(file, level),
    end: () => rmSync(folder, { recursive: true }),
  };
}

/** Waits for a condition, not for a time. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a line that is not released in time is released by the guard, which says so", async () => {
  const line = valueFile();
  const said: string[] = [];
  const log: Log = { ...silentLog, info: (_facts, sentence) => void said.push(sentence) };
  const guard = createLineGuard(log);
  guard.watch("lift", line.file, 0);
  guard.on("lift", 50);
  line.put("1");
  await until(() => said.length > 0);
  assert.is(line.level(), "0");
  guard.close();
  line.end();
});

test("a line that was released in time is left alone", async () => {
  const line = valueFile();
  const other = valueFile();
  const guard = createLineGuard(silentLog);
  guard.watch("lift", line.file, 0);
  guard.watch("other", other.file, 0);
  guard.on("lift", 30);
  guard.off("lift");
  line.put("mine");
  guard.on("other", 120);
  other.put("1");
  await until(() => other.level() === "0");
  assert.is(line.level(), "mine");
  guard.close();
  line.end();
  other.end();
});

const PROCESS = fileURLToPath(new URL("../support/guarded-process.js", import.meta.url));

/** A process that energises its lines through a guard, and then is killed or hangs. */
async function guarded(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROCESS, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  return child;
}

test("when the gate process is killed, the guard releases what was energised, in its own polarity", async () => {
  const high = valueFile();
  const low = valueFile();
  const child = await guarded(high.file, low.file, "60000");
  assert.equal([high.level(), low.level()], ["1", "0"]);
  child.kill("SIGKILL");
  await until(() => high.level() === "0" && low.level() === "1");
  high.end();
  low.end();
});

test("when the gate process hangs, the guard ends the pulse", async () => {
  const high = valueFile();
  const low = valueFile();
  const child = await guarded(high.file, low.file, "200");
  child.kill("SIGSTOP");
  await until(() => high.level() === "0" && low.level() === "1");
  child.kill("SIGKILL");
  high.end();
  low.end();
});

test.run();
