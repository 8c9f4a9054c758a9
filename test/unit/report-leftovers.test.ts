import { test } from "uvu";
import * as assert from "uvu/assert";
import { fakeOutbox } from "../support/fake-outbox.js";
import { reportFixture } from "../support/report-fixture.js";
import { until } from "../support/until.js";

const ALARM = JSON.stringify({ code: "fire", input: null, on: true, sentence: "fire" });
/** Nobody listens there: what is to be delivered stays. */
const NOWHERE = "127.0.0.1:1";

test("what every receiver had is acknowledged at the start: nobody waits for one that is gone", async () => {
  const outbox = await filled(1200);
  const cursors = { load: async () => ({ mqtt: 1000, "webhook:gone": 3 }), save: async () => {} };
  const { report } = reportFixture(`report: { url: "mqtt://${NOWHERE}" }`, { outbox, cursors });
  await report.start();
  await until(() => outbox.rows()[0]?.seq === 1001, "the first thousand are acknowledged");
  assert.is(await outbox.count(), 200);
  await report.close();
});

test("what one of the receivers has not had stays, whatever the others have", async () => {
  const outbox = await filled(10);
  const cursors = { load: async () => ({ mqtt: 8, "webhook:slow": 5 }), save: async () => {} };
  const yaml = `report: { url: "mqtt://${NOWHERE}", webhooks: [ { name: slow, kinds: [alarm], url: "http://${NOWHERE}/" }, { name: new, kinds: [alarm], url: "http://${NOWHERE}/" } ] }`;
  const { report } = reportFixture(yaml, { outbox, cursors });
  await report.start();
  await report.close();
  assert.is(await outbox.count(), 10, "the new one had none of them");
  const known = yaml.replace(/, \{ name: new.*? \} \]/, " ]");
  const again = reportFixture(known, { outbox, cursors });
  await again.report.start();
  await until(() => outbox.rows()[0]?.seq === 6, "five are acknowledged");
  await again.report.close();
});

test.run();

async function filled(events: number) {
  const outbox = fakeOutbox();
  await outbox.add(
    Array.from({ length: events }, (_, i) => ({
      id: `e${i}`,
      kind: "alarm" as const,
      at: i,
      payload: ALARM,
    })),
  );
  return outbox;
}
