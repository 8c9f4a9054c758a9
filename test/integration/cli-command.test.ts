import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
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

test("the doctor says when page or broker cannot listen where they are to", async () => {
  const folder = temporaryFolder();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  writeFileSync(
    join(folder, "gate.yaml"),
    `cameras: [{ source: "file:///nowhere.mp4" }]\nweb: { host: 192.0.2.1 }\nbroker: { port: ${port} }\n`,
  );
  const { out } = await say(folder, ["doctor", "--json", "--config", "gate.yaml"]);
  other.close();
  const found = new Map(
    (JSON.parse(out) as { name: string; state: string; sentence: string }[]).map((a) => [a.name, a]),
  );
  assert.is(found.get("Page")?.state, "bad");
  assert.match(
    found.get("Page")!.sentence,
    "192.0.2.1:8080 cannot be listened on (EADDRNOTAVAIL); check web.host",
  );
  assert.is(found.get("Broker")?.state, "warning");
  assert.match(found.get("Broker")!.sentence, `127.0.0.1:${port} is taken`);
});

test("a log that is not there, or cannot be proved, is told as that", async () => {
  const folder = temporaryFolder();
  const none = await say(folder, ["verify-log"]);
  assert.equal(
    { code: none.code, err: none.err },
    {
      code: 1,
      err: `${join(folder, "var/plategate.db")}: there is no database here, so there is no log to prove.\n`,
    },
  );
  writeFileSync(join(folder, "gate.yaml"), "store: { kind: json }\n");
  const json = await say(folder, ["verify-log", "--config", "gate.yaml"]);
  assert.is(json.code, 1);
  assert.match(json.err, "The log of a JSON store cannot be proved");
});

test("a test pulse that nobody is there to confirm is not given, and said so", async () => {
  const { code, err } = await say(temporaryFolder(), ["lines", "test", "lift"]);
  assert.equal({ code, err }, { code: 1, err: "Not confirmed; nothing was energised.\n" });
});

test.run();
