import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAppliance } from "../../src/appliance/appliance.js";
import { parseConfig } from "../../src/config.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { sendCommand } from "../../src/report/send-command.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { bareAppliance } from "../support/bare-appliance.js";
import { temporaryFolder } from "../support/folder.js";
import { listener } from "../support/mqtt-listener.js";
import { until } from "../support/until.js";

for (const kind of ["sql", "json"] as const) {
  test(`a data folder that cannot be written (${kind}) keeps neither contacts nor commands from the gate, and is taken up when it can`, async () => {
    const card = temporaryFolder();
    // A link to nowhere can be written by nobody, root included.
    symlinkSync(join(card, "gone"), join(card, "data"));
    const lines = createSimulatedLines(systemClock);
    simulateArm(lines, systemClock);
    const base = parseConfig(`dataFolder: ${join(card, "data")}
log: { level: silent }
store: { kind: ${kind} }
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: { port: 0 }
barrier: { holdOffMs: 0 }
report: { commands: on }
broker: { port: 0 }`);
    const appliance = createAppliance({
      config: base,
      clock: systemClock,
      log: silentLog,
      openLines: async () => lines,
    });
    await appliance.start();
    const lifts = () => lines.edges().filter((e) => e.name === "lift" && e.energised).length;
    try {
      const told = await storeHealth(appliance.url());
      assert.is(told.state, "bad");
      assert.match(told.sentence, "No plate opens: the data folder");
      const refused = await fetch(`${appliance.url()}/api/passes`);
      assert.is(refused.status, 503);
      assert.match(await refused.text(), "No plate opens");

      lines.drive("exit", true);
      await until(() => lifts() === 1, "free exit to open");
      lines.drive("exit", false);
      const url = appliance.brokerUrl();
      const config = { ...base, report: { ...base.report, url } };
      await until(() => appliance.gate.view().state === "open", "the barrier to be open");
      const answer = await sendCommand(
        { command: "stop", by: "ann" },
        { config, clock: systemClock, log: silentLog },
      );
      assert.is(answer.accepted, true);
      assert.is(appliance.gate.view().state, "stopped");

      mkdirSync(join(card, "gone"));
      await until(async () => (await storeHealth(appliance.url())).state === "good", "the store to be open");
      const passes = await fetch(`${appliance.url()}/api/passes`);
      assert.is(passes.status, 200);
      await until(
        async () =>
          (await appliance.store.audit.list({ action: "gate.stop" })).items.length === 1 &&
          (await appliance.store.edges.list({ line: "exit" })).items.length >= 2,
        "what happened meanwhile to be written down",
      );
      const ear = await listener(appliance.brokerUrl(), "plategate/#", { protocolVersion: 4 });
      appliance.gate.event({ type: "operator", command: "release" });
      await until(
        () => ear.heard.some((h) => h.topic.endsWith("/event/barrier")),
        "an event of the barrier to be reported",
      );
      await ear.close();
    } finally {
      await appliance.close();
    }
  });
}

test("a gate that was locked is locked before any plate opens, also when its data folder comes late", async () => {
  const card = temporaryFolder();
  symlinkSync(join(card, "gone"), join(card, "data"));
  const appliance = bareAppliance(join(card, "data"), systemClock);
  await appliance.start();
  try {
    mkdirSync(join(card, "gone"));
    writeFileSync(join(card, "gone", "gate.json"), '{"mode":"locked","stopped":false}');
    await until(async () => (await storeHealth(appliance.url())).state === "good", "the store to be open");
    assert.is(appliance.gate.mode(), "locked");
  } finally {
    await appliance.close();
  }
});

async function storeHealth(url: string): Promise<{ state: string; sentence: string }> {
  await new Promise((resolve) => setTimeout(resolve, 250));
  const { health } = (await (await fetch(`${url}/api/status`)).json()) as {
    health: { part: string; state: string; sentence: string }[];
  };
  return health.find((part) => part.part === "store")!;
}

test.run();
