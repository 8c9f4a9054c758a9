import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import { clipEvent } from "../../src/core/events.js";
import { createClips } from "../../src/recording/clips.js";
import { readVideo } from "../../src/recording/mp4-read.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { recordingStation as station } from "../support/recording-station.js";
import { noon } from "../support/records.js";
import { writeSegment } from "../support/segments.js";
import { until } from "../support/until.js";

const MINUTE_MS = 60_000;

for (const kind of ["sql", "json"] as const)
  for (const offMs of [-10 * MINUTE_MS, -14_000, 10 * MINUTE_MS])
    test(`a clip that was promised before a power cut holds its own video, with a clock that is ${offMs / 1000} s off and set later (${kind})`, async () => {
      const s = await station({}, undefined, "boot-1", { kind });
      for (let i = 0; i < 3; i++) await s.record({ mark: 1 });
      void s.clips.request({ passId: null, camera: "front", from: noon + 2000, to: noon + 20_000 });
      await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
      await s.close();
      const clock = fakeClock(noon + 12_000 + offMs, 5000);
      const again = await station({}, s.folder, "boot-2", { kind, clock });
      await again.clips.start();
      for (let i = 0; i < 4; i++) await again.record({ mark: 2 });
      clock.jumpWall(-offMs);
      await again.ring.rotate();
      await until(async () => (await again.store.clips.wanted()).length === 0, "the promise is settled");
      const [clip] = await again.store.clips.all();
      assert.equal([clip?.startedAt, clip?.endedAt], [noon + 2000, noon + 12_000]);
      const film = join(again.recordings, clip!.path);
      const { samples } = await readVideo(film);
      const bytes = readFileSync(film);
      assert.ok(samples.every((sample) => bytes[sample.offset + 8] === 1));
      await again.close();
    });

test("a start that is made again leaves the clip of the first one alone", async () => {
  const s = await station();
  for (let i = 0; i < 2; i++) await s.record();
  void s.manual.start("front");
  for (let i = 0; i < 2; i++) await s.record();
  await s.close();
  const again = await station({}, s.folder, "boot-2");
  await Promise.all([again.clips.start(), again.clips.start()]);
  await until(async () => (await again.store.clips.all()).length === 1, "the clip");
  const [clip] = await again.store.clips.all();
  await again.close();
  assert.ok(readFileSync(join(again.recordings, clip!.path)).length > 0);
});

test("a cut that fails at the start is made of the same video later, whatever the clock does meanwhile", async () => {
  const s = await station();
  for (let i = 0; i < 2; i++) await s.record();
  void s.manual.start("front");
  for (let i = 0; i < 2; i++) await s.record();
  await s.close();
  const clock = fakeClock(noon + 9000, 5000);
  let isFull = true;
  const event = (clip: { id: string }) => {
    if (isFull) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    return { id: clip.id, kind: "clip" as const, at: 0, payload: "{}" };
  };
  const again = await station({}, s.folder, "boot-2", { clock, event });
  await again.clips.start();
  await until(() => again.clips.status().problem !== "", "the first try has failed");
  for (let i = 0; i < 3; i++) await again.record();
  clock.jumpWall(20 * MINUTE_MS);
  await again.ring.rotate();
  isFull = false;
  clock.advance(30_000);
  await until(async () => (await again.store.clips.all()).length === 1, "the clip");
  const clip = (await again.store.clips.all())[0]!;
  assert.equal([clip.startedAt, clip.endedAt], [noon + 8000, noon + 16_000]);
  await again.close();
});

for (const kind of ["sql", "json"] as const)
  for (const offMs of [-120 * MINUTE_MS, 120 * MINUTE_MS])
    for (const isNoticed of [true, false])
      test(`a recording by hand is whole although the clock is set by ${offMs / 1000} s ${isNoticed ? "during it" : "just before its end"} (${kind})`, async () => {
        const s = await station({ maxBytes: 30_000 }, undefined, "boot-1", { kind });
        await s.record();
        await s.manual.start("front");
        for (let i = 0; i < 3; i++) await s.record();
        s.clock.jumpWall(offMs);
        if (isNoticed) {
          await s.record();
          assert.equal(s.manual.active(), [{ camera: "front", startedAt: noon + 4000 + offMs }]);
          assert.is((await s.store.clips.wanted())[0]?.from, noon + 4000 + offMs);
        }
        const stopped = s.manual.stop("front");
        await until(() => s.clips.status().open === 1, "the end is noted");
        for (let i = 0; i < 2; i++) await s.record();
        const clip = await stopped;
        const lastedMs = isNoticed ? 16_000 : 12_000;
        assert.equal([clip?.startedAt, clip?.endedAt], [noon + 4000 + offMs, noon + 4000 + offMs + lastedMs]);
        await s.close();
      });

