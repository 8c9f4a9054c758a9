import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A level change of an output, seen at the pins of the emulated chip, outside the guest. */
export interface PinEdge {
  line: number;
  high: boolean;
  atMs: number;
}

export interface Machine {
  edges: PinEdge[];
  /** Every line that the guest has said. */
  said: string[];
  /** Drives an input pin. */
  drive(line: number, high: boolean): void;
  /** Tells the guest something over its console. */
  tell(text: string): void;
  /** Waits for a condition on edges and words; throws with `what` when it does not come. */
  until(what: string, condition: () => boolean): Promise<void>;
  nowMs(): number;
  /** Lets the guest run on for a time in which something must not happen. */
  watch(ms: number): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 600_000;

/** Boots the emulated board: QEMU in software, its GPIO chip in our hands. */
export async function bootMachine(kernel: string, initrd: string): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), "rig-"));
  const qtestPath = join(folder, "qtest");
  const monitorPath = join(folder, "monitor");
  const qemu = spawn(
    "qemu-system-aarch64",
    [
      ...["-accel", "tcg,thread=multi", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1536"],
      ...["-nographic", "-no-reboot", "-nic", "none", "-kernel", kernel, "-initrd", initrd],
      ...["-append", "console=ttyAMA0 quiet panic=-1 rdinit=/init"],
      ...["-qtest", `unix:${qtestPath},server=on,wait=off`, "-qtest-log", "none"],
      ...["-qmp", `unix:${monitorPath},server=on,wait=off`],
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const edges: PinEdge[] = [];
  const said: string[] = [];
  const checks = new Set<() => void>();
  const changed = () => {
    for (const check of checks) check();
  };
  const nowMs = () => performance.now();

  const chip = await findChip(await connectTo(monitorPath));
  const qtest = await connectTo(qtestPath);
  createInterface({ input: qtest }).on("line", (line) => {
    const match = /^IRQ (raise|lower) (\d+)/.exec(line);
    if (match !== null) edges.push({ line: Number(match[2]), high: match[1] === "raise", atMs: nowMs() });
    if (process.env.RIG_VERBOSE) console.log(`# ${nowMs().toFixed(0)} ${line}`);
    changed();
  });
  qtest.write(`irq_intercept_out ${chip}\n`);
  createInterface({ input: qemu.stdout! }).on("line", (line) => {
    const text = line.replace(/\r$/, "");
    said.push(text);
    if (process.env.RIG_VERBOSE) console.log(`# ${nowMs().toFixed(0)} guest ${text}`);
    changed();
  });

  return {
    edges,
    said,
    nowMs,
    drive: (line, high) => void qtest.write(`set_irq_in ${chip} unnamed-gpio-in ${line} ${high ? 1 : 0}\n`),
    tell: (text) => void qemu.stdin?.write(`${text}\n`),
    until(what, condition) {
      return new Promise((resolve, reject) => {
        const finish = (end: () => void) => {
          checks.delete(check);
          clearTimeout(timer);
          end();
        };
        const check = () => {
          if (condition()) finish(resolve);
        };
        const timer = setTimeout(
          () =>
            finish(() =>
              reject(new Error(`${what} did not come; last words: ${said.slice(-5).join(" | ")}`)),
            ),
          PATIENCE_MS,
        );
        checks.add(check);
        check();
      });
    },
    watch: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async stop() {
      qtest.destroy();
      await killed(qemu);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

async function connectTo(path: string): Promise<Socket> {
  for (let tries = 0; ; tries++) {
    const socket = await new Promise<Socket | null>((resolve) => {
      const s = connect(path, () => resolve(s));
      s.once("error", () => resolve(null));
    });
    if (socket !== null) return socket;
    if (tries > 200) throw new Error(`QEMU does not answer at ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The path of the GPIO chip in QEMU's object tree; its number there differs from version to version. */
async function findChip(monitor: Socket): Promise<string> {
  const answers: ((value: unknown) => void)[] = [];
  createInterface({ input: monitor }).on("line", (line) => {
    const message = JSON.parse(line) as { return?: unknown };
    if ("return" in message) answers.shift()?.(message.return);
  });
  const ask = (execute: string, more: object = {}) =>
    new Promise<unknown>((resolve) => {
      answers.push(resolve);
      monitor.write(`${JSON.stringify({ execute, arguments: more })}\n`);
    });
  await ask("qmp_capabilities");
  const list = (await ask("qom-list", { path: "/machine/unattached" })) as { name: string; type: string }[];
  monitor.end();
  const found = list.find((entry) => entry.type === "child<pl061>");
  if (found === undefined) throw new Error("this QEMU has no PL061 chip");
  return `/machine/unattached/${found.name}`;
}
