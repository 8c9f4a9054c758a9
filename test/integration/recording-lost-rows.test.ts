import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { clipPath } from "../../src/core/records.js";
import { filesIn, type RecordingStation, recordingStation as station } from "../support/recording-station.js";
import { noon, passEntry } from "../support/records.js";
import { segmentPieces } from "../support/segments.js";
import { until } from "../support/until.js";

const DAY_S = 86_400;

async function cut(s: RecordingStation, passId: string | null = null) {
  const from = s.clock.wallMs();
  await s.record();
  const promise = s.clips.request({ passId, camera: "front", from, to: from + 4000 });
  await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
  await s.record();
  return (await promise)!;
}

/** A card on which folders cannot be listed for a while. */
async function withoutListing<T>(code: string, task: () => Promise<T>): Promise<T> {
  const { readdir } = fs;
  fs.readdir = async () => {
    throw Object.assign(new Error(`${code}: scandir`), { code, path: "deeper/within" });
  };
  syncBuiltinESMExports();
  try {
    return await task();
  } finally {
    fs.readdir = readdir;
    syncBuiltinESMExports();
  }
}

function loseStore(folder: string): void {
  for (const name of readdirSync(folder))
    if (/^(plategate\.db|store\.json)/.test(name)) rmSync(join(folder, name));
}

for (const kind of ["sql", "json"] as const) {
  test(`clips outlive the loss of all rows and count to their budget; those past their age were pinned and are again (${kind})`, async () => {
    const s = await station({}, undefined, "boot-1", { kind });
    const fresh = await cut(s);
    const old = await cut(s);
    await s.store.clips.pin(old.id, true);
    await s.close();
    const now = Date.now() / 1000;
    utimesSync(join(s.recordings, fresh.path), now - 60, now - 60);
    utimesSync(join(s.recordings, old.path), now - 40 * DAY_S, now - 40 * DAY_S);
    writeFileSync(join(s.recordings, "_clips", "rubbish.mp4"), "not a video");
    writeFileSync(join(s.recordings, "_clips", "unfinished.mp4.part"), "half");
    loseStore(s.folder);

    const again = await station({}, s.folder, "boot-2", { kind });
    assert.is(again.repaired.removedFiles, 2);
    assert.equal(
      (await again.store.clips.all()).map((c) => [
        c.id,
        c.pinned,
        c.kind,
        c.camera,
        c.bytes,
        c.endedAt - c.startedAt,
      ]),
      [
        [old.id, true, "manual", "front", old.bytes, 4000],
        [fresh.id, false, "manual", "front", fresh.bytes, 4000],
      ],
    );
    assert.is(await again.store.clips.totalBytes(), statSync(join(s.recordings, fresh.path)).size);
    assert.ok(existsSync(join(s.recordings, old.path)));
    await again.close();
  });

  test(`a clip that lost its row is joined to the one pass that it shows, and to none where two could be meant (${kind})`, async () => {
    const s = await station({}, undefined, "boot-1", { kind });
    const pass = (id: string, startS: number, endS: number, more: object = {}) => {
      const times = { startedAt: noon + startS * 1000, endedAt: noon + endS * 1000 };
      return s.store.passes.save(
        passEntry(id, "AB12CDE", { camera: "front", clipId: null, ...times, ...more }),
      );
    };
    for (let n = 0; n < 25; n++) await s.record();
    const files = new Map<string, string>();
    const lost = async (startS: number, endS: number) => {
      const wish = { passId: null, camera: "front", from: noon + startS * 1000, to: noon + endS * 1000 };
      const promise = s.clips.request(wish);
      await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
      await s.record();
      const clip = (await promise)!;
      await s.store.clips.remove(clip.id);
      await s.store.segments.forget([clip.path]);
      const writtenS = noon / 1000 + endS + 3;
      utimesSync(join(s.recordings, clip.path), writtenS, writtenS);
      files.set(clip.id, clip.path);
      return clip.id;
    };
    const alone = await lost(1, 13);
    await pass("alone", 6, 8);
    await pass("other-camera", 6, 8, { camera: "back" });
    await pass("longer", 6, 20);
    const between = await lost(35, 47);
    await pass("first", 40, 42);
    await pass("second", 41, 43);
    const named = await lost(65, 77);
    await pass("third", 70, 72, { clipId: named });
    await pass("fourth", 70, 72);
    const late = await lost(80, 92);
    await pass("has-one", 85, 87, { clipId: "another" });
    await s.close();

    const again = await station({}, s.folder, "boot-2", { kind });
    assert.is(again.repaired.adopted, 4);
    const passOf = async (id: string) => (await again.store.clips.find(id))?.passId;
    assert.is(await passOf(alone), "alone");
    assert.is(await passOf(between), null);
    assert.is(await passOf(named), "third");
    assert.is(await passOf(late), null);
    const clipOf = async (id: string) => (await again.store.passes.find(id))?.clipId;
    assert.is(await clipOf("alone"), alone);
    assert.is(await clipOf("third"), named);
    assert.is(await clipOf("has-one"), "another");
    assert.is(await clipOf("fourth"), null);
    assert.is((await again.store.clips.find(alone))?.endedAt, noon + 13_000);
    // So an erasure finds them.
    const { files: erased } = await again.store.upkeep.erase("AB12CDE");
    assert.equal([...erased].sort(), [files.get(alone)!, files.get(named)!].sort());
    await again.close();
  });

  test(`what was cut for a promise and not entered is made anew, and of an erased plate nothing comes back (${kind})`, async () => {
    const s = await station({}, undefined, "boot-1", { kind });
    const request = { camera: "front", from: noon, to: noon + 1e6, kind: "known" as const, createdAt: noon };
    mkdirSync(join(s.recordings, "_clips"));
    await s.store.passes.save(passEntry("p1", "AB12CDE"));
    await s.store.clips.want({ ...request, id: "erased", passId: "p1" });
    await s.store.clips.want({ ...request, id: "other", passId: null });
    for (const id of ["erased", "other"]) {
      await s.record();
      writeFileSync(join(s.recordings, clipPath(id)), "cut");
    }
    const { files } = await s.store.upkeep.erase("AB12CDE");
    assert.equal(files, [clipPath("erased")]);
    await s.ring.rotate();
    assert.not.ok(existsSync(join(s.recordings, clipPath("erased"))));
    await s.close();
    const again = await station({}, s.folder, "boot-2", { kind });
    assert.not.ok(existsSync(join(s.recordings, clipPath("other"))));
    assert.equal(
      (await again.store.clips.wanted()).map((r) => r.id),
      ["other"],
    );
    await again.close();
  });

  test(`a plate that is erased while its clip is promised gets none (${kind})`, async () => {
    const s = await station({}, undefined, "boot-1", { kind });
    await s.store.passes.save(passEntry("p1", "AB12CDE"));
    await s.record();
    const promise = s.clips.request({ passId: "p1", camera: "front", from: noon, to: noon + 5000 });
    await until(async () => (await s.store.clips.wanted()).length === 1, "the promise");
    await s.store.upkeep.erase("AB12CDE");
    await s.record();
    assert.is(await promise, null);
    assert.equal(await s.store.clips.all(), []);
    assert.equal(readdirSync(join(s.recordings, "_clips")), []);
    await s.close();
  });
}

