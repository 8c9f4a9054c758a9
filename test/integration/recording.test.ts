import { execFileSync } from "node:child_process";
import { existsSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ClipRecord } from "../../src/core/records.js";
import { readVideo } from "../../src/recording/mp4-read.js";
import { temporaryFolder } from "../support/folder.js";
import { filesIn, recordingStation as station } from "../support/recording-station.js";
import { noon, passEntry } from "../support/records.js";
import { writeSegment } from "../support/segments.js";
import { skipLoudly } from "../support/skip.js";
import { mountSmall } from "../support/small-disk.js";
import { until } from "../support/until.js";

test("a clip is cut from the segments around a pass as soon as its last second is recorded, and is linked and reported", async () => {
  const s = await station();
  await s.store.passes.save(passEntry("p1", "AB12CDE"));
  await s.record({ mark: 1 });
  await s.record({ mark: 2 });
  const promise = s.clips.request({
    passId: "p1",
    camera: "front",
    from: noon + 2500,
    to: noon + 9500,
    kind: "known",
  });
  await s.record({ mark: 3 });
  const clip = (await promise)!;
  assert.is(clip.startedAt, noon + 2000);
  assert.is(clip.endedAt, noon + 9500);
  const film = await readVideo(join(s.recordings, clip.path));
  assert.is(film.samples.length, 75);
  assert.is(film.durationMs, 7500);
  assert.not.ok(film.isFragmented);
  assert.is((await s.store.passes.find("p1"))?.clipId, clip.id);
  assert.equal(
    (await s.store.outbox.pending(0, 9)).map((e) => e.id),
    ["event-p1", `clip:${clip.id}`],
  );
  await s.close();
});

test("a clip that was promised before the appliance stopped is written after the next start", async () => {
  const first = await station();
  await first.record();
  const promise = first.clips.request({ passId: null, camera: "front", from: noon + 1000, to: noon + 6000 });
  await first.close();
  assert.is(await promise, null);
  const second = await station({}, first.folder, "boot-2");
  second.clock.advance(20000);
  const done = new Promise<ClipRecord>((resolve) => second.clips.onClip(resolve));
  await second.clips.start();
  second.clock.advance(60000);
  const clip = await done;
  assert.is(clip.startedAt, noon + 1000);
  assert.is(clip.endedAt, noon + 4000);
  await second.close();
});

test("the oldest segment goes when the ring is full, and its file with it, but never one that a promised clip needs", async () => {
  const s = await station({ maxBytes: 50_000 });
  const first = await s.record();
  const bytes = statSync(first).size;
  const promise = s.clips.request({ passId: null, camera: "front", from: noon + 1000, to: noon + 15_000 });
  const second = await s.record();
  await s.record();
  await s.record();
  await promise;
  assert.ok(existsSync(first));
  for (let i = 0; i < 3; i++) await s.record();
  assert.not.ok(existsSync(first));
  assert.not.ok(existsSync(second));
  assert.ok((await s.store.segments.totalBytes()) <= 50_000);
  assert.is(s.ring.status().segments, Math.floor(50_000 / bytes));
  assert.equal(await s.store.segments.garbage(), []);
  await s.close();
});

test("a start takes up files without rows, cuts torn ends, drops rows without files and removes rubbish", async () => {
  const first = await station();
  const kept = await first.record();
  const lost = await first.record();
  const torn = await first.record();
  await first.close();
  rmSync(lost);
  const orphan = writeSegment(first.recordings, "front", noon + 60_000, { seconds: 4 });
  truncateSync(orphan, statSync(orphan).size - 700);
  writeFileSync(join(first.recordings, "front", "20260105T120200000Z.mp4"), "not a video");
  writeFileSync(join(first.recordings, "front", "20260105T120300000Z.mp4"), "");
  const second = await station({}, first.folder, "boot-2");
  assert.is(second.repaired.adopted, 1);
  assert.is(second.repaired.removedFiles, 2);
  assert.is(second.repaired.droppedRows, 1);
  const rows = await second.store.segments.all();
  assert.equal(rows.map((r) => join(second.recordings, r.path)).sort(), [kept, torn, orphan].sort());
  assert.is((await readVideo(orphan)).durationMs, 3000);
  assert.is(rows.find((r) => r.path.endsWith("120100000Z.mp4"))?.endedAt, noon + 63_000);
  assert.equal(filesIn(second.recordings).length, 3);
  await second.close();
});

test("a recording by hand is held from its start to its stop and becomes a clip", async () => {
  const s = await station({ maxBytes: 30_000 });
  const { manual } = s;
  await manual.start("front");
  for (let i = 0; i < 4; i++) await s.record();
  assert.equal(manual.active(), [{ camera: "front", startedAt: noon }]);
  assert.is((await s.store.segments.all()).length, 4);
  const stopped = manual.stop("front");
  await until(async () => (await s.store.clips.wanted())[0]?.to === noon + 16_000, "the end is noted");
  await s.record();
  const clip = (await stopped)!;
  assert.is(clip.kind, "manual");
  assert.equal([clip.startedAt, clip.endedAt], [noon, noon + 16_000]);
  assert.equal(manual.active(), []);
  assert.is(await manual.stop("front"), null);
  await s.close();
});

