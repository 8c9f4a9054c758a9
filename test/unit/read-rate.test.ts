import { test } from "uvu";
import * as assert from "uvu/assert";
import { createReadRate } from "../../src/appliance/read-rate.js";
import { fakeClock } from "../support/fake-clock.js";

test("the read rate is the share of the day's ended passes that were read well enough to open for", () => {
  const clock = fakeClock();
  const rate = createReadRate({ clock, minProbability: 0.9 });
  assert.is(rate.rate(), undefined, "without a pass there is none");
  for (const probability of [0.95, 0.9, 0.899]) rate.saw({ endedAt: clock.wallMs(), probability });
  rate.saw({ endedAt: null, probability: 0.1 });
  assert.is(rate.rate(), 2 / 3);
  clock.advance(80_000_000);
  rate.saw({ endedAt: clock.wallMs(), probability: 0.1 });
  assert.is(rate.rate(), 0.5);
  clock.advance(10_000_000);
  assert.is(rate.rate(), 0, "yesterday's passes are left out");
});

test.run();
