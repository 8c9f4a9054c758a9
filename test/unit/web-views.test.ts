import { test } from "uvu";
import * as assert from "uvu/assert";
import { ALPHABET } from "../../src/core/plate.js";
import { changeRefusal, createRateLimit, type GuardFacts, hostRefusal } from "../../src/web/guard.js";
import { platePattern } from "../../src/web/routes/passes.js";
import { candidates, createPassWithChars } from "../../src/web/views.js";

const slot = (chances: Record<string, number>) => [...ALPHABET].map((char) => chances[char] ?? 0);
const facts: GuardFacts = {
  host: "localhost:8080",
  origin: undefined,
  fetchSite: undefined,
  forwarded: false,
  remoteAddress: "127.0.0.1",
  localAddress: "127.0.0.1",
};

test("candidates are the winner and then the likeliest single mistakes, empty positions left out", () => {
  const found = candidates(
    [slot({ A: 1 }), slot({ 0: 0.7, O: 0.3 }), slot({ 8: 0.9, B: 0.1 }), slot({ "-": 1 })],
    4,
  );
  assert.equal(
    found.slice(0, 3).map((c) => [c.text, Math.round(c.probability * 1000)]),
    [
      ["A08", 630],
      ["AO8", 270],
      ["A0B", 70],
    ],
  );
  assert.equal(candidates([], 5), []);
});

test("a plate is searched as it is compared, with its wildcards", () => {
  assert.is(platePattern("ab-1?2 *"), "AB1?2*");
  assert.is(platePattern(" "), "");
  assert.throws(() => platePattern("%_';--"), /no letter/);
});

test("characters are asked of the store once, and again as long as it has none", async () => {
  const pass = { id: "p", plate: "AB1", frames: 3 } as Parameters<ReturnType<typeof createPassWithChars>>[0];
  let asked = 0;
  let there = false;
  const charsOf = createPassWithChars({
    reads: async () => {
      asked++;
      return there
        ? [{ passId: "p", at: 0, text: "AB1", probability: 0.9, chars: [1, 1, 0.9], evidence: [] }]
        : [];
    },
  });
  assert.is((await charsOf(pass)).chars, null);
  there = true;
  assert.equal((await charsOf(pass)).chars, [1, 1, 0.9]);
  await charsOf(pass);
  assert.is(asked, 2);
  await charsOf({ ...pass, frames: 4 });
  assert.is(asked, 3, "another frame was read since");
});

test("a rate limit lets a burst pass, then the measure, each caller for itself", () => {
  let now = 0;
  const limit = createRateLimit({ burst: 3, perSecond: 1 }, () => now);
  assert.equal(
    [1, 2, 3, 4].map(() => limit.take("a")),
    [true, true, true, false],
  );
  assert.is(limit.take("b"), true);
  now = 1000;
  assert.equal([limit.take("a"), limit.take("a")], [true, false]);
});

test("a request that reaches a listener of the network changes nothing", () => {
  assert.is(changeRefusal(facts), null);
  assert.ok(changeRefusal({ ...facts, remoteAddress: "192.168.1.9" }));
  assert.ok(changeRefusal({ ...facts, localAddress: "192.168.1.2" }));
  assert.is(
    changeRefusal({ ...facts, remoteAddress: "::ffff:127.0.0.1", localAddress: "::ffff:127.0.0.1" }),
    null,
  );
  assert.ok(hostRefusal({ ...facts, host: undefined }, []));
});

test.run();
