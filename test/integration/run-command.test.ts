import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../support/folder.js";
import { until } from "../support/until.js";

const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

/** `plategate run` with this data folder; what it said so far, and how it ended. */
function run(dataFolder: string, kind: "sql" | "json") {
  const config = join(temporaryFolder(), "gate.yaml");
  writeFileSync(
    config,
    `dataFolder: ${dataFolder}
store: { kind: ${kind} }
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: { port: 0 }
broker: { port: 0 }
`,
  );
  const child = spawn(process.execPath, [cli, "run", "--config", config], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal })),
  );
  return {
    said: () => said,
    ended,
    /** As when a terminal is closed, where shell and kernel both say it. */
    async stopTwice() {
      child.kill("SIGHUP");
      await until(() => said.includes("Stopping."), "the stop to begin");
      child.kill("SIGHUP");
    },
  };
}

test("a second signal does not cut off the stop: the store is closed and given back", async () => {
  const folder = temporaryFolder();
  const { said, ended, stopTwice } = run(folder, "sql");
  await until(() => said().includes("Plategate watches"), "the start", 60_000);
  assert.ok(existsSync(join(folder, "store.owner")));
  await stopTwice();
  assert.equal(await ended, { code: 0, signal: null });
  assert.not.ok(existsSync(join(folder, "store.owner")));
  assert.not.ok(existsSync(join(folder, "plategate.db-wal")));
});

test("a card that answers nothing keeps neither the start from being stopped nor the process from its end", async () => {
  const folder = join(temporaryFolder(), "data");
  mkdirSync(folder);
  // Who opens it waits in the kernel, as for a card that stalls.
  const card = join(folder, "store.json");
  execFileSync("mkfifo", [card]);
  const { said, ended, stopTwice } = run(folder, "json");
  await until(() => said().includes("The gate has its lines."), "the gate", 60_000);
  let stall = -1;
  await until(
    () => {
      // It can be had for writing as soon as somebody wants to read it; held, it gives nothing and has no end.
      stall = writeEnd(card);
      return stall >= 0;
    },
    "the card to be asked",
    60_000,
  );
  await stopTwice();
  assert.equal(await ended, { code: null, signal: "SIGKILL" });
  assert.match(said(), "The gate is not running.");
  assert.match(said(), "Not everything stopped in time; the lines are released.");
  closeSync(stall);
});

/** The end of a named pipe that is written to; -1 while nobody reads it. */
function writeEnd(pipe: string): number {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return -1;
    throw error;
  }
}

test.run();
