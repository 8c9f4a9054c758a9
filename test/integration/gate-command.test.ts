/** A guard at the command line and a running appliance: over the broker, signed, answered by the gate itself. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Appliance, createAppliance } from "../../src/appliance/appliance.js";
import { gateCommand } from "../../src/commands/gate.js";
import { parseConfig } from "../../src/config.js";
import { replayDecision } from "../../src/core/access.js";
import { createSimulatedLines, type SimulatedLines } from "../../src/gate/simulated.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { sendCommand } from "../../src/report/send-command.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { until } from "../support/until.js";

interface Lodge {
  folder: string;
  appliance: Appliance;
  lines: SimulatedLines;
}

const test = suite<Lodge>("a guard at the command line");
const photo = fileURLToPath(new URL("../../../test/golden/plain.jpg", import.meta.url));
const PLATE = "KX51ABC";

test.before(async (lodge) => {
  lodge.folder = temporaryFolder();
  mkdirSync(join(lodge.folder, "photos"));
  copyFileSync(photo, join(lodge.folder, "photos/plain.jpg"));
  writeFileSync(join(lodge.folder, "command.key"), "a key of more than sixteen bytes\n", { mode: 0o600 });
  await begin(lodge);
});

test.after(async ({ appliance }) => {
  await appliance.close();
});

test("a vehicle on no list waits, is shown with its id, and is let in by one approval", async (lodge) => {
  await until(
    async () => /KX51ABC/.test((await said(lodge, "waiting")).out),
    "the vehicle to be asked about",
    60_000,
  );
  assert.equal(lifts(lodge), "", "nothing moved so far");
  const { out } = await said(lodge, "waiting");
  const [id = ""] = out.split(" ");
  const wrong = await said(lodge, "approve", "no-such-pass");
  assert.equal([wrong.code, wrong.err], [1, "That vehicle is not at the gate any more."]);
  const right = await said(lodge, "approve", id, "--by", "ann");
  assert.equal([right.code, right.out], [0, "The barrier opens."]);
  await until(() => lifts(lodge) === "10", "one pulse");
  assert.is((await said(lodge, "approve", id)).code, 1, "once only");
  const store = lodge.appliance.store;
  const made = async () => (await store.passes.decisions(id)).find((d) => d.reason === "approved");
  await until(async () => (await made()) !== undefined, "the decision to be kept");
  const kept = (await made())!;
  assert.match(kept.sentence, "Let in by ann (mqtt).");
  assert.is(replayDecision(kept.evidence).sentence, kept.sentence);
  assert.is((await store.passes.find(id))?.plate, PLATE);
});

test("commands are in the log that cannot be changed afterwards", async (lodge) => {
  await until(async () => (await lodge.appliance.store.audit.list({})).items.length >= 3, "three entries");
  const { items } = await lodge.appliance.store.audit.list({ action: "gate.approve" });
  assert.equal(
    items.map((e) => JSON.parse(e.detail).accepted),
    [false, true, false],
  );
  assert.is(items[1]!.actor, "ann (mqtt)");
});

test("without the key nothing is taken", async (lodge) => {
  const config = configOf(lodge);
  const answer = await sendCommand(
    { command: "open", by: "eve" },
    {
      config: { ...config, report: { ...config.report, commandKeyFile: "" } },
      clock: systemClock,
      log: silentLog,
    },
  );
  assert.equal([answer.accepted, answer.reason], [false, "unsigned"]);
});

test("a test pulse needs the confirmation from the machine itself, each time anew", async (lodge) => {
  await until(() => lodge.appliance.gate.state().place === "closed", "the barrier to be closed", 60_000);
  const config = configOf(lodge);
  const alone = await sendCommand(
    { command: "test-pulse", by: "eve" },
    { config, clock: systemClock, log: silentLog },
  );
  assert.match(alone.sentence, "has to confirm first");
  assert.is((await said(lodge, "test-pulse")).out, "The barrier opens.");
  const again = await sendCommand(
    { command: "test-pulse", by: "eve" },
    { config, clock: systemClock, log: silentLog },
  );
  assert.match(again.sentence, "has to confirm first");
});

test("a gate that was locked and stopped is so after a restart, and then lets nobody in", async (lodge) => {
  assert.is((await said(lodge, "lock")).code, 0);
  assert.is((await said(lodge, "stop")).code, 0);
  await lodge.appliance.close();
  await begin(lodge);
  const view = lodge.appliance.gate.view();
  assert.equal([view.mode, view.state], ["locked", "stopped"]);
  await until(
    async () => /KX51ABC/.test((await said(lodge, "waiting")).out),
    "the vehicle to come again",
    60_000,
  );
  assert.equal([(await said(lodge, "approve")).err], ["The gate is locked: no plate opens it."]);
  assert.is(lifts(lodge), "");
  assert.is((await said(lodge, "unlock")).code, 0);
  assert.match((await said(lodge, "approve")).err, "The barrier is stopped");
  assert.is((await said(lodge, "release")).code, 0);
  assert.is((await said(lodge, "approve")).code, 0);
  await until(() => lifts(lodge) === "10", "one pulse");
});

async function begin(lodge: Lodge): Promise<void> {
  lodge.lines = createSimulatedLines(systemClock);
  simulateArm(lodge.lines, systemClock);
  lodge.appliance = createAppliance({
    config: configOf(lodge, "embedded"),
    clock: systemClock,
    log: silentLog,
    openLines: async () => lodge.lines,
  });
  await lodge.appliance.start();
}

function configOf({ folder, appliance }: Lodge, url = appliance.brokerUrl()) {
  return parseConfig(`dataFolder: ${folder}/data
cameras: [{ name: front, source: ${folder}/photos, direction: entry, analysisFps: 4, record: false }]
access: { unknown: ask }
log: { level: silent }
web: { port: 0 }
broker: { port: 0 }
report: { url: ${url}, commands: signed, commandKeyFile: ${folder}/command.key }`);
}

async function said(lodge: Lodge, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const config = configOf(lodge);
  const code = await gateCommand(args, {
    send: (wish) => sendCommand(wish, { config, clock: systemClock, log: silentLog }),
    asked: async () => (await lodge.appliance.store.passes.list({ verdict: "ask" })).items,
    wallMs: () => systemClock.wallMs(),
    user: () => "guard",
    ask: async () => "CLEAR",
    confirmAreaClear: async () => {
      const url = `${lodge.appliance.url()}/api/gate/area-clear`;
      assert.is((await fetch(url, { method: "POST" })).status, 200);
    },
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

function lifts({ lines }: Lodge): string {
  return lines
    .edges()
    .filter((e) => e.name === "lift")
    .map((e) => (e.energised ? "1" : "0"))
    .join("");
}

test.run();
