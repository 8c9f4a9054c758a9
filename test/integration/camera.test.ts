import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Camera, SegmentFile } from "../../src/camera/camera.js";
import { createFragmentReader } from "../../src/camera/fragments.js";
import { type CameraOptions, openCamera } from "../../src/camera/open.js";
import { demoClip } from "../../src/camera/source.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { codedPictures, digest, makeFilm, picturesOf } from "../support/film.js";
import { temporaryFolder } from "../support/folder.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const roundabout = process.env.PLATEGATE_FILM ?? "../shared/data/videos/uk-roundabout-720p.mp4";
const folder = temporaryFolder();
const live = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1";

function camera(options: Partial<CameraOptions>): Camera & { segments: SegmentFile[]; opened: string[] } {
  const segments: SegmentFile[] = [];
  const opened: string[] = [];
  const part = openCamera(
    { source: "demo", analysisFps: 15, mode: "run", recordingFolder: null, segmentSeconds: 2, ...options },
    {
      clock: systemClock,
      log: silentLog,
      onSegment: (s) => segments.push(s),
      onSegmentOpened: (s) => opened.push(s.path),
    },
  );
  return { ...part, segments, opened };
}

/** Takes frames until the condition holds. */
async function watchUntil(part: Camera, condition: () => boolean, limit = 2000): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > limit) throw new Error(`${limit} frames in vain`);
    assert.ok(await part.nextFrame(), `no frame: ${part.status().problem}`);
  }
}

const fragments = (file: string) =>
  createFragmentReader()
    .push(readFileSync(file))
    .filter((p) => p.kind === "fragment");

test("the demo clip is a film of 24 s with every frame in it", async () => {
  assert.equal(await picturesOf(demoClip), { pictures: 360, lastMs: (359 * 1000) / 15, problem: "" });
  assert.ok(statSync(demoClip).size <= 1_500_000);
});

test("a film of a real road gives all its frames with their times", async () => {
  if (!existsSync(roundabout)) return skipLoudly("the film of a real road", `${roundabout} is not here`);
  const { pictures, lastMs } = await picturesOf(roundabout);
  assert.is(pictures, 140);
  assert.ok(Math.abs(lastMs - (139 * 1000) / 30) < 1);
});

test("frames larger than the analysis wants are scaled with their shape kept, smaller ones are left alone", async () => {
  for (const [from, to] of [
    [
      [1920, 1080],
      [1280, 720],
    ],
    [
      [1600, 1200],
      [960, 720],
    ],
    [
      [720, 1280],
      [405, 720],
    ],
    [
      [333, 205],
      [333, 205],
    ],
  ] as const) {
    const part = camera({
      source: `videotestsrc is-live=true ! video/x-raw,width=${from[0]},height=${from[1]},framerate=10/1`,
    });
    const frame = await part.nextFrame();
    await part.close();
    assert.equal([frame?.width, frame?.height], to);
    assert.is(frame?.rgb.length, to[0] * to[1] * 3);
  }
});

test(
  "no more frames come than are wanted, and none is older than it says",
  scoped(async (use) => {
    const part = use(camera({ source: live, analysisFps: 5 }));
    const first = await part.nextFrame();
    let last = first;
    for (let n = 0; n < 10; n++) last = await part.nextFrame();
    const seconds = (last!.atMs - first!.atMs) / 1000;
    assert.ok(10 / seconds < 6, `${10 / seconds} frames a second`);
    assert.ok(last!.atMs <= systemClock.monotonicMs());
  }),
);

