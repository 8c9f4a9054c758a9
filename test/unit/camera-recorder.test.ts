import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentFile } from "../../src/camera/camera.js";
import { createFragmentReader } from "../../src/camera/fragments.js";
import { createRecorder } from "../../src/camera/recorder.js";
import { segmentName, segmentStart } from "../../src/camera/segment-name.js";
import { bootId } from "../../src/system/boot.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { type SegmentShape, segmentBytes } from "../support/segments.js";
import { skipLoudly } from "../support/skip.js";
import { mountSmall } from "../support/small-disk.js";
import { until } from "../support/until.js";

const start = Date.UTC(2026, 4, 1, 6, 30);

function kit(folder = join(temporaryFolder(), "front"), segmentSeconds = 2) {
  const clock = fakeClock(start);
  const segments: SegmentFile[] = [];
  const opened: string[] = [];
  const recorder = createRecorder(
    { folder, segmentSeconds },
    {
      clock,
      log: silentLog,
      onSegment: (s) => segments.push(s),
      onSegmentOpened: (s) => opened.push(s.path),
    },
  );
  /** The fragments of a stream, each when it is complete. */
  function stream(shape: Partial<SegmentShape>): void {
    for (const part of createFragmentReader().push(segmentBytes(shape))) {
      if (part.kind === "fragment") clock.advance(part.durationMs);
      recorder.push(part.data);
    }
  }
  return { folder, clock, segments, opened, recorder, stream };
}

test("a stream becomes files of the wanted length that follow each other without a gap", async () => {
  const { recorder, stream, segments, opened, folder } = kit();
  await recorder.recover();
  stream({ seconds: 7 });
  await recorder.finish();
  assert.equal(
    segments.map((s) => [s.startedAt - start, s.endedAt - start]),
    [
      [0, 2000],
      [2000, 4000],
      [4000, 6000],
      [6000, 7000],
    ],
  );
  assert.equal(
    opened,
    segments.map((s) => s.path),
  );
  assert.equal(readdirSync(folder).sort(), segments.map((s) => segmentName(s.startedAt)).sort());
});

test("every file stands on its own: header first, time from zero, key frame first", async () => {
  const { recorder, stream, segments } = kit();
  await recorder.recover();
  stream({ seconds: 5 });
  await recorder.finish();
  for (const { path } of segments) {
    const [header, first] = createFragmentReader().push(readFileSync(path));
    assert.is(header?.kind, "header");
    assert.ok(first?.kind === "fragment" && first.key && first.startMs === 0, path);
  }
});

test("the pictures in the files are those of the stream, none twice and none lost", async () => {
  const { recorder, stream, segments } = kit();
  await recorder.recover();
  stream({ seconds: 6, perFragment: 7 });
  await recorder.finish();
  const pictures = (bytes: Buffer) =>
    createFragmentReader()
      .push(bytes)
      .flatMap((p) => (p.kind === "fragment" ? [p.data.subarray(p.data.readUInt32BE(0))] : []));
  const written = segments.flatMap((s) => pictures(readFileSync(s.path)));
  assert.ok(
    Buffer.concat(written).equals(Buffer.concat(pictures(segmentBytes({ seconds: 6, perFragment: 7 })))),
  );
});

test("a clock that is set changes the names of the files to come, not the length of any", async () => {
  const { recorder, segments, clock } = kit();
  await recorder.recover();
  const parts = createFragmentReader().push(segmentBytes({ seconds: 4 }));
  for (const [i, part] of parts.entries()) {
    if (part.kind === "fragment") clock.advance(1000);
    recorder.push(part.data);
    // Let the file of the first two seconds be opened by the old time.
    await new Promise((resolve) => setImmediate(resolve));
    if (i === 2) clock.jumpWall(3_600_000);
  }
  await recorder.finish();
  assert.equal(
    segments.map((s) => s.endedAt - s.startedAt),
    [2000, 2000],
  );
  assert.is(segments[1]!.startedAt - segments[0]!.startedAt, 3_602_000);
});

test("what an earlier process left unfinished is reported once, with its start from the name", async () => {
  const { recorder, folder, segments } = kit();
  mkdirSync(folder, { recursive: true });
  const name = segmentName(start - 60_000);
  writeFileSync(join(folder, name), segmentBytes());
  writeFileSync(join(folder, `${name}.open`), "");
  writeFileSync(join(folder, "20200101T000000000Z.mp4.open"), "");
  await recorder.recover();
  await recorder.recover();
  assert.equal(
    segments.map((s) => [s.path, s.startedAt]),
    [[join(folder, name), start - 60_000]],
  );
  assert.equal(readdirSync(folder), [name]);
});

test("a segment tells the monotonic moment of its first picture, also one that a killed process left unfinished", async () => {
  const killed = kit(undefined, 2);
  await killed.recorder.recover();
  const begunMs = killed.clock.monotonicMs();
  killed.stream({ seconds: 3 });
  await killed.recorder.idle();
  assert.equal(
    killed.segments.map((s) => s.startedMonotonicMs),
    [begunMs],
  );
  const next = kit(killed.folder);
  await next.recorder.recover();
  assert.equal(
    next.segments.map((s) => [s.path, s.startedMonotonicMs]),
    [[join(killed.folder, segmentName(start + 2000)), begunMs + 2000]],
  );
  await killed.recorder.finish();
});

