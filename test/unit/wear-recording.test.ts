import { test } from "uvu";
import * as assert from "uvu/assert";
import type { WearRecord } from "../../src/core/records.js";
import { createWear } from "../../src/recording/wear.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";

function station(limitBytes: number) {
  const clock = fakeClock(Date.UTC(2026, 0, 5, 12));
  const rows: WearRecord[] = [{ day: "2026-01-05", subsystem: "video", bytes: 500 }];
  const written = { video: 0, store: 0 };
  const repository = {
    add: async (entries: readonly WearRecord[]) => void rows.push(...entries),
    since: async () => rows.slice(),
  };
  const sources = { video: () => written.video, store: () => written.store };
  const wear = createWear({ repository, sources, limitBytes, clock, log: silentLog });
  const heard: boolean[] = [];
  wear.onOver((isOver) => heard.push(isOver));
  return { clock, rows, written, wear, heard };
}

test("what is written is counted by subsystem and day, over restarts", async () => {
  const s = station(0);
  await s.wear.start();
  s.written.video = 300;
  s.written.store = 20;
  s.clock.advance(60_000);
  assert.equal(s.wear.status().bytes, { video: 800, store: 20 });
  assert.equal(s.rows.slice(1), [
    { day: "2026-01-05", subsystem: "video", bytes: 300 },
    { day: "2026-01-05", subsystem: "store", bytes: 20 },
  ]);
  s.clock.advance(60_000);
  assert.is(s.rows.length, 3);
  assert.equal(s.heard, []);
});

test("a start that is made again counts no more often", async () => {
  const s = station(0);
  await s.wear.start();
  await s.wear.start();
  assert.is(s.clock.waiting(), 1);
});

test("over the budget video rests, and goes on when a new day begins", async () => {
  const s = station(1000);
  await s.wear.start();
  s.written.video = 499;
  s.clock.advance(60_000);
  assert.not.ok(s.wear.status().isOver);
  s.written.video = 500;
  s.clock.advance(60_000);
  assert.ok(s.wear.status().isOver);
  s.clock.advance(12 * 3_600_000);
  assert.not.ok(s.wear.status().isOver);
  assert.equal(s.heard, [true, false]);
});

test.run();