const hostile: [string, (file: string) => void][] = [
  ["an empty file", (file) => writeFileSync(file, "")],
  ["a text", (file) => writeFileSync(file, "hello, I am a film\n".repeat(100))],
  [
    "random bytes",
    (file) =>
      writeFileSync(file, Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i * 31 + i * 7) & 255))),
  ],
  [
    "a film without its end",
    (file) => {
      writeFileSync(file, readFileSync(demoClip));
      truncateSync(file, 200);
    },
  ],
  [
    "a film with sound only",
    (file) => makeFilm(file, "audiotestsrc num-buffers=50 ! audioconvert ! avenc_aac ! mp4mux"),
  ],
  [
    "a picture named like a film",
    (file) => makeFilm(file, "videotestsrc num-buffers=1 ! video/x-raw,width=64,height=64 ! pngenc"),
  ],
];
for (const [what, write] of hostile) {
  test(`${what} fails with one sentence when it is watched`, async () => {
    const file = join(temporaryFolder(), "bad.mp4");
    write(file);
    const { pictures, problem } = await picturesOf(file);
    if (what.startsWith("a picture")) assert.ok(pictures <= 1);
    else {
      assert.is(pictures, 0);
      assert.match(problem, /^[^\n]*bad\.mp4[^\n]*\.$/, `"${problem}"`);
    }
  });
}

test("a film that is cut off gives the frames before the cut", async () => {
  const file = join(temporaryFolder(), "cut.mp4");
  makeFilm(
    file,
    "videotestsrc num-buffers=100 ! video/x-raw,width=320,height=240,framerate=10/1 ! x264enc key-int-max=10 ! h264parse ! mp4mux faststart=true",
  );
  truncateSync(file, Math.round(statSync(file).size * 0.6));
  const { pictures } = await picturesOf(file);
  assert.ok(pictures > 20 && pictures < 100, `${pictures} pictures`);
});

test("a camera that is not there is a state that can be closed, by each of its names", async () => {
  for (const source of [
    "v4l2:/dev/video77",
    "libcamera:",
    "nvargus:0",
    "rtsp://127.0.0.1:1/cam",
    "/nowhere/film.mp4",
    "no-such-element ! x",
  ]) {
    const part = camera({ source });
    const frame = part.nextFrame();
    await until(() => part.status().problem !== "", `a problem of ${source}`);
    assert.is(part.status().state, "retrying");
    assert.match(part.status().problem, /^[^\n]+; trying again every \d+ s\.$/);
    await part.close();
    assert.is(await frame, null);
  }
});

test(
  "pictures that change their size in flight go on coming, and the recording goes on in files that play",
  scoped(async (use) => {
    const part = (width: number, height: number, pattern: string) =>
      `videotestsrc num-buffers=60 pattern=${pattern} ! video/x-raw,width=${width},height=${height},framerate=15/1 ! c.`;
    const source = `${part(640, 360, "smpte")} ${part(320, 240, "ball")} concat name=c ! identity sync=true`;
    const recorded = use(camera({ source, recordingFolder: join(folder, "changing"), segmentSeconds: 2 }));
    const sizes: string[] = [];
    while (recorded.segments.length < 4) {
      const frame = await recorded.nextFrame();
      const size = `${frame?.width}x${frame?.height}`;
      if (sizes.at(-1) !== size) sizes.push(size);
    }
    assert.equal(sizes.slice(0, 2), ["640x360", "320x240"]);
    await recorded.close();
    for (const { path } of recorded.segments) assert.ok((await picturesOf(path)).pictures > 0, path);
    assert.is(recorded.status().recordingProblem, undefined);
  }),
);

test(
  "a stream is recorded untouched: the files hold the camera's own pictures, in order, none lost",
  scoped(async (use) => {
    const part = use(camera({ recordingFolder: join(folder, "copy") }));
    await watchUntil(part, () => part.segments.length >= 2);
    await part.close();
    const files = part.segments.map((s) => s.path);
    const recorded = Buffer.concat(files.map(codedPictures));
    const original = codedPictures(demoClip).subarray(0, recorded.length);
    assert.ok(recorded.length > 50_000);
    assert.is(digest(recorded), digest(original));
    for (const [i, s] of part.segments.slice(1).entries()) {
      assert.ok(Math.abs(s.startedAt - part.segments[i]!.endedAt) <= 25, "without a gap");
    }
  }),
);

test("each recorded file plays by itself from its first picture to its last", async () => {
  const files = readdirSync(join(folder, "copy")).filter((name) => name.endsWith(".mp4"));
  assert.ok(files.length >= 2);
  for (const name of files) {
    const file = join(folder, "copy", name);
    const length = fragments(file).reduce((ms, f) => ms + (f.kind === "fragment" ? f.durationMs : 0), 0);
    const { pictures, problem } = await picturesOf(file);
    assert.is(problem, "");
    assert.is(pictures, Math.round((length / 1000) * 15), name);
  }
});

