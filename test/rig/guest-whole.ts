/** What the guest does with the whole appliance: the very program, started as the service starts it, and spoken to from outside. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const BASE = "plategate/rig/main";
const CLI = "dist/src/cli.js";

/** Starts `plategate run` with one of the drivers and a length of the pulse; what its log says in words is told as `app SENTENCE`. */
export function startWhole(driver: string, pulseMs: string, say: (text: string) => void): ChildProcess {
  const config = readFileSync("test/rig/whole.yaml", "utf8")
    .replace("DRIVER", driver)
    .replace("PULSE_MS", pulseMs);
  writeFileSync("/tmp/whole.yaml", config);
  const child = spawn(
    process.execPath,
    ["--max-semi-space-size=2", CLI, "run", "--config", "/tmp/whole.yaml"],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  createInterface({ input: child.stdout! }).on("line", (line) => {
    try {
      const { part, msg } = JSON.parse(line) as { part: string; msg: string };
      say(`app ${msg} [${part}]`);
    } catch {
      say(`app ${line}`);
    }
  });
  createInterface({ input: child.stderr! }).on("line", (line) => say(`app stderr ${line}`));
  return child;
}

/** Runs another `plategate` command beside it, as a person at the machine would. */
export function runCommand(args: readonly string[], say: (text: string) => void): void {
  execFile(process.execPath, [CLI, ...args, "--config", "/tmp/whole.yaml"], (error, stdout, stderr) => {
    for (const line of `${stdout}${stderr}`.split("\n")) if (line !== "") say(`cli ${line}`);
    say(`cli done ${error === null ? 0 : (error.code ?? "killed")}`);
  });
}

/** Sends a command over the broker inside and tells its answer; `state` alone tells the retained state. */
export async function overBroker(
  command: Record<string, unknown> | "state",
  say: (text: string) => void,
): Promise<void> {
  const { connectAsync } = await import("mqtt");
  const client = await connectAsync("mqtt://127.0.0.1:1883", { protocolVersion: 4, reconnectPeriod: 0 });
  const topic = command === "state" ? `${BASE}/state/barrier` : `${BASE}/result/barrier`;
  const heard = new Promise<Record<string, unknown>>((resolve) => {
    client.on("message", (_topic, payload) => resolve(JSON.parse(payload.toString())));
  });
  await client.subscribeAsync(topic);
  if (command !== "state")
    await client.publishAsync(
      `${BASE}/set/barrier`,
      JSON.stringify({ nonce: randomUUID(), issuedAt: Date.now(), ttlMs: 60_000, by: "rig", ...command }),
    );
  const answer = await heard;
  await client.endAsync();
  say(
    command === "state"
      ? `state ${answer.state} ${answer.mode}`
      : `answer ${answer.accepted} ${answer.sentence}`,
  );
}

/** Process ids whose command line has this text. */
export function processes(text: string): number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Fulfils when exactly as many processes with this text run, none of them of `not`. */
export async function awaitProcesses(text: string, count: number, not: readonly number[]): Promise<void> {
  for (;;) {
    const now = processes(text);
    if (now.length === count && !now.some((pid) => not.includes(pid))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
