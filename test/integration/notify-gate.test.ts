import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { silentLog } from "../../src/system/log.js";
import { createNotify } from "../../src/system/notify.js";
import { fakeClock } from "../support/fake-clock.js";

const CLI = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const RECEIVER = `use Socket; $|=1;
socket my $s, AF_UNIX, SOCK_DGRAM, 0 or die; bind $s, pack_sockaddr_un($ARGV[0]) or die; print "bound\\n";
while (defined recv $s, my $m, 4096, 0) { print $m }`;

/** A stand-in for systemd: a datagram socket that writes down what it hears. */
async function systemd() {
  const folder = mkdtempSync(join(tmpdir(), "notify-"));
  const path = join(folder, "socket");
  const child = spawn("perl", ["-e", RECEIVER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: child.stdout! }).on("line", (line) => {
    heard.push(line);
    for (const check of waiting) check();
  });
  const until = (n: number) =>
    new Promise<void>((resolve) => {
      const check = () => heard.length >= n + 1 && resolve();
      waiting.push(check);
      check();
    });
  await until(0);
  return {
    path,
    heard: () => heard.slice(1),
    until,
    end() {
      child.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

test("systemd hears of a long start, of its end, of the state, of beats while the gate answers, and of the stop", async () => {
  const { path, heard, until, end } = await systemd();
  const clock = fakeClock();
  const notify = createNotify({
    clock,
    log: silentLog,
    env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "3000000" },
  });
  let well = true;
  notify.watch(() => well);
  notify.extendStart();
  notify.ready();
  notify.status("Closed.\nAll well.");
  clock.advance(1000);
  well = false;
  clock.advance(5000);
  well = true;
  clock.advance(1000);
  notify.stopping();
  await until(7);
  assert.equal(heard(), [
    "EXTEND_TIMEOUT_USEC=300000000",
    "READY=1",
    "WATCHDOG=1",
    "STATUS=Closed. All well.",
    "WATCHDOG=1",
    "WATCHDOG=1",
    "STOPPING=1",
  ]);
  notify.close();
  end();
});

test("why the service ends is told while its sender is still there, and no longer than systemd takes", async () => {
  const { path, heard, until, end } = await systemd();
  const clock = fakeClock();
  const notify = createNotify({ clock, log: silentLog, env: { NOTIFY_SOCKET: path } });
  let isOver = false;
  const over = notify.failed(`gate.yaml has 2 problems:\n  line 1: ${"x".repeat(5000)}`, 9000).then(() => {
    isOver = true;
  });
  await until(1);
  assert.match(heard()[0]!, /^STATUS=gate.yaml has 2 problems: line 1: x+$/);
  assert.ok(heard()[0]!.length < 4096);
  clock.advance(8000);
  await Promise.resolve();
  assert.not.ok(isOver);
  clock.advance(1000);
  await over;
  end();
});

test("a configuration that is wrong ends the service with its own status and tells systemd why", async () => {
  const { path, heard, until, end } = await systemd();
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  const texts = {
    "there is no such setting": "sight: harbour\n",
    "there is no board": "lines: { driver: auto, board: nonsense }\n",
  };
  for (const [said, text] of Object.entries(texts)) {
    const before = heard().length;
    writeFileSync(join(folder, "gate.yaml"), text);
    const child = spawn(process.execPath, [CLI, "run", "--config", join(folder, "gate.yaml")], {
      env: { ...process.env, NOTIFY_SOCKET: path },
      stdio: "ignore",
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    await until(before + 1);
    assert.is(code, 2);
    assert.match(heard()[before]!, /^STATUS=/);
    assert.match(heard()[before]!, said);
  }
  rmSync(folder, { recursive: true });
  end();
});

test("without systemd nothing happens", async () => {
  const notify = createNotify({ clock: fakeClock(), log: silentLog, env: {} });
  notify.ready();
  notify.status("x");
  await notify.failed("x", 9000);
  notify.close();
});

test.run();