test(
  "pictures without a codec are encoded: a key frame a second, files that play, names that tell the time",
  scoped(async (use) => {
    const part = use(camera({ source: live, recordingFolder: join(folder, "encoded") }));
    const before = Date.now();
    await watchUntil(part, () => part.segments.length >= 2);
    await part.close();
    for (const { path, startedAt, endedAt } of part.segments) {
      assert.ok(startedAt >= before - 1000 && startedAt <= endedAt && endedAt <= Date.now() + 200);
      for (const f of fragments(path)) assert.ok(f.kind === "fragment" && f.key && f.durationMs <= 1100);
      assert.ok((await picturesOf(path)).pictures > 0);
    }
  }),
);

test("a recording that is killed plays up to its last second, and the next process reports it", async () => {
  const folder = join(temporaryFolder(), "front");
  mkdirSync(folder);
  const script = fileURLToPath(new URL("../support/record-live.js", import.meta.url));
  const child = spawn(process.execPath, [script, live, folder, "60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  child.stdout.on("data", (chunk) => said.push(String(chunk)));
  await until(() => said.join("").includes("opened"), "the first file");
  const file = /opened (\S+)/.exec(said.join(""))![1]!;
  await until(() => fragments(file).length >= 3, "three fragments on the card");
  child.kill("SIGKILL");
  await once(child, "exit");
  const { pictures, problem } = await picturesOf(file);
  assert.is(problem, "");
  assert.ok(pictures >= 40, `${pictures} pictures`);
  const next = camera({ source: live, recordingFolder: folder });
  await next.nextFrame();
  await next.close();
  assert.is(next.segments[0]?.path, file);
  assert.equal(
    readdirSync(folder).filter((name) => name.endsWith(".open")),
    [],
  );
});

test("a folder of photos is a camera; what is no photo is passed over", async () => {
  const folder = temporaryFolder();
  makeFilm(join(folder, "b.jpg"), "videotestsrc num-buffers=1 ! video/x-raw,width=64,height=48 ! jpegenc");
  makeFilm(join(folder, "a.png"), "videotestsrc num-buffers=1 ! video/x-raw,width=32,height=24 ! pngenc");
  writeFileSync(join(folder, "c.jpg"), "no photo");
  writeFileSync(join(folder, "notes.txt"), "no photo");
  const part = camera({ source: folder, mode: "watch", analysisFps: 4 });
  const sizes: number[] = [];
  for (let frame = await part.nextFrame(); frame !== null; frame = await part.nextFrame())
    sizes.push(frame.width);
  assert.equal(sizes, [...Array(8).fill(32), ...Array(8).fill(64)]);
  assert.is(part.status().state, "ended");
  const empty = camera({ source: temporaryFolder(), mode: "watch" });
  assert.is(await empty.nextFrame(), null);
  assert.match(empty.status().problem, /holds no photo/);
});

test("a folder of photos that are taken away ends in one sentence, not in an endless search", async () => {
  const folder = temporaryFolder();
  makeFilm(join(folder, "a.jpg"), "videotestsrc num-buffers=1 ! video/x-raw,width=64,height=48 ! jpegenc");
  let warnings = 0;
  const part = openCamera(
    { source: folder, analysisFps: 30, mode: "run", recordingFolder: null, segmentSeconds: 2 },
    { clock: systemClock, log: { ...silentLog, warn: () => warnings++ } },
  );
  assert.ok(await part.nextFrame());
  rmSync(join(folder, "a.jpg"));
  const end = (async () => {
    while ((await part.nextFrame()) !== null) {
      // The photo that was read stands for its second.
    }
  })();
  await Promise.race([end, until(() => warnings > 50, "the end")]);
  await part.close();
  assert.is(warnings, 1);
  assert.equal(
    [part.status().state, part.status().problem],
    ["failed", `No file in ${folder} can be read as a picture.`],
  );
});

test.run();