for (const kind of ["sql", "json"] as const)
  test(`a clip that was made before the clock was set moves with it and does not go as too old (${kind})`, async () => {
    const s = await station({ unknownClipDays: 7 }, undefined, "boot-1", { kind });
    await s.record();
    const promise = s.clips.request({ passId: null, camera: "front", from: noon, to: noon + 4000 });
    await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
    await s.record();
    const { id } = (await promise)!;
    const offMs = 14 * 24 * 60 * MINUTE_MS;
    s.clock.jumpWall(offMs);
    await s.record();
    s.clock.advance(61 * MINUTE_MS);
    await s.record();
    const clip = await s.store.clips.find(id);
    assert.equal([clip?.startedAt, clip?.endedAt], [noon + offMs, noon + offMs + 4000]);
    await s.close();
  });

test("of the clips of a long run only those that are still there are kept in mind", async () => {
  const s = await station();
  const moved: (readonly string[])[] = [];
  const watched = new Proxy(s.store.clips, {
    get: (all, name) =>
      name === "shift" ? async (ids: readonly string[]) => moved.push(ids) : Reflect.get(all, name),
  });
  const clips = createClips({
    ring: s.ring,
    repositories: { clips: watched, segments: s.store.segments },
    config: defaultConfig().recording,
    clock: s.clock,
    log: silentLog,
    event: clipEvent,
  });
  await s.record();
  const cut = async (count: number) => {
    const wish = { passId: null, camera: "front", from: noon, to: noon + 1000 };
    const promises = Array.from({ length: count }, () => clips.request(wish));
    await until(async () => (await s.store.clips.wanted()).length === count, "the promises");
    await s.record();
    return (await Promise.all(promises)).map((clip) => clip!.id);
  };
  for (const id of await cut(40)) await s.store.clips.remove(id);
  const kept = await cut(11);
  s.clock.jumpWall(MINUTE_MS);
  await s.ring.rotate();
  assert.is(moved.length, 1);
  assert.equal([...moved[0]!].sort(), kept.sort());
  await clips.close();
  await s.close();
});

for (const setByMs of [-45_000, 45_000, 40 * MINUTE_MS])
  test(`a segment during which the clock was set by ${setByMs / 1000} s follows the one before it`, async () => {
    const s = await station();
    for (let i = 0; i < 2; i++) await s.record();
    const startedAt = s.clock.wallMs();
    const startedMonotonicMs = s.clock.monotonicMs();
    s.clock.advance(1000);
    s.clock.jumpWall(setByMs);
    s.clock.advance(3000);
    const path = writeSegment(s.recordings, "front", startedAt);
    await s.ring.addSegment("front", { path, startedAt, endedAt: startedAt + 4000, startedMonotonicMs });
    await s.record();
    const rows = await s.store.segments.all();
    assert.equal(
      rows.map((row) => row.startedAt - noon - setByMs),
      [0, 4000, 8000, 12_000],
    );
    await s.close();
  });

test("a segment that is told of minutes later, because the camera stayed away, keeps its time", async () => {
  const s = await station();
  const startedAt = s.clock.wallMs();
  const startedMonotonicMs = s.clock.monotonicMs();
  s.clock.advance(10 * MINUTE_MS);
  const path = writeSegment(s.recordings, "front", startedAt);
  await s.ring.addSegment("front", { path, startedAt, endedAt: startedAt + 4000, startedMonotonicMs });
  const [row] = await s.store.segments.all();
  assert.equal([row?.startedAt, row?.endedAt], [noon, noon + 4000]);
  await s.close();
});

for (const setByMs of [-45_000, 45_000])
  test(`a clip that is wished for right after the clock was set by ${setByMs / 1000} s shows what was wished for`, async () => {
    const s = await station();
    for (let i = 0; i < 3; i++) await s.record();
    s.clock.jumpWall(setByMs);
    const from = noon + setByMs + 8000;
    void s.clips.request({ passId: null, camera: "front", from, to: from + 4000 });
    await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
    for (let i = 0; i < 2; i++) await s.record();
    await until(async () => (await s.store.clips.all()).length === 1, "the clip");
    const [clip] = await s.store.clips.all();
    assert.equal([clip?.startedAt, clip?.endedAt], [from, from + 4000]);
    await s.close();
  });

test("a recording by hand that is begun right after the clock was set begins when it was begun", async () => {
  const s = await station();
  await s.record();
  s.clock.jumpWall(45_000);
  await s.manual.start("front");
  for (let i = 0; i < 2; i++) await s.record();
  const stopped = s.manual.stop("front");
  await until(() => s.clips.status().open === 1, "the end is noted");
  await s.record();
  const clip = await stopped;
  assert.equal([clip?.startedAt, clip?.endedAt], [noon + 49_000, noon + 57_000]);
  await s.close();
});

test.run();
