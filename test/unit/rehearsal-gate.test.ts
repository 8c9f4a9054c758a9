import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig, parseConfig } from "../../src/config.js";
import { rehearse } from "../../src/gate/rehearsal.js";
import { systemClock as clock } from "../../src/system/clock.js";
import { rule } from "../support/evidence.js";

test("the rehearsal drives its own imagined relay and leaves the rules alone", async () => {
  const rules = [rule("AB123", { usesLeft: 1 }), rule("CD456", { effect: "deny" })];
  const before = structuredClone(rules);
  const pulses = await rehearse({ config: defaultConfig(), clock, rules });
  assert.ok(pulses > 0);
  assert.equal(rules, before);
});

test("a list that denies everybody is rehearsed without a pulse", async () => {
  const rules = [rule("*", { effect: "deny" })];
  assert.is(await rehearse({ config: defaultConfig(), clock, rules }), 0);
});

test("whatever barrier is configured, the rehearsal is the same", async () => {
  const config = parseConfig(
    "barrier: { autoClose: true, dryRun: true, presenceWaitMs: 2000, travelMs: 500 }",
  );
  assert.ok((await rehearse({ config, clock, rules: [] })) > 0);
});

test.run();
