import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createReporting } from "../../src/appliance/reporting.js";
import { parseConfig } from "../../src/config.js";
import type { Desk } from "../../src/gate/desk.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { type Log, silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { gateKit } from "../support/gate-kit.js";
import { until } from "../support/until.js";

test("a store that opens while the report tries to begin leaves one report, not two that push each other off the broker", async () => {
  const folder = temporaryFolder();
  const passwordFile = join(folder, "password");
  const clock = fakeClock(Date.now(), performance.now());
  const store = createStore({ config: { kind: "json" }, folder, clock: systemClock, log: silentLog });
  await store.start();
  let failures = 0;
  let isStoreOpen = false;
  let reports = 0;
  const log: Log = {
    ...silentLog,
    error(_facts, sentence) {
      if (!sentence.startsWith("Nothing is reported")) return;
      failures++;
      if (failures === 2) writeFileSync(passwordFile, "secret");
    },
    child: () => silentLog,
  };
  const reporting = createReporting({
    config: parseConfig(`dataFolder: ${folder}
broker: { port: 0, passwordFile: ${passwordFile} }`),
    clock,
    log,
    identity: { site: "demo", gate: "main", serial: "1", version: "1" },
    store,
    isStoreOpen: () => isStoreOpen,
    gate: gateKit().gate,
    desk: {} as Desk,
    health: () => [],
    storage: () => Promise.reject(new Error("not asked for here")),
    figures: () => ({ fps: {}, rssBytes: 0, uptimeSeconds: 0 }),
    subscribe() {
      reports++;
      return () => reports--;
    },
  });
  await reporting.start();
  assert.is(failures, 1);
  clock.advance(10_000);
  isStoreOpen = true;
  await reporting.storeOpened();
  assert.equal([failures, reports], [2, 1]);
  clock.advance(60_000);
  await until(() => reporting.status().sinks[0]?.state === "up", "the report to be up");
  assert.is(reports, 1);
  await reporting.close();
  assert.is(reports, 0);
  await store.close();
});

test.run();
