/**
 * The report part with a real store, in a process that a test can kill: `report-process.js FOLDER URL COUNT`.
 * The first start also writes COUNT passes; says `ready` when it runs.
 */
import { passEvent } from "../../src/core/events.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { passRecord } from "./records.js";
import { reportFixture } from "./report-fixture.js";

const [folder = "", url = "", count = "0"] = process.argv.slice(2);
const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
await store.start();
const { report } = reportFixture(`report: { url: "${url}" }`, { outbox: store.outbox });
await report.start();
for (let i = 0; i < Number(count); i++) {
  const pass = passRecord({ id: `p${i}` });
  await store.passes.save({ pass, events: [passEvent(pass, "NEW", i)] });
  report.poke();
}
console.log("ready");
