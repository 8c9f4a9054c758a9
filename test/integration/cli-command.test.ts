import { spawn } from "node:child_process";
import { openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../support/folder.js";

const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

interface Said {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the command in `folder` with nobody at its standard input; `stdout`: where its output goes instead of here. */
function say(folder: string, args: readonly string[], stdout: "pipe" | number = "pipe"): Promise<Said> {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ["ignore", stdout, "pipe"] });
  const said = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    said.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    said.err += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...said })));
}

test("a list that does not fit on the disk it is written to is no success", async () => {
  const { code, err } = await say(temporaryFolder(), ["settings"], openSync("/dev/full", "w"));
  assert.is(code, 1);
  assert.match(err, "plategate settings: what it says cannot be written (ENOSPC); it is not whole.");
});

test("a command that is called where nothing was kept says so: its rules would be seen by no gate", async () => {
  const folder = temporaryFolder();
  const first = await say(folder, ["rules", "add", "AB12CDE"]);
  assert.is(first.code, 0);
  assert.match(first.err, `${join(folder, "var")}: nothing was kept here yet`);
  assert.is((await say(folder, ["rules", "list"])).err, "");
  writeFileSync(join(folder, "gate.yaml"), `dataFolder: ${join(folder, "new")}\n`);
  assert.is((await say(folder, ["rules", "list", "--config", "gate.yaml"])).err, "");
});

test("the folder of something else is no store to import from, and is left as it was", async () => {
  const folder = temporaryFolder();
  await say(folder, ["rules", "add", "AB12CDE"]);
  const before = readdirSync(join(folder, "var"));
  writeFileSync(join(folder, "gate.yaml"), `dataFolder: ${join(folder, "new")}\n`);
  const { code, err } = await say(folder, ["import", "var", "--config", "gate.yaml"]);
  assert.is(code, 1);
  assert.match(err, "var: there is no JSON store in this folder");
  assert.equal(readdirSync(join(folder, "var")), before);
});

test("a test pulse that nobody is there to confirm is not given, and said so", async () => {
  const { code, err } = await say(temporaryFolder(), ["lines", "test", "lift"]);
  assert.equal({ code, err }, { code: 1, err: "Not confirmed; nothing was energised.\n" });
});

test.run();
