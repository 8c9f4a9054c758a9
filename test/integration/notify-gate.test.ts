import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { silentLog } from "../../src/system/log.js";
import { createNotify } from "../../src/system/notify.js";
import { fakeClock } from "../support/fake-clock.js";

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

test("without systemd nothing happens", () => {
  const notify = createNotify({ clock: fakeClock(), log: silentLog, env: {} });
  notify.ready();
  notify.status("x");
  notify.close();
});

test.run();