test("clips over their own budget go by class, strangers first, pinned ones never; old ones go by age", async () => {
  const s = await station({ clipMaxBytes: 50_000, unknownClipDays: 2, clipDays: 5 });
  const written: ClipRecord[] = [];
  for (const kind of ["known", "unknown", "unknown", "known"] as const) {
    const from = s.clock.wallMs();
    await s.record();
    const promise = s.clips.request({ passId: null, camera: "front", from, to: from + 4000, kind });
    await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
    await s.record();
    written.push((await promise)!);
    await s.store.clips.pin(written[0]!.id, true);
  }
  const left = async () =>
    (await s.store.clips.all()).map((clip) => written.findIndex((w) => w.id === clip.id));
  // Three that are not pinned, of some 20 kB each.
  await s.ring.rotate();
  assert.equal(await left(), [0, 2, 3]);
  assert.not.ok(existsSync(join(s.recordings, written[1]!.path)));
  s.clock.advance(3 * 86_400_000);
  await s.ring.rotate();
  assert.equal(await left(), [0, 3]);
  s.clock.advance(3 * 86_400_000);
  await s.ring.rotate();
  assert.equal(await left(), [0]);
  await s.close();
});

test("a clip that cannot be written is tried again until it can, and its video is held meanwhile", async () => {
  const s = await station({ maxBytes: 30_000 });
  await s.record();
  // Something stands where the folder of clips should be.
  writeFileSync(join(s.recordings, "_clips"), "");
  const promise = s.clips.request({ passId: null, camera: "front", from: noon, to: noon + 5000 });
  await s.record();
  await until(() => s.clips.status().problem !== "", "the first try has failed");
  for (let i = 0; i < 3; i++) await s.record();
  assert.ok((await s.store.segments.all()).some((segment) => segment.startedAt === noon));
  rmSync(join(s.recordings, "_clips"));
  s.clock.advance(30_000);
  assert.is((await promise)?.startedAt, noon);
  assert.is(s.clips.status().problem, "");
  await s.close();
});

test("a pinned clip is refused to go; an unpinned one goes with its file", async () => {
  const s = await station();
  await s.record();
  const promise = s.clips.request({ passId: null, camera: "front", from: noon, to: noon + 5000 });
  await s.record();
  const clip = (await promise)!;
  await s.store.clips.pin(clip.id, true);
  const refusal = await s.clips.remove(clip.id).catch((error: Error) => error.message);
  assert.match(String(refusal), "pinned");
  await s.store.clips.pin(clip.id, false);
  assert.is((await s.clips.remove(clip.id))?.id, clip.id);
  assert.not.ok(existsSync(join(s.recordings, clip.path)));
  assert.is(await s.store.clips.find(clip.id), null);
  await s.close();
});

test("a disk that fills up is recovered from: recording goes on, the oldest video goes, decisions are kept", async () => {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 8))
    return skipLoudly("the full disk", "mounting a small file system takes root and a kernel that lets it");
  try {
    const s = await station({ maxBytes: 1e9, minFreeBytes: 0 }, folder);
    s.free.bytes = null;
    // An hour in segments of four seconds: many times what fits.
    for (let i = 0; i < 900; i++) {
      await s.record({ bytesPerPicture: 2000, perFragment: 10 }).catch(() => {});
      if (i % 30 === 0) void s.store.passes.save(passEntry(`p${i}`, `AB${i}`));
    }
    await until(() => s.store.status().waiting === 0, "every pass is written");
    for (let i = 0; i < 900; i += 30)
      assert.ok((await s.store.passes.find(`p${i}`)) !== null, `pass ${i} is there`);
    const rows = await s.store.segments.all();
    assert.ok(rows.length > 10, `${rows.length} segments are kept`);
    assert.ok(rows.at(-1)!.endedAt >= s.clock.wallMs() - 20_000, "the newest video is there");
    await s.close();
    const again = await station({ maxBytes: 1e9 }, folder, "boot-2");
    assert.equal([again.repaired.droppedRows, again.repaired.removedFiles], [0, 0]);
    await again.close();
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test("a clock that is set forward by years moves this run's recordings with it and removes none of them", async () => {
  const s = await station({ maxAgeDays: 1 });
  s.clock.jumpWall(-noon);
  await s.record();
  await s.record();
  s.clock.jumpWall(noon);
  await s.record();
  const rows = await s.store.segments.all();
  assert.is(rows.length, 3);
  assert.is(rows[0]!.endedAt, rows[1]!.startedAt);
  assert.ok(Math.abs(rows[1]!.endedAt - rows[2]!.startedAt) < 10);
  s.clock.advance(86_400_000 + 3_600_000);
  await s.record();
  assert.is((await s.store.segments.all()).length, 1);
  await s.close();
});

test("recordings of an earlier boot are not judged by a clock that has just jumped", async () => {
  const first = await station({ maxAgeDays: 1 });
  await first.record();
  await first.close();
  const second = await station({ maxAgeDays: 1 }, first.folder, "boot-2");
  second.clock.jumpWall(400 * 86_400_000);
  await second.record();
  assert.is((await second.store.segments.all()).length, 2);
  second.clock.advance(3_600_000);
  await second.ring.rotate();
  assert.is((await second.store.segments.all()).length, 1);
  await second.close();
});

test.run();
