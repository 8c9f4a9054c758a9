import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentRecord } from "../../src/core/records.js";
import { joinFilm } from "../../src/recording/film.js";
import { readVideo, VideoError } from "../../src/recording/mp4-read.js";
import { type Part, writeFilm } from "../../src/recording/mp4-write.js";
import { temporaryFolder } from "../support/folder.js";
import { forSeeds } from "../support/random.js";
import { type SegmentShape, segmentBytes, segmentPieces } from "../support/segments.js";

const folder = temporaryFolder();

function segment(name: string, startedAt: number, shape: Partial<SegmentShape> = {}): SegmentRecord {
  const bytes = segmentBytes(shape);
  writeFileSync(join(folder, name), bytes);
  const seconds = shape.seconds ?? 4;
  return {
    id: name,
    camera: "front",
    path: name,
    startedAt,
    endedAt: startedAt + seconds * 1000,
    bytes: bytes.length,
  };
}

test("a film holds the very bytes of the pictures, in order, from the key picture before its beginning", async () => {
  const segments = [segment("a.mp4", 0, { mark: 1 }), segment("b.mp4", 4000, { mark: 2 })];
  const film = (await joinFilm(folder, segments, 3300, 5500, join(folder, "film.mp4")))!;
  assert.equal([film.startedAt, film.endedAt], [3000, 5500]);
  const bytes = readFileSync(join(folder, "film.mp4"));
  const { samples } = await readVideo(join(folder, "film.mp4"));
  const pictures = samples.map((s) => [bytes[s.offset + 8], bytes.readUInt32BE(s.offset + 4)]);
  assert.equal(pictures, [
    ...Array.from({ length: 10 }, (_, i) => [1, 30 + i]),
    ...Array.from({ length: 15 }, (_, i) => [2, i]),
  ]);
  assert.equal(
    samples.map((s, i) => (s.isKey ? i : -1)).filter((i) => i >= 0),
    [0, 10, 20],
  );
});

test("a film of many hours can be written and read, also where no two pictures stand equally long", async () => {
  const { path } = segment("long.mp4", 0, { fps: 25, seconds: 20, perFragment: 250, bytesPerPicture: 20 });
  const video = await readVideo(join(folder, path));
  const samples = video.samples.map((s, i) => ({
    ...s,
    duration: 39 + (i % 3),
    displayOffset: 40 * (i % 3),
  }));
  const parts = Array.from(
    { length: 400 },
    (): Part => ({ path: join(folder, path), video, samples, gapMs: 0 }),
  );
  const bytes = await writeFilm(join(folder, "film.mp4"), parts);
  assert.is(readFileSync(join(folder, "film.mp4")).length, bytes);
  const film = await readVideo(join(folder, "film.mp4"));
  assert.is(film.samples.length, 400 * 500);
  assert.equal(
    film.samples.slice(-3).map((s) => s.duration),
    samples.slice(-3).map((s) => s.duration),
  );
});

test("where the camera changed its format the stretch of one format that shows most is kept, and said", async () => {
  const segments = [
    segment("c.mp4", 0, { seconds: 2 }),
    segment("d.mp4", 2000, { format: "B" }),
    segment("e.mp4", 6000, { format: "B" }),
  ];
  const film = (await joinFilm(folder, segments, 500, 9000, join(folder, "film.mp4")))!;
  assert.equal([film.startedAt, film.endedAt], [2000, 9000]);
  assert.match(film.notes.join(), "format");
});

test("where the camera changed its format the part is kept that shows most of the wanted time, however long its file is", async () => {
  const segments = [
    segment("g.mp4", 0, { seconds: 10 }),
    segment("h.mp4", 10_000, { seconds: 8, format: "B" }),
  ];
  const film = (await joinFilm(folder, segments, 9000, 17_000, join(folder, "film.mp4")))!;
  assert.equal([film.startedAt, film.endedAt], [10_000, 17_000]);
  const turned = (await joinFilm(folder, segments, 3000, 11_000, join(folder, "film.mp4")))!;
  assert.equal([turned.startedAt, turned.endedAt], [3000, 10_000]);
});

test("missing and broken segments are left out and named; of nothing usable there is no film and no file", async () => {
  const good = segment("f.mp4", 4000);
  const gone = { ...good, id: "x", path: "gone.mp4", startedAt: 0, endedAt: 4000 };
  const rubbish = { ...good, id: "y", path: "rubbish.mp4", startedAt: 8000, endedAt: 12_000 };
  writeFileSync(join(folder, "rubbish.mp4"), "not a video".repeat(500));
  const film = (await joinFilm(folder, [gone, good, rubbish], 0, 12_000, join(folder, "film.mp4")))!;
  assert.is(film.notes.length, 2);
  assert.equal([film.startedAt, film.endedAt], [4000, 8000]);
  mkdirSync(join(folder, "none"));
  assert.is(await joinFilm(folder, [gone, rubbish], 0, 12_000, join(folder, "none", "film.mp4")), null);
  assert.throws(() => readFileSync(join(folder, "none", "film.mp4")), /ENOENT/);
});