test("after the loss of all rows the oldest video of all cameras is the first to go", async () => {
  const s = await station();
  for (let i = 0; i < 6; i++) await s.record({}, i % 2 === 0 ? "front" : "back");
  await s.close();
  loseStore(s.folder);
  const again = await station({}, s.folder, "boot-2");
  assert.equal(
    (await again.store.segments.all()).map((r) => r.startedAt - noon),
    [0, 4000, 8000, 12_000, 16_000, 20_000],
  );
  await again.close();
});

for (const code of ["EIO", "ESTALE", "ENOENT"])
  test(`recordings that cannot be listed at the start (${code}) are not taken for lost: files and rows stay`, async () => {
    const s = await station();
    await cut(s);
    await s.close();
    const files = filesIn(s.recordings);
    assert.ok(files.length >= 3);
    const blind = await withoutListing(code, () => station({}, s.folder, "boot-2"));
    assert.equal([blind.repaired.droppedRows, blind.repaired.removedFiles], [0, 0]);
    assert.ok(blind.repaired.newestAt !== null);
    assert.match(blind.repaired.unread, code);
    await blind.close();
    assert.equal(filesIn(s.recordings), files);
    const again = await station({}, s.folder, "boot-3");
    assert.equal([again.repaired.droppedRows, again.repaired.adopted], [0, 0]);
    assert.is((await again.store.clips.all()).length, 1);
    await again.close();
  });

test("recordings on a disk of their own are repaired although what the file system keeps for itself may not be read", async () => {
  const s = await station();
  await s.record();
  await s.close();
  loseStore(s.folder);
  const own = join(s.recordings, "lost+found");
  mkdirSync(own);
  writeFileSync(join(own, "#12"), "found by the file system");
  const { readdir } = fs;
  // As for everybody but root.
  fs.readdir = (async (path: string, options: object) => {
    const names = await readdir(path);
    if (path === own || ("recursive" in options && names.includes("lost+found")))
      throw Object.assign(new Error("EACCES: scandir"), { code: "EACCES", path: own });
    return readdir(path, options);
  }) as typeof readdir;
  syncBuiltinESMExports();
  try {
    const again = await station({}, s.folder, "boot-2");
    assert.equal([again.repaired.adopted, again.repaired.removedFiles, again.repaired.unread], [1, 0, ""]);
    await again.close();
  } finally {
    fs.readdir = readdir;
    syncBuiltinESMExports();
  }
  assert.ok(existsSync(join(own, "#12")));
});

test("a finished file without one picture is removed at once: no row would count it", async () => {
  const s = await station();
  await s.record();
  const kept = filesIn(s.recordings);
  const path = join(s.recordings, "front", "20260105T130000000Z.mp4");
  writeFileSync(path, segmentPieces()[0]!);
  await s.ring.addSegment("front", { path, startedAt: noon, endedAt: noon });
  assert.equal(filesIn(s.recordings), kept);
  assert.is(s.ring.status().unusable, 1);
  await s.close();
});

test.run();
