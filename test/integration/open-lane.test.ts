import { test } from "uvu";
import * as assert from "uvu/assert";
import { openLane } from "../../src/appliance/open-lane.js";
import { defaultConfig } from "../../src/config.js";
import type { PassEntry } from "../../src/core/repositories.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { rule, sightingOf } from "../support/evidence.js";
import { temporaryFolder } from "../support/folder.js";
import { gateKit } from "../support/gate-kit.js";
import { passEntry } from "../support/records.js";

const HOUR_MS = 3_600_000;

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: who came in hours ago is inside after a restart, however many strangers have passed since`, async () => {
    const { gate, clock } = gateKit();
    await gate.start();
    const store = createStore({
      config: { kind },
      folder: temporaryFolder(),
      clock: systemClock,
      log: silentLog,
    });
    await store.start();
    const now = clock.wallMs();
    await store.passes.save(
      passEntry("in", "AAA1", { startedAt: now - 6 * HOUR_MS, endedAt: now - 6 * HOUR_MS + 5000 }),
    );
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        store.passes.save(
          passEntry(`stranger-${i}`, `U${i}`, {
            startedAt: now - 5 * HOUR_MS + 1000 * i,
            endedAt: now - 5 * HOUR_MS + 1000 * i + 500,
            verdict: "denied",
            reason: "not-on-list",
          }),
        ),
      ),
    );
    const entries: PassEntry[] = [];
    const lane = await openLane(
      {
        folder: temporaryFolder(),
        config: { ...defaultConfig(), cameras: [{ name: "front", direction: "entry" }] },
        clock,
        log: silentLog,
        rules: () => [rule("AAA1", { antiPassback: "hard" })],
        gate,
        clockTrusted: () => true,
        onPass: (entry) => void entries.push(entry),
      },
      store,
    );
    lane.sighting(sightingOf("AAA1", clock.monotonicMs(), { phase: "end" }));
    clock.advance(5000);
    assert.is(entries[0]?.decision?.reason, "passback");
    lane.close();
    await store.close();
  });
}

test("a restart on the same data folder opens for no vehicle that stands where it stood", async () => {
  const { gate, clock, edges } = gateKit();
  await gate.start();
  const folder = temporaryFolder();
  const start = async () => {
    const store = createStore({ config: { kind: "json" }, folder, clock: systemClock, log: silentLog });
    await store.start();
    const lane = await openLane(
      {
        folder,
        config: { ...defaultConfig(), cameras: [{ name: "front", direction: "entry" }] },
        clock,
        log: silentLog,
        rules: () => [rule("AAA1")],
        gate,
        clockTrusted: () => true,
        onPass: () => {},
      },
      store,
    );
    return { store, lane };
  };
  for (const [trackId, box, pulses] of [
    ["first", [600, 400, 100, 30], "10"],
    ["again", [603, 398, 99, 31], "10"],
    ["moved", [400, 400, 100, 30], "1010"],
  ] as const) {
    const { store, lane } = await start();
    lane.sighting(sightingOf("AAA1", clock.monotonicMs(), { trackId, box }));
    clock.advance(60_000);
    assert.is(edges("lift"), pulses, trackId);
    await lane.close();
    await store.close();
  }
});

test.run();
