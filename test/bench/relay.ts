/**
 * The whole appliance as its users run it, on its demo clip: from the newest frame to the relay, the steps of the eye,
 * and the memory of each process. It asks the running appliance's own `/metrics`.
 *
 *   npm run bench:relay -- [--grants N] [--camera SOURCE]
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../support/folder.js";
import { until } from "../support/until.js";
import { printTable, quantile } from "./table.js";

const { values } = parseArgs({
  options: { grants: { type: "string", default: "5" }, camera: { type: "string", default: "demo" } },
});
const folder = temporaryFolder();
const port = await freePort();
const file = join(folder, "gate.yaml");
writeFileSync(
  file,
  `dataFolder: ${join(folder, "var")}
log: { level: silent }
web: { port: ${port} }
broker: { port: 0 }
cameras: [{ source: "${values.camera}", analysisFps: 25 }]
`,
);
const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const gate = spawn(process.execPath, ["--max-semi-space-size=2", cli, "run", "--config", file], {
  stdio: ["ignore", "inherit", "inherit"],
});
process.on("exit", () => gate.kill("SIGKILL"));
await until(async () => (await metrics()).size > 0, "the appliance to answer", 60_000);

const grants = Number(values.grants);
const latencies: number[] = [];
const memory = { gate: [] as number[], eye: [] as number[] };
let seen = 0;
let figures = await metrics();
const end = performance.now() + grants * 60_000;
while (latencies.length < grants && performance.now() < end) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  figures = await metrics();
  const granted = figures.get("plategate_passes_granted") ?? 0;
  if (granted > seen) latencies.push(figures.get("plategate_frame_to_relay_ms") ?? Number.NaN);
  seen = granted;
  memory.gate.push(rss(gate.pid!));
  for (const child of children(gate.pid!))
    if (child.command.includes("eye/main.js")) memory.eye.push(rss(child.pid));
}
gate.kill("SIGTERM");
await new Promise((resolve) => gate.once("exit", resolve));

const ms = (q: number) => quantile(latencies, q).toFixed(0);
printTable(
  "Newest frame → relay",
  ["grants", "p50 ms", "p95 ms", "p99 ms", "max ms"],
  [[latencies.length, ms(0.5), ms(0.95), ms(0.99), ms(1)]],
);
const stages = [...figures].filter(
  ([name]) => name.startsWith("plategate_stage_ms{") && name.includes('quantile="0.5"'),
);
printTable(
  "\nSteps of the eye over the last minute",
  ["step", "p50 ms", "p95 ms"],
  stages.map(([name, p50]) => [
    /stage="([^"]+)"/.exec(name)?.[1] ?? name,
    p50.toFixed(2),
    (figures.get(name.replace('quantile="0.5"', 'quantile="0.95"')) ?? Number.NaN).toFixed(2),
  ]),
);
const mb = (list: readonly number[], q: number) => (quantile(list, q) / 1e6).toFixed(0);
printTable(
  "\nMemory",
  ["process", "p50 MB", "max MB"],
  [
    ["gate", mb(memory.gate, 0.5), mb(memory.gate, 1)],
    ["eye", mb(memory.eye, 0.5), mb(memory.eye, 1)],
  ],
);

/** Every sample of `/metrics` by its name with labels; empty while nobody answers. */
async function metrics(): Promise<Map<string, number>> {
  try {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
    );
  } catch {
    return new Map();
  }
}

function rss(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) * 1024;
}

function children(pid: number): { pid: number; command: string }[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" "))
    .filter((child) => child !== "")
    .map((child) => ({ pid: Number(child), command: readFileSync(`/proc/${child}/cmdline`, "utf8") }));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
