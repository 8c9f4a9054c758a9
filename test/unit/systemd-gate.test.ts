import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { skipLoudly } from "../support/skip.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const unit = readFileSync(join(root, "systemd/plategate.service"), "utf8");
const timer = readFileSync(join(root, "systemd/plategate-retry.timer"), "utf8");
const has = (line: string) => unit.split("\n").includes(line);

function analyze(
  args: readonly string[],
  text: string,
  name = "plategate.service",
): { code: number | null; said: string } | null {
  if (spawnSync("systemd-analyze", ["--version"]).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "unit-"));
  const file = join(folder, name);
  // Where Plategate is not installed, the program and its page are not there: what is meant is the unit.
  writeFileSync(file, text.replaceAll("/usr/bin/node", process.execPath).replace(/^Documentation=.*$/m, ""));
  const { status, stdout, stderr } = spawnSync("systemd-analyze", [...args, file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { code: status, said: args[0] === "verify" ? `${stdout}${stderr}` : stderr };
}

test("systemd understands every word of the unit", () => {
  const result = analyze(["verify", "--man=no"], unit);
  if (result === null) return skipLoudly("the unit's syntax", "systemd-analyze is not here");
  // It exits 0 for words it does not know and only says so.
  assert.equal(result, { code: 0, said: "" });
});

test("the check of the unit would notice a mistake", () => {
  const result = analyze(["verify", "--man=no"], unit.replace("WatchdogSec=15", "WatchdogSec=5parsecs"));
  if (result === null) return skipLoudly("the unit's syntax", "systemd-analyze is not here");
  assert.match(result.said, "5parsecs");
});

test("systemd understands the timer of a configuration that is wrong", () => {
  const result = analyze(["verify", "--man=no"], timer, "plategate-retry.timer");
  if (result === null) return skipLoudly("the timer's syntax", "systemd-analyze is not here");
  assert.is(result.code, 0, result.said);
  assert.not.match(result.said, /plategate-retry\.timer:/);
});

test("a configuration that is wrong is looked at again every minute, not every second, until somebody stops the gate", () => {
  for (const line of [
    "RestartPreventExitStatus=2",
    "OnFailure=plategate-retry.timer",
    "StartLimitIntervalSec=0",
  ])
    assert.ok(has(line), line);
  for (const line of [
    "PartOf=plategate.service",
    "OnActiveSec=1min",
    "RemainAfterElapse=no",
    "Unit=plategate.service",
  ])
    assert.ok(timer.split("\n").includes(line), line);
});

test("the unit is locked up well", () => {
  const result = analyze(["security", "--offline=yes", "--threshold=30"], unit);
  if (result === null) return skipLoudly("the unit's exposure", "systemd-analyze is not here");
  assert.is(result.code, 0, result.said);
});

test("the lines are released after every kind of end, and nothing that breaks GPIO or Node is switched on", () => {
  assert.ok(/^ExecStopPost=\/bin\/sh .*hw\/release-lines\.sh /m.test(unit));
  for (const line of [
    "Type=notify",
    "NotifyAccess=all",
    "WatchdogSec=15",
    "Restart=always",
    "OOMPolicy=continue",
  ])
    assert.ok(has(line), line);
  assert.not.ok(/^ProtectKernelTunables=/m.test(unit), "it would make /sys/class/gpio read-only");
  assert.not.ok(/^MemoryDenyWriteExecute=/m.test(unit), "it would kill Node");
  assert.not.ok(/^PrivateDevices=/m.test(unit), "it would hide the cameras and the GPIO chips");
  assert.not.ok(/^ProtectProc=/m.test(unit), "who has a store would look gone, and two would write it");
});

test("the release script puts sysfs outputs to their safe level, and bears lists that are wrong", () => {
  const folder = mkdtempSync(join(tmpdir(), "release-"));
  const value = join(folder, "value");
  const low = join(folder, "low");
  writeFileSync(value, "1\n");
  writeFileSync(low, "0\n");
  writeFileSync(
    join(folder, "lines"),
    `sysfs ${value} 0\nsysfs ${low} 1\nsysfs ${folder}/gone/value 0\nnonsense\n\n`,
  );
  const run = (list: string) => spawnSync("/bin/sh", [join(root, "hw/release-lines.sh"), list]).status;
  assert.is(run(join(folder, "lines")), 0);
  assert.is(readFileSync(value, "utf8"), "0\n");
  assert.is(readFileSync(low, "utf8"), "1\n");
  assert.is(run(join(folder, "no-list")), 0);
  rmSync(folder, { recursive: true });
});

test("the steps of installation put everything where the unit looks for it, and reach every rule of udev", () => {
  const readme = readFileSync(join(root, "hw/README.md"), "utf8");
  const steps = readme.slice(readme.indexOf("## As a service")).match(/```sh\n([\s\S]*?)```/)![1]!;
  const [, node, program, config] = /^ExecStart=(\S+) .*?(\/opt\/\S+) run --config (\S+)$/m.exec(unit)!;
  assert.is(node, "/usr/bin/node");
  assert.ok(steps.includes("/opt/plategate") && program!.startsWith("/opt/plategate/"));
  assert.ok(steps.includes(`gate.yaml ${config}`), "nobody else makes the configuration");
  for (const name of readdirSync(join(root, "systemd")).filter((n) => /\.(service|timer)$/.test(n)))
    assert.match(steps, `systemd/${name} `);
  assert.match(steps, `ln -sf ${program} /usr/local/bin/plategate`);
  assert.ok(
    steps.indexOf("systemd-sysusers") < steps.indexOf("udevadm"),
    "udev leaves out rules whose group does not exist yet",
  );
  const rules = readFileSync(join(root, "hw/udev/60-plategate-gpio.rules"), "utf8");
  assert.match(rules, /ACTION=="add"/);
  for (const line of `${steps}${rules}`.split("\n").filter((l) => l.includes("udevadm trigger")))
    assert.match(line, "trigger --action=add ", "it says change by itself, and rules for add do nothing");
});

test("the helpers are valid Perl that needs nothing but perl-base", () => {
  const folder = join(root, "hw/helpers");
  const scripts = readdirSync(folder).filter((f) => f.endsWith(".pl"));
  assert.ok(scripts.length >= 3);
  for (const script of scripts) {
    const { status, stderr } = spawnSync("perl", ["-c", join(folder, script)], { encoding: "utf8" });
    assert.is(status, 0, stderr);
    const used = [...readFileSync(join(folder, script), "utf8").matchAll(/^use (\S+)/gm)].map((m) => m[1]);
    for (const name of used)
      assert.ok(["strict;", "warnings;", "POSIX", "Socket;"].includes(name!), `${script}: ${name}`);
  }
});

test.run();
