import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Appliance, createAppliance } from "../../src/appliance/appliance.js";
import { DEMO_PLATE } from "../../src/appliance/demo.js";
import { parseConfig } from "../../src/config.js";
import type { PassRecord } from "../../src/core/records.js";
import { createSimulatedLines, type SimulatedLines } from "../../src/gate/simulated.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { type Listener, listener } from "../support/mqtt-listener.js";
import { until } from "../support/until.js";

interface Bench {
  appliance: Appliance;
  lines: SimulatedLines;
  ear: Listener;
}

const test = suite<Bench>("the appliance on its demo clip");

test.before(async (bench) => {
  bench.lines = createSimulatedLines(systemClock);
  simulateArm(bench.lines, systemClock);
  const config = parseConfig(
    `dataFolder: ${temporaryFolder()}
log: { level: silent }
web: { port: 0 }
broker: { port: 0 }
recording: { segmentSeconds: 2, preRollMs: 1000, postRollMs: 1000 }`,
  );
  bench.appliance = createAppliance({
    config,
    clock: systemClock,
    log: silentLog,
    openLines: async () => bench.lines,
  });
  await bench.appliance.start();
  bench.ear = await listener(bench.appliance.brokerUrl(), "plategate/#", { protocolVersion: 4 });
});

test.after(async ({ appliance, ear }) => {
  await ear.close();
  await appliance.close();
});

test("a listed plate: one pulse on the lift line, a row, a message after it, and a clip", async (bench) => {
  await until(() => lifts(bench).length === 2, "the lift line to be pulsed", 60_000);
  const [on, off] = lifts(bench);
  assert.is(on!.energised, true);
  assert.is(off!.energised, false);
  assert.ok(off!.atMs - on!.atMs >= 400, "the pulse is not shorter than asked for");

  const told = () => passEvents(bench).find((e) => e.phase === "NEW" && e.pass.plate === DEMO_PLATE);
  await until(() => told() !== undefined, "the pass to be reported");
  const pass = await get<{ pass: PassRecord }>(bench, `/api/passes/${told()!.pass.id}`);
  assert.is(pass.pass.plate, DEMO_PLATE);
  assert.is(pass.pass.verdict, "granted");

  const clip = `${bench.appliance.url()}/api/passes/${told()!.pass.id}/clip.mp4`;
  await until(async () => (await answers(clip)).ok, "the clip to be written", 60_000);
  const bytes = Buffer.from(await (await fetch(clip)).arrayBuffer());
  assert.is(bytes.toString("latin1", 4, 8), "ftyp");
  assert.ok(bytes.includes("moof") || bytes.includes("moov"));
  const crop = await fetch(`${bench.appliance.url()}/api/passes/${told()!.pass.id}/crop.jpg`);
  assert.is(Buffer.from(await crop.arrayBuffer()).readUInt16BE(0), 0xffd8);
});

test("a plate on no list is denied, with a reason, and without an edge", async (bench) => {
  const denied = () => passEvents(bench).find((e) => e.pass.verdict === "denied");
  await until(() => denied() !== undefined, "the other car to be refused", 60_000);
  const at = Date.parse(denied()!.pass.startedAt);
  assert.is(denied()!.pass.reason, "not-on-list");
  assert.is.not(denied()!.pass.plate, DEMO_PLATE);
  const wallOffset = Date.now() - systemClock.monotonicMs();
  const during = lifts(bench).filter(
    (e) => e.energised && e.atMs + wallOffset > at && e.atMs + wallOffset < at + 3000,
  );
  assert.equal(during, []);
});

test("with the eye killed, the gate goes on: free exit opens, and the eye is back", async (bench) => {
  const before = lifts(bench).length;
  const eye = eyePid();
  process.kill(eye, "SIGKILL");
  bench.lines.drive("exit", true);
  await until(
    () => lifts(bench).length > before || bench.appliance.gate.view().state === "open",
    "free exit to open",
  );
  bench.lines.drive("exit", false);
  await until(() => eyePid() !== eye && eyePid() !== 0, "another eye");
  await until(async () => (await cameraState(bench)) === "running", "pictures again", 60_000);
});

test.run();

function lifts({ lines }: Bench) {
  return lines.edges().filter((e) => e.name === "lift");
}

interface PassEvent {
  phase: string;
  pass: { id: string; plate: string; verdict: string; reason: string; startedAt: string };
}

function passEvents({ ear }: Bench): PassEvent[] {
  return ear.heard.filter((h) => h.topic.endsWith("/event/pass")).map((h) => JSON.parse(h.text));
}

async function get<T>({ appliance }: Bench, path: string): Promise<T> {
  const answer = await fetch(`${appliance.url()}${path}`);
  assert.is(answer.status, 200, path);
  return (await answer.json()) as T;
}

/** Asks no faster than the page may ask. */
async function answers(address: string): Promise<Response> {
  await new Promise((resolve) => setTimeout(resolve, 250));
  return fetch(address);
}

async function cameraState(bench: Bench): Promise<string | undefined> {
  const status = (await (await answers(`${bench.appliance.url()}/api/status`)).json()) as {
    cameras: { state: string }[];
  };
  return status.cameras[0]?.state;
}

/** The child of this process that runs the eye; 0: none at the moment. */
function eyePid(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8")
    .trim()
    .split(" ");
  const eye = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("eye/main.js"));
  return Number(eye ?? 0);
}