/** Runs `task` while the bytes of this file from `at` on cannot be read, as on a card with a bad sector. */
async function withBadSector<T>(path: string, at: number, task: () => Promise<T>): Promise<T> {
  const handle = await open(path);
  const shared = Object.getPrototypeOf(handle);
  await handle.close();
  const { read } = shared;
  const { ino } = statSync(path);
  shared.read = async function (buffer: Buffer, offset: number, length: number, position: number) {
    if ((await this.stat()).ino !== ino || position + length <= at)
      return read.call(this, buffer, offset, length, position);
    if (position < at) return read.call(this, buffer, offset, at - position, position);
    throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
  };
  try {
    return await task();
  } finally {
    shared.read = read;
  }
}

test("of a segment with a bad sector what lies in front of it is kept, and it is named", async () => {
  // All pictures in one fragment: their beginnings can be read, the middle of one cannot.
  const segments = [segment("g.mp4", 0), segment("h.mp4", 4000, { perFragment: 40 }), segment("i.mp4", 8000)];
  const { samples } = await readVideo(join(folder, "h.mp4"));
  const target = join(folder, "film.mp4");
  const film = await withBadSector(join(folder, "h.mp4"), samples[39]!.offset + 100, () =>
    joinFilm(folder, segments, 0, 12_000, target),
  );
  assert.equal([film?.startedAt, film?.endedAt], [0, 12_000]);
  assert.match(film!.notes.join(), "h.mp4");
  const found = await readVideo(target);
  assert.is(found.samples.length, 40 + 39 + 40);
  const none = await withBadSector(join(folder, "h.mp4"), 0, () =>
    joinFilm(folder, segments, 0, 12_000, target),
  );
  assert.is((await readVideo(target)).samples.length, 80);
  assert.match(none!.notes.join(), "h.mp4");
});

test("where nothing can be read the failure is told: the card may be there again later", async () => {
  const only = segment("j.mp4", 0);
  const failure = await withBadSector(join(folder, "j.mp4"), 0, () =>
    joinFilm(folder, [only], 0, 4000, join(folder, "film.mp4")).catch((error: Error) => error),
  );
  assert.instance(failure, Error);
});

test("a file that stops anywhere keeps every whole picture before that place", async () => {
  const pieces = segmentPieces({ seconds: 3 });
  const bytes = Buffer.concat(pieces);
  const path = join(folder, "torn.mp4");
  let least = 0;
  for (let length = pieces[0]!.length + 1; length <= bytes.length; length += 97) {
    writeFileSync(path, bytes.subarray(0, length));
    const samples = await readVideo(path).then(
      (v) => v.samples.length,
      () => 0,
    );
    assert.ok(samples >= least, `${samples} pictures of ${length} bytes`);
    least = samples;
    writeFileSync(path, Buffer.concat([bytes.subarray(0, length), Buffer.alloc(bytes.length - length)]));
    const zeroed = await readVideo(path).then(
      (v) => v.samples.length,
      () => 0,
    );
    assert.ok(
      zeroed >= samples && zeroed <= samples + 1,
      `${zeroed} pictures with zeros after ${length} bytes, ${samples} without`,
    );
  }
  assert.ok(least >= 29);
});

test("damaged files never do worse than one clear refusal", async () => {
  const whole = segmentBytes({ seconds: 2, bytesPerPicture: 40 });
  const files: Buffer[] = [];
  forSeeds(1000, (random) => {
    const bytes = Buffer.from(whole);
    for (let n = random.whole(1, 30); n > 0; n--)
      bytes[random.whole(0, bytes.length - 1)] = random.whole(0, 255);
    files.push(random.chance(0.3) ? bytes.subarray(0, random.whole(0, bytes.length)) : bytes);
  });
  for (const [seed, bytes] of files.entries()) {
    const path = join(folder, "damaged.mp4");
    writeFileSync(path, bytes);
    try {
      const video = await readVideo(path);
      for (const s of video.samples)
        assert.ok(
          s.offset >= 0 && s.offset + s.bytes <= bytes.length,
          `seed ${seed}: a picture outside the file`,
        );
      assert.ok(video.samples.length <= bytes.length);
    } catch (error) {
      assert.instance(error, VideoError, `seed ${seed}: ${(error as Error).stack}`);
    }
  }
});

test.run();
