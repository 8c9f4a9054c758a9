import { test } from "uvu";
import * as assert from "uvu/assert";
import { watchClockTrust } from "../../src/system/clock-trust.js";
import { fakeClock } from "../support/fake-clock.js";

test("a clock that starts in 1970 is not trusted until it is set", () => {
  const clock = fakeClock(0);
  const trust = watchClockTrust(clock, () => false);
  assert.is(trust.trusted(), false);
  clock.jumpWall(Date.UTC(2026, 10, 1));
  clock.advance(30_000);
  assert.is(trust.trusted(), true);
  trust.close();
});

test("a time service that has not reached its server leaves the clock untrusted", () => {
  const files = new Set(["/run/systemd/timesync"]);
  const clock = fakeClock();
  const trust = watchClockTrust(clock, (path) => files.has(path));
  assert.is(trust.trusted(), false);
  assert.is(trust.read().state, "warning");
  files.add("/run/systemd/timesync/synchronized");
  clock.advance(30_000);
  assert.is(trust.trusted(), true);
  trust.close();
});

test.run();
