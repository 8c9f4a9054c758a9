import { test } from "uvu";
import * as assert from "uvu/assert";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { filesIn, recordingStation as station } from "../support/recording-station.js";
import { clipRecord, noon } from "../support/records.js";
import { until } from "../support/until.js";

for (const kind of ["sql", "json"] as const)
  test(`the ring makes room behind any number of segments that a promise holds (${kind})`, async () => {
    const s = await station({ maxBytes: 100_000 }, undefined, "boot-1", { kind });
    await s.manual.start("front");
    for (let i = 0; i < 60; i++) await s.record({}, i % 2 === 0 ? "front" : "back");
    assert.is((await s.store.segments.all()).filter((r) => r.camera === "front").length, 30);
    for (let i = 0; i < 60; i++) await s.record();
    for (let i = 0; i < 10; i++) await s.record({}, "back");
    const rows = await s.store.segments.all();
    assert.is(rows.filter((r) => r.camera === "front").length, 90);
    assert.is(rows.filter((r) => r.camera === "back").length, 0);
    assert.is(s.ring.status().bytes, await s.store.segments.totalBytes());
    await s.close();
  });

for (const kind of ["sql", "json"] as const)
  test(`a clip that fails for a reason that stays is given up, and its video is no longer held (${kind})`, async () => {
    let tries = 0;
    const event = () => {
      tries++;
      throw new TypeError("this never works");
    };
    const s = await station({ maxBytes: 30_000 }, undefined, "boot-1", { kind, event });
    await s.record();
    const promise = s.clips.request({ passId: null, camera: "front", from: noon, to: noon + 5000 });
    await s.record();
    for (let n = 1; n < 10; n++) {
      await until(() => tries === n, `try ${n}`);
      assert.is((await s.store.clips.wanted()).length, 1);
      assert.match(s.clips.status().problem, "tried again");
      s.clock.advance(30_000);
    }
    await until(async () => (await s.store.clips.wanted()).length === 0, "it is given up");
    assert.is(await promise, null);
    assert.match(s.clips.status().problem, "given up");
    assert.equal(await s.store.clips.wanted(), []);
    assert.equal(
      filesIn(s.recordings).filter((f) => f.startsWith("_clips")),
      [],
    );
    for (let i = 0; i < 3; i++) await s.record();
    assert.ok((await s.store.segments.all()).every((segment) => segment.startedAt > noon + 8000));
    await s.close();
  });

for (const kind of ["sql", "json"] as const)
  test(`a recording by hand larger than the budget of clips stays, and takes nothing from listed plates (${kind})`, async () => {
    const s = await station({ clipMaxBytes: 100_000 }, undefined, "boot-1", { kind });
    for (const clipKind of ["known", "unknown", "known", "unknown"] as const) {
      const from = s.clock.wallMs();
      await s.record();
      const promise = s.clips.request({
        passId: null,
        camera: "front",
        from,
        to: from + 4000,
        kind: clipKind,
      });
      await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
      await s.record();
      await promise;
    }
    await s.manual.start("front");
    for (let i = 0; i < 6; i++) await s.record();
    const stopped = s.manual.stop("front");
    await until(() => s.clips.status().open === 1, "the end is noted");
    await s.record();
    const byHand = (await stopped)!;
    assert.ok(byHand.bytes > 100_000);
    const left = async () => (await s.store.clips.all()).map((clip) => clip.kind);
    for (let i = 0; i < 3; i++) {
      await s.record();
      assert.equal(await left(), ["known", "known", "unknown", "manual"]);
    }
    s.free.bytes = 0;
    await s.ring.rotate();
    assert.not.ok((await left()).includes("manual"));
    await s.close();
  });

for (const kind of ["sql", "json"] as const)
  test(`however many clips of strangers are over the budget, they go before those of listed plates (${kind})`, async () => {
    const s = await station({ clipMaxBytes: 2000 }, undefined, "boot-1", { kind });
    const classes = [
      ["unknown", 130],
      ["manual", 5],
      ["known", 5],
    ] as const;
    for (const [of, count] of classes)
      for (let i = 0; i < count; i++)
        await s.store.clips.add(clipRecord({ id: `${of}-${i}`, kind: of, bytes: 100 }), []);
    for (let i = 0; i < 6; i++) await s.ring.rotate();
    const left = (await s.store.clips.all()).map((clip) => clip.id).sort();
    assert.equal(
      left,
      [
        ...classes.slice(1).flatMap(([of]) => [0, 1, 2, 3, 4].map((i) => `${of}-${i}`)),
        ...Array.from({ length: 10 }, (_, i) => `unknown-${120 + i}`),
      ].sort(),
    );
    await s.close();
  });

test("what is erased beside the appliance makes room for new video", async () => {
  const s = await station({ maxBytes: 100_000 });
  let isTold = false;
  s.store.onForeignChange(() => {
    isTold = true;
    s.ring.recount();
  });
  for (let i = 0; i < 10; i++) await s.record();
  const full = s.ring.status();
  const guest = createStore({
    config: { kind: "sql" },
    folder: s.folder,
    clock: systemClock,
    log: silentLog,
  });
  await guest.start();
  const rows = (await guest.segments.all()).slice(0, 2);
  await guest.segments.discard(rows.map((r) => r.id));
  await guest.close();
  await until(() => isTold, "the appliance hears of it");
  for (let i = 0; i < 10; i++) await s.record();
  assert.equal(
    [s.ring.status().segments, s.ring.status().bytes, await s.store.segments.totalBytes()],
    [full.segments, full.bytes, full.bytes],
  );
  await s.close();
});

for (const kind of ["sql", "json"] as const)
  test(`the ring is counted anew once an hour (${kind})`, async () => {
    const s = await station({ maxBytes: 100_000 }, undefined, "boot-1", { kind });
    for (let i = 0; i < 4; i++) await s.record();
    await s.store.segments.discard([(await s.store.segments.all())[0]!.id]);
    await s.ring.rotate();
    assert.is(s.ring.status().segments, 4);
    s.clock.advance(3_600_000);
    await s.ring.rotate();
    assert.equal([s.ring.status().segments, s.ring.status().bytes], [3, await s.store.segments.totalBytes()]);
    await s.close();
  });

test.run();
