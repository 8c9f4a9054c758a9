/** The first program on the emulated board: starts, tells and kills the gate process as the host asks over the console. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { awaitProcesses, overBroker, processes, runCommand, startWhole } from "./guest-whole.js";

const EYE = "dist/src/eye/main.js";
const HELPERS = "hw/helpers/";
let gate: ChildProcess | null = null;
let cage = "";
let other: ChildProcess | null = null;
const say = (text: string) => void writeSync(1, `@${text}\n`);

say(`up ${process.version} ${process.arch} ${execFileSync("uname", ["-r"]).toString().trim()}`);
createInterface({ input: process.stdin }).on("line", (line) => {
  const [word = "", ...rest] = line.trim().split(" ");
  switch (word) {
    case "start": {
      const child = spawn(process.execPath, ["dist/test/rig/guest-gate.js", ...rest], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      gate = child;
      createInterface({ input: child.stdout! }).on("line", (text) => say(`gate ${text}`));
      child.on("exit", (code, signal) => say(`exit ${signal ?? code}`));
      child.stdin?.on("error", () => {});
      return;
    }
    case "whole": {
      gate = startWhole(rest[0] ?? "onoff", rest[1] ?? "500", say);
      gate.on("exit", (code, signal) => say(`exit ${signal ?? code}`));
      return;
    }
    case "fresh":
      // A new appliance: nothing is kept of the one before.
      rmSync("/tmp/data", { recursive: true, force: true });
      return say("fresh");
    case "command":
      overBroker(JSON.parse(rest.join(" ")), say).catch((error) => say(`answer none ${error.message}`));
      return;
    case "state":
      overBroker("state", say).catch((error) => say(`state none ${error.message}`));
      return;
    case "cli":
      return runCommand(rest, say);
    case "kill-eye": {
      const eyes = processes(EYE);
      for (const pid of eyes) process.kill(pid, "SIGKILL");
      say(`eyes killed ${eyes.length}`);
      awaitProcesses(EYE, 1, eyes).then(() => say("eye back"));
      return;
    }
    case "await-no-eye":
      awaitProcesses(EYE, 0, []).then(() => say("no eye"));
      return;
    case "tell":
      gate?.stdin?.write(`${rest.join(" ")}\n`);
      return;
    case "kill":
      if (gate === null || gate.exitCode !== null || gate.signalCode !== null) say("exit none");
      else gate.kill(rest[0] as NodeJS.Signals);
      return;
    case "kill-helper":
      // In the order of a crash: first the one that would have released the lines.
      for (const pid of processes(HELPERS)) process.kill(pid, (rest[0] ?? "SIGKILL") as NodeJS.Signals);
      return say("helpers killed");
    case "cage": {
      // The kernel's own out-of-memory killer, for this process alone.
      // A new one each time: its count of kills begins at none.
      cage = `/sys/fs/cgroup/cage-${Date.now()}`;
      mkdirSync(cage, { recursive: true });
      writeFileSync(`${cage}/memory.max`, rest[0] ?? "0");
      writeFileSync(`${cage}/cgroup.procs`, String(gate?.pid));
      return say("caged");
    }
    case "oom":
      return say(`oom ${/oom_kill (\d+)/.exec(readFileSync(`${cage}/memory.events`, "utf8"))?.[1]}`);
    case "release-lines":
      return say(`released ${spawnSync("sh", ["hw/release-lines.sh", "/run/plategate/lines"]).status}`);
    case "occupy":
      // Another program has a line.
      other = spawn("perl", ["hw/helpers/gpio-lines.pl"], { stdio: ["pipe", "pipe", "inherit"] });
      other.stdout?.on("data", (text) => say(`other ${String(text).trim()}`));
      other.stdin?.write(`in other 0 - ${rest.join(" ")}\n`);
      return;
    case "vacate":
      other?.on("exit", () => say("vacated"));
      other?.stdin?.end();
      return;
    case "unexport":
      for (const name of readdirSync("/sys/class/gpio"))
        if (/^gpio\d+$/.test(name)) writeFileSync("/sys/class/gpio/unexport", name.slice(4));
      return say("unexported");
    case "off":
      say("bye");
      process.exit(0);
  }
});
