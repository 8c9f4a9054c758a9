import { test } from "uvu";
import * as assert from "uvu/assert";
import { watchClockTrust } from "../../src/system/clock-trust.js";
import { fakeClock } from "../support/fake-clock.js";

test("a clock that starts in 1970 is not trusted until it is set", () => {
  const clock = fakeClock(0);
  const trust = watchClockTrust(clock, { exists: () => false, batteryClockSeconds: () => Number.NaN });
  assert.is(trust.trusted(), false);
  clock.jumpWall(Date.UTC(2026, 10, 1));
  clock.advance(30_000);
  assert.is(trust.trusted(), true);
  trust.close();
});

test("a time service that has not reached its server leaves the clock untrusted", () => {
  const files = new Set(["/run/systemd/timesync"]);
  const battery = 86_400; // a battery-backed clock without battery
  const clock = fakeClock();
  const trust = watchClockTrust(clock, {
    exists: (path) => files.has(path),
    batteryClockSeconds: () => battery,
  });
  assert.is(trust.trusted(), false);
  assert.is(trust.read().state, "warning");
  files.add("/run/systemd/timesync/synchronized");
  clock.advance(30_000);
  assert.is(trust.trusted(), true);
  trust.close();
});

test("a battery-backed clock that kept the time is enough where there is no network", () => {
  const facts = {
    exists: (path: string) => path === "/run/systemd/timesync",
    batteryClockSeconds: () => Date.UTC(2026, 10, 1) / 1000,
  };
  const trust = watchClockTrust(fakeClock(), facts);
  assert.is(trust.trusted(), true);
  trust.close();
});

test.run();
