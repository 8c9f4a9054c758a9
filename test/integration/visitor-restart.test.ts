/** What a restart leaves of the uses of visitor passes: none opens twice, and none is lost on an arm that never moved. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createRuleBook } from "../../src/appliance/rules.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { gateKit } from "../support/gate-kit.js";
import { accessRule } from "../support/records.js";
import { street } from "../support/street.js";
import { until } from "../support/until.js";

/** An appliance as far as visitor passes go: a store, the rules in memory, and a lane with a closed contact. */
async function begin(folder: string) {
  const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
  await store.start();
  const book = createRuleBook({ repository: store.rules, fixed: [], clock: systemClock, log: silentLog });
  await book.start();
  const kit = gateKit({ inputs: ["closed", "open"] });
  kit.lines.drive("closed", true);
  const s = await street([], { rules: book.rules, uses: book }, kit);
  return {
    ...s,
    usesLeft: async () => (await store.rules.all())[0]?.usesLeft,
    counted: () => until(() => book.rules()[0]?.usesLeft === 0, "the use is counted"),
    async stop() {
      await s.lane.close();
      await s.gate.close();
      book.close();
      await store.close();
    },
    store,
  };
}

/** A data folder whose store lists AAA1 for one use. */
async function folderOfVisitor(): Promise<string> {
  const folder = temporaryFolder();
  const first = await begin(folder);
  await first.store.rules.save(accessRule({ id: "visitor", plate: "AAA1", usesLeft: 1 }));
  await first.stop();
  return folder;
}

test("the use of a lift that came to nothing is there after a restart, and one that opened is not", async () => {
  const folder = await folderOfVisitor();

  const stuck = await begin(folder);
  stuck.see("AAA1");
  await stuck.counted();
  // The arm stays on its closed contact for longer than it may take.
  stuck.clock.advance(10_000);
  assert.is(stuck.gate.state().cause, "stuck");
  await stuck.stop();

  const well = await begin(folder);
  assert.is(await well.usesLeft(), 1, "it moved for nobody");
  well.see("AAA1");
  assert.is(well.edges("lift"), "1");
  well.lines.drive("closed", false);
  await well.counted();
  await well.stop();

  const last = await begin(folder);
  assert.is(await last.usesLeft(), 0);
  last.see("AAA1");
  assert.is(last.edges("lift"), "", "the one use has opened");
  await last.stop();
});

test("a use whose lift the restart has cut short stays counted: nobody saw what the arm did", async () => {
  const folder = await folderOfVisitor();
  const cut = await begin(folder);
  cut.see("AAA1");
  await cut.counted();
  await cut.stop();
  const next = await begin(folder);
  next.see("AAA1");
  assert.equal([await next.usesLeft(), next.edges("lift")], [0, ""]);
  await next.stop();
});

test.run();
