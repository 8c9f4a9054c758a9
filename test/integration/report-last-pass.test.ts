/** What is told of the vehicle that came last outlives neither its picture nor its record. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAppliance } from "../../src/appliance/appliance.js";
import { parseConfig } from "../../src/config.js";
import { passEvent } from "../../src/core/events.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import { createBroker } from "../../src/report/broker.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { listener } from "../support/mqtt-listener.js";
import { passRecord } from "../support/records.js";
import { reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { sparkplugHost } from "../support/sparkplug-host.js";
import { until } from "../support/until.js";

const base = "plategate/demo/main";
const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xd9]);

test(
  "the crop of a vehicle that is kept a moment after its first message is told as soon as it is there",
  scoped(async (use) => {
    const url = await embedded(use);
    let crop: Uint8Array | null = null;
    const fixture = reportFixture("", { embedded: { url }, pictures: { crop: async () => crop } });
    use(fixture.report);
    await fixture.report.start();
    const ear = use(await listener(url, `${base}/picture/crop`, { protocolVersion: 4 }));
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    fixture.report.poke();
    await until(() => ear.heard.at(-1)?.payload.length === 0, "there is no picture yet");
    crop = JPEG;
    // The commit of a picture brings no event.
    fixture.report.poke();
    await until(() => ear.heard.at(-1)?.payload.length === JPEG.length, "the picture comes");
    const told = ear.heard.length;
    fixture.report.poke();
    await ear.publish(`${base}/picture/crop`, "fence");
    await until(() => ear.heard.at(-1)?.text === "fence", "all has been heard");
    assert.is(ear.heard.length, told + 1, "and is not told again with every commit");
  }),
);

for (const [remaining, wanted] of [
  ["an older pass", /"plate":"OLDER1"/],
  ["no other pass", /^$/],
] as const)
  test(
    `a plate that is erased while the appliance runs does not stay at the broker: ${remaining} takes its place`,
    scoped(async (use) => {
      const url = await embedded(use);
      const older = passRecord({ id: "older", plate: "OLDER1", startedAt: 1000 });
      const kept = new Set(["older", "erased"]);
      const fixture = reportFixture("", {
        embedded: { url },
        pictures: { crop: async (id) => (id === "erased" ? JPEG : null) },
        isKept: async (id) => kept.has(id),
        newestPass: async () => (remaining === "an older pass" ? older : null),
      });
      use(fixture.report);
      await fixture.report.start();
      const ear = use(await listener(url, `${base}/#`, { protocolVersion: 4 }));
      const last = () => ear.on(`${base}/state/last-pass`).at(-1)?.text;
      const crop = () => ear.on(`${base}/picture/crop`).at(-1)?.payload.length;
      await fixture.outbox.add([
        passEvent(passRecord({ id: "erased", plate: "AB12CDE", startedAt: 2000 }), "NEW", 2000),
      ]);
      fixture.report.poke();
      await until(() => /AB12CDE/.test(last() ?? "") && crop() === JPEG.length, "the vehicle is told");
      fixture.report.review();
      kept.delete("erased");
      fixture.report.review();
      await until(() => wanted.test(last() ?? "-"), "the record of another one stands there");
      await until(() => crop() === 0, "and no picture of its plate");
    }),
  );

test(
  "what grew too old to be kept is taken back from the broker within the hour",
  scoped(async (use) => {
    const url = await embedded(use);
    const clock = fakeClock();
    let isKept = true;
    const fixture = reportFixture("", {
      embedded: { url },
      clock,
      isKept: async () => isKept,
      newestPass: async () => null,
    });
    use(fixture.report);
    await fixture.report.start();
    const ear = use(await listener(url, `${base}/state/last-pass`, { protocolVersion: 4 }));
    await fixture.outbox.add([passEvent(passRecord({ startedAt: clock.wallMs() }), "NEW", clock.wallMs())]);
    fixture.report.poke();
    await until(() => (ear.heard.at(-1)?.text ?? "") !== "", "the vehicle is told");
    isKept = false;
    clock.advance(3_600_000);
    await until(() => ear.heard.at(-1)?.text === "", "it is taken back");
  }),
);

test("a plate that the command line erases beside a running appliance goes from its broker at once", async () => {
  const folder = temporaryFolder();
  const config = parseConfig(`dataFolder: ${folder}
log: { level: silent }
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: { port: 0 }
broker: { port: 0 }`);
  const inFolder = { config: config.store, folder, clock: systemClock, log: silentLog };
  const before = createStore(inFolder);
  await before.start();
  await before.passes.save({ pass: passRecord({ plate: "AB12CDE" }), events: [] });
  await before.close();
  const openLines = async () => createSimulatedLines(systemClock);
  const appliance = createAppliance({ config, clock: systemClock, log: silentLog, openLines });
  await appliance.start();
  const ear = await listener(appliance.brokerUrl(), `${base}/state/last-pass`, { protocolVersion: 4 });
  try {
    await until(() => /AB12CDE/.test(ear.heard.at(-1)?.text ?? ""), "the last vehicle is told");
    const command = createStore(inFolder);
    await command.start();
    await command.upkeep.erase("AB12CDE");
    await command.close();
    await until(() => ear.heard.at(-1)?.text === "", "it is taken back");
  } finally {
    await ear.close();
    await appliance.close();
  }
});

if (mosquittoPath === null)
  test("an erased plate and a Sparkplug host", () =>
    skipLoudly("an erased plate and a Sparkplug host", "there is no mosquitto on this machine"));
else
  test(
    "a rebirth tells a Sparkplug host nothing of a plate that was erased",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const host = use(await sparkplugHost(broker.url, "plategate", "demo-main"));
      let isKept = true;
      const yaml = `report: { url: "${broker.url}", sparkplug: { enabled: true } }`;
      const fixture = reportFixture(yaml, { isKept: async () => isKept });
      use(fixture.report);
      await fixture.report.start();
      await fixture.outbox.add([passEvent(passRecord({ plate: "AB12CDE" }), "NEW", systemClock.wallMs())]);
      fixture.report.poke();
      await until(() => host.value(null, "Event/LastPlate") === "AB12CDE", "the vehicle is told");
      isKept = false;
      fixture.report.review();
      await until(() => host.value(null, "Event/LastPlate") === null, "it is taken back");
      await host.rebirth();
      await until(() => host.of("NBIRTH").length === 2, "reborn");
      for (const name of ["Event/LastPlate", "Event/LastPassId", "Event/Json"])
        assert.is(host.value(null, name), null, name);
      assert.equal(host.violations, []);
    }),
  );

test.run();

async function embedded(use: <T extends { close(): unknown }>(part: T) => T): Promise<string> {
  const broker = use(createBroker({ config: parseConfig("broker: { port: 0 }").broker, log: silentLog }));
  return (await broker.start()).url;
}