test("of a file of another boot nobody knows the monotonic moment", async () => {
  const { recorder, folder, segments } = kit();
  mkdirSync(folder, { recursive: true });
  for (const [n, note] of ["another-boot 1000", `${bootId()} `, `${bootId()} 10e9x`].entries()) {
    writeFileSync(join(folder, segmentName(start + n)), segmentBytes());
    writeFileSync(join(folder, `${segmentName(start + n)}.open`), note);
  }
  await recorder.recover();
  assert.equal(
    segments.map((s) => "startedMonotonicMs" in s),
    [false, false, false],
  );
});

test("while a file is being written a mark lies beside it, and it can be read up to the last fragment", async () => {
  const { recorder, stream, folder } = kit(undefined, 60);
  await recorder.recover();
  stream({ seconds: 3 });
  const path = join(folder, segmentName(start));
  // The fourth fragment would come a second later; three are written.
  await recorder.idle();
  assert.ok(existsSync(`${path}.open`));
  assert.equal(
    createFragmentReader()
      .push(readFileSync(path))
      .map((p) => p.kind),
    ["header", "fragment", "fragment", "fragment"],
  );
  assert.is(recorder.current()?.path, path);
  await recorder.finish();
  assert.not(existsSync(`${path}.open`));
});

test("a folder that cannot be made is said at once", async () => {
  const blocked = join(temporaryFolder(), "file");
  writeFileSync(blocked, "");
  const { recorder } = kit(join(blocked, "front"));
  const refused = await recorder.recover().then(
    () => "",
    (error: Error) => error.message,
  );
  assert.match(refused, /ENOTDIR|EEXIST/);
});

test("a folder that vanishes is a problem that is told, and recording goes on when it is back", async () => {
  const { recorder, stream, folder, segments } = kit();
  await recorder.recover();
  rmSync(folder, { recursive: true });
  stream({ seconds: 2 });
  await recorder.idle();
  assert.match(recorder.problem(), /ENOENT|no such/);
  await recorder.recover();
  stream({ seconds: 3 });
  await recorder.finish();
  assert.is(recorder.problem(), "");
  assert.ok(segments.length > 0 && segments.every((s) => existsSync(s.path)));
});

test("a full card is told, and what fits again is recorded again", async () => {
  const folder = join(temporaryFolder(), "full");
  if (!mountSmall(folder, 1))
    return skipLoudly("recording on a full card", "no small file system can be mounted here");
  const { recorder, stream, segments } = kit(join(folder, "front"));
  await recorder.recover();
  stream({ seconds: 20, bytesPerPicture: 20_000 });
  await recorder.idle();
  assert.is(recorder.problem(), "there is no space left");
  for (const s of segments) rmSync(s.path, { force: true });
  stream({ seconds: 4 });
  await recorder.finish();
  assert.is(recorder.problem(), "");
  const last = segments.at(-1)!;
  assert.ok(createFragmentReader().push(readFileSync(last.path)).length > 1);
  execFileSync("umount", [folder]);
});

test("what a card is too slow for is left out and said, and the files hold what it took", async () => {
  const { recorder, stream, segments } = kit(undefined, 60);
  await recorder.recover();
  stream({ seconds: 2 });
  while (recorder.current() === null) await new Promise((resolve) => setImmediate(resolve));
  stream({ seconds: 40, bytesPerPicture: 200_000 });
  assert.is(recorder.problem(), "the card is too slow");
  assert.ok(recorder.left() > 0);
  const said: string[] = [];
  for (let done = false; !done; ) {
    void recorder.idle().then(() => (done = true));
    await new Promise((resolve) => setImmediate(resolve));
    if (said.at(-1) !== recorder.problem()) said.push(recorder.problem());
  }
  await recorder.finish();
  assert.equal(
    said.filter((problem) => problem !== ""),
    ["the card is too slow"],
  );
  for (const { path } of segments)
    assert.ok(createFragmentReader().push(readFileSync(path)).length > 1, path);
});

test("a card that has hung for ten seconds is told, until it answers", async () => {
  const { recorder, stream, folder, clock, segments } = kit();
  await recorder.recover();
  // Nobody reads it: whoever opens it for writing waits, as for a card that hangs.
  const hanging = join(folder, `${segmentName(start)}.open`);
  execFileSync("mkfifo", [hanging]);
  stream({ seconds: 1 });
  assert.is(recorder.problem(), "");
  await until(() => {
    clock.advance(1000);
    return recorder.problem() !== "";
  }, "a problem");
  assert.is(recorder.problem(), "the card does not answer");
  await readFile(hanging);
  await recorder.finish();
  assert.is(recorder.problem(), "");
  assert.ok(segments.length > 0);
});

test("a muxer that writes rubbish is a problem, not a crash", async () => {
  const { recorder } = kit();
  await recorder.recover();
  recorder.push(Buffer.alloc(100));
  assert.match(recorder.problem(), /box of 0 bytes/);
  await recorder.finish();
});

test("the name of a file tells its first moment", () => {
  assert.is(segmentName(Date.UTC(2026, 10, 23, 6, 45, 1, 7)), "20261123T064501007Z.mp4");
  assert.is(segmentStart("20261123T064501007Z.mp4"), Date.UTC(2026, 10, 23, 6, 45, 1, 7));
  for (const other of ["20261123T064501007Z.mp4.open", "x.mp4", "20261399T996699007Z.mp4"]) {
    assert.is(segmentStart(other), null);
  }
});

test.run();
