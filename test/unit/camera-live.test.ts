import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Camera, Frame } from "../../src/camera/camera.js";
import type { GstBinding, GstMessage, GstSample } from "../../src/camera/gstreamer.js";
import { GstError } from "../../src/camera/gstreamer.js";
import { createLiveCamera, type LiveOptions } from "../../src/camera/live.js";
import { createRecorder, type Recorder } from "../../src/camera/recorder.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { segmentBytes } from "../support/segments.js";
import { until } from "../support/until.js";

const film = join(temporaryFolder(), "film.mp4");
writeFileSync(film, "");

/** Lets promises that are ready run. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Run {
  text: string;
  say(message: GstMessage): void;
  give(sample?: Partial<GstSample["caps"]>): void;
  stopped: boolean;
}

function kit(
  options: Partial<LiveOptions> = {},
  recorder: Recorder | null = null,
  greet = async (): Promise<string> => "",
) {
  const clock = fakeClock();
  const runs: Run[] = [];
  const properties: Record<string, unknown> = {};
  let refuse: string | null = null;
  const binding: GstBinding = {
    name: "fake",
    has: () => true,
    open(text, { onMessage }) {
      if (refuse !== null) throw new GstError(refuse);
      const ready: GstSample[] = [];
      let waiting: ((sample: GstSample | null) => void) | null = null;
      const run: Run = {
        text,
        say: onMessage,
        give(caps = {}) {
          const sample = {
            data: Buffer.alloc(2 * 4 * 3),
            caps: { width: 4, height: 2, format: "RGB", framerate: "10/1", ...caps },
          };
          if (waiting === null) ready.push(sample);
          else waiting(sample);
          waiting = null;
        },
        stopped: false,
      };
      runs.push(run);
      return {
        pull: (sink) =>
          new Promise((resolve) => {
            const sample = sink === "analysis" ? ready.shift() : null;
            if (sample !== undefined || run.stopped) resolve(sample ?? null);
            else waiting = resolve;
          }),
        property: (element, property) => properties[`${element}.${property}`],
        setProperty: () => {},
        sendEos: () => onMessage({ type: "eos" }),
        async stop() {
          run.stopped = true;
          waiting?.(null);
          waiting = null;
        },
      };
    },
  };
  const camera = createLiveCamera(
    { source: "rtsp://user:secret@cam/1", analysisFps: 10, mode: "run", ...options },
    { clock, log: silentLog, binding, recorder, greet, random: () => 0.5 },
  );
  return { clock, runs, camera, properties, refuseAll: (why: string | null) => (refuse = why) };
}

const error = (text: string, detail = ""): GstMessage => ({
  type: "error",
  element: "source",
  text,
  detail: `x.c(1): f ():\n${detail}`,
});

async function oneFrame(camera: Camera, give: () => void): Promise<Frame | null> {
  const next = camera.nextFrame();
  await turn();
  give();
  return next;
}

test("a frame comes with its size, its number and its moment", async () => {
  const { camera, runs, clock } = kit();
  const first = camera.nextFrame();
  clock.advance(100);
  await turn();
  runs[0]!.give();
  const frame = await first;
  assert.equal([frame?.width, frame?.height, frame?.sequence], [4, 2, 0]);
  assert.is(frame?.atMs, clock.monotonicMs());
  assert.is(camera.status().state, "running");
});

test("a frame that was there at once counts as old as it may be", async () => {
  const { camera, runs, clock } = kit();
  const first = await oneFrame(camera, () => runs[0]!.give());
  runs[0]!.give();
  clock.advance(80);
  const second = await camera.nextFrame();
  assert.is(second!.atMs, first!.atMs);
});

test("what waits in front of the decoder makes a frame older", async () => {
  const { camera, runs, clock, properties } = kit();
  properties["backlog.current-level-time"] = "400000000";
  const next = camera.nextFrame();
  await turn();
  clock.advance(50);
  runs[0]!.give();
  assert.is((await next)!.atMs, clock.monotonicMs() - 400);
});

test("what a silence held up counts as old as the silence, until the stream may have caught up", async () => {
  const { camera, runs, clock } = kit();
  const ageAfter = async (ms: number) => {
    const next = camera.nextFrame();
    await turn();
    clock.advance(ms);
    runs[0]!.give();
    const frame = await next;
    return clock.monotonicMs() - frame!.atMs;
  };
  for (let n = 0; n < 12; n++) assert.is(await ageAfter(100), 0);
  assert.is(await ageAfter(6000), 6000);
  assert.is(await ageAfter(100), 5900);
  assert.is(await ageAfter(900), 5000);
  // Held up once more before it had caught up.
  assert.is(await ageAfter(2000), 7000);
  for (let n = 1; n < 70; n++) assert.is(await ageAfter(100), 7000 - n * 100);
  assert.is(await ageAfter(100), 0);
  await camera.close();
});

test("a camera that sends a picture every two seconds is slow, not held up", async () => {
  const { camera, runs, clock } = kit();
  const ages: number[] = [];
  for (let n = 0; n < 20; n++) {
    const next = camera.nextFrame();
    await turn();
    clock.advance(2000);
    runs[0]!.give();
    ages.push(clock.monotonicMs() - (await next)!.atMs);
  }
  assert.equal(ages.slice(3), Array(17).fill(0));
  await camera.close();
});

test("frames that were overtaken are counted", async () => {
  const { camera, runs, properties } = kit();
  properties["rate.out"] = "1";
  await oneFrame(camera, () => runs[0]!.give());
  properties["rate.out"] = "9";
  await oneFrame(camera, () => runs[0]!.give());
  // Nine were let through, two were taken, one may still wait.
  assert.is(camera.status().dropped, 6);
});

test("rows that GStreamer padded are packed again", async () => {
  const { camera, runs } = kit();
  const next = camera.nextFrame();
  await turn();
  runs[0]!.give({ width: 3 });
  const frame = await next;
  assert.is(frame!.rgb.length, 3 * 2 * 3);
});

test("a camera that does not answer is tried again after growing waits, for ever", async () => {
  const { camera, runs, clock } = kit();
  let settled = false;
  void camera.nextFrame().then(() => (settled = true));
  const waits: number[] = [];
  for (let n = 0; n < 8; n++) {
    await turn();
    runs
      .at(-1)!
      .say(error("Could not open resource for reading and writing.", "Failed to connect. (Generic error)"));
    await turn();
    await turn();
    assert.is(camera.status().state, "retrying");
    let waited = 0;
    for (; runs.length === n + 1; waited += 250) {
      clock.advance(250);
      await turn();
    }
    waits.push(waited);
  }
  assert.equal(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  assert.match(
    camera.status().problem,
    /^The camera at rtsp:\/\/cam\/1 does not answer; trying again every \d+ s\.$/,
  );
  assert.not(settled);
  assert.ok(runs.slice(0, -1).every((r) => r.stopped));
  await camera.close();
});

test("a camera that refuses the password is asked no more than twice a minute", async () => {
  const { camera, runs, clock } = kit();
  void camera.nextFrame();
  await turn();
  runs[0]!.say(error("Unauthorized", "Unauthorized (401)"));
  await turn();
  await turn();
  assert.match(camera.status().problem, /refuses the user name or password/);
  clock.advance(29_000);
  await turn();
  assert.is(runs.length, 1);
  clock.advance(1000);
  await turn();
  assert.is(runs.length, 2);
  await camera.close();
});

test("a stream that falls silent is opened anew", async () => {
  const { camera, runs, clock } = kit({ stallMs: 5000 });
  await oneFrame(camera, () => runs[0]!.give());
  const next = camera.nextFrame();
  await turn();
  clock.advance(5000);
  await turn();
  await turn();
  assert.match(camera.status().problem, /stopped sending pictures/);
  assert.ok(runs[0]!.stopped);
  clock.advance(500);
  await turn();
  runs[1]!.give();
  assert.is((await next)?.sequence, 1);
  assert.equal(camera.status(), { state: "running", problem: "", frames: 2, dropped: 0, reconnects: 1 });
});

test("after ten good seconds the waits begin small again", async () => {
  const { camera, runs, clock } = kit();
  const next = camera.nextFrame();
  for (let n = 0; n < 4; n++) {
    await turn();
    runs.at(-1)!.say(error("Failed to connect"));
    await turn();
    await turn();
    clock.advance(15_000);
  }
  await turn();
  runs.at(-1)!.give();
  await next;
  clock.advance(10_001);
  await oneFrame(camera, () => runs.at(-1)!.give());
  const after = camera.nextFrame();
  await turn();
  const before = runs.length;
  runs.at(-1)!.say({ type: "eos" });
  await turn();
  await turn();
  clock.advance(500);
  await turn();
  assert.is(runs.length, before + 1);
  runs.at(-1)!.give();
  await after;
});

test("a film is begun again at its end without a word, as a camera never ends", async () => {
  const { camera, runs } = kit({ source: film });
  await oneFrame(camera, () => runs[0]!.give());
  const next = camera.nextFrame();
  await turn();
  runs[0]!.say({ type: "eos" });
  await turn();
  await turn();
  runs[1]!.give();
  assert.is((await next)?.sequence, 1);
  assert.is(camera.status().reconnects, 0);
});

test("a watched film has its own time, ends, and stays ended", async () => {
  const { camera, runs } = kit({ source: film, mode: "watch" });
  const frames: Frame[] = [];
  for (let n = 0; n < 3; n++) frames.push((await oneFrame(camera, () => runs[0]!.give()))!);
  assert.equal(
    frames.map((f) => f.mediaMs),
    [0, 100, 200],
  );
  assert.equal(
    frames.map((f) => f.atMs - frames[0]!.atMs),
    [0, 100, 200],
  );
  assert.is(await oneFrame(camera, () => runs[0]!.say({ type: "eos" })), null);
  assert.is(camera.status().state, "ended");
  assert.is(await camera.nextFrame(), null);
});

test("a watched source that cannot be opened fails with one sentence", async () => {
  for (const [source, mode] of [
    [film, "watch"],
    ["rtsp://cam/1", "watch"],
  ] as const) {
    const { camera, runs } = kit({ source, mode });
    const frame = await oneFrame(camera, () =>
      runs[0]!.say(error("This file contains no playable streams.", "no known streams found")),
    );
    assert.is(frame, null);
    assert.is(camera.status().state, "failed");
    assert.match(camera.status().problem, /^[^\n]+\.$/);
  }
});

test("a source that is not there yet is waited for", async () => {
  const later = join(temporaryFolder(), "later.mp4");
  const { camera, runs, clock } = kit({ source: later });
  const next = camera.nextFrame();
  await turn();
  assert.match(camera.status().problem, /does not exist/);
  writeFileSync(later, "");
  clock.advance(500);
  await turn();
  runs[0]!.give();
  assert.ok(await next);
});

test("an element that is missing is a sentence and a retry, not an exception", async () => {
  const { camera, clock, runs, refuseAll } = kit();
  refuseAll("GStreamer has no element avdec_h264 on this machine; install gstreamer1.0-libav.");
  const next = camera.nextFrame();
  await turn();
  assert.match(camera.status().problem, /install gstreamer1.0-libav; trying again/);
  refuseAll(null);
  clock.advance(500);
  await turn();
  runs[0]!.give();
  assert.ok(await next);
});

test("closing ends a wait for the camera and a wait for the next try", async () => {
  for (const disturb of [() => {}, (run: Run) => run.say(error("Failed to connect"))]) {
    const { camera, runs } = kit();
    const next = camera.nextFrame();
    await turn();
    disturb(runs[0]!);
    await turn();
    await camera.close();
    assert.is(await next, null);
    assert.ok(runs[0]!.stopped);
    assert.is(await camera.nextFrame(), null);
  }
});

test("the password stands in no status", async () => {
  const { camera, runs } = kit();
  void camera.nextFrame();
  await turn();
  runs[0]!.say(error("Could not open rtsp://user:secret@cam/1", "rtsp://user:secret@cam/1 failed oddly"));
  await turn();
  assert.not.match(JSON.stringify(camera.status()), /secret/);
  await camera.close();
});

test("the password of a pipeline that cannot be built stands in no status", async () => {
  const source = "rtspsrc location=rtsp://cam/1 user-pw=secret ! decodebin ! appsink name=analysis";
  const { camera, refuseAll } = kit({ source });
  refuseAll("The pipeline cannot be built: syntax error near user-pw=secret.");
  void camera.nextFrame();
  await turn();
  assert.match(camera.status().problem, /syntax error near user-pw=…/);
  await camera.close();
});

/** A recorder that takes everything and writes nothing. */
function recorderFake(recover: () => void | Promise<void> = () => {}): Recorder {
  return {
    recover: async () => recover(),
    push: () => {},
    finish: async () => {},
    idle: async () => {},
    changed: () => false,
    current: () => null,
    problem: () => "",
    left: () => 0,
  };
}

test("a stream that cannot be kept as it is is tried as H.265, then encoded, without a wait", async () => {
  const { camera, runs } = kit({}, recorderFake());
  const next = camera.nextFrame();
  await turn();
  assert.match(runs[0]!.text, /rtph264depay/);
  runs[0]!.say(error("Internal data stream error.", "streaming stopped, reason not-linked (-1)"));
  await turn();
  await turn();
  assert.match(runs[1]!.text, /rtph265depay/);
  runs[1]!.say(error("Internal data stream error.", "streaming stopped, reason not-negotiated (-4)"));
  await turn();
  await turn();
  assert.match(runs[2]!.text, /x264enc/);
  runs[2]!.give();
  assert.ok(await next);
  assert.is(camera.status().reconnects, 0);
});

test("a camera that is set from H.265 to H.264 is kept as it is again, not encoded for ever", async () => {
  const { camera, runs, clock } = kit({}, recorderFake());
  const linkless = error("Internal data stream error.", "streaming stopped, reason not-linked (-1)");
  const next = camera.nextFrame();
  await turn();
  runs[0]!.say(linkless);
  await turn();
  await turn();
  assert.match(runs[1]!.text, /rtph265depay/);
  runs[1]!.give();
  assert.ok(await next);
  const after = camera.nextFrame();
  runs[1]!.say({ type: "eos" });
  for (let n = 0; n < 4 && runs.length === 2; n++) {
    await turn();
    clock.advance(500);
  }
  await turn();
  assert.match(runs[2]!.text, /rtph265depay/);
  runs[2]!.say(linkless);
  await turn();
  await turn();
  assert.match(runs[3]!.text, /rtph264depay/);
  runs[3]!.give();
  assert.ok(await after);
  await camera.close();
});

test("a card that cannot be written costs the recording for a minute, never the pictures", async () => {
  let writable = false;
  const recorder = recorderFake(() => {
    if (!writable) throw new Error("EROFS: read-only file system");
  });
  const { camera, runs, clock } = kit({}, recorder);
  await oneFrame(camera, () => runs[0]!.give());
  assert.not.match(runs[0]!.text, /mp4mux/);
  assert.match(camera.status().recordingProblem ?? "", /^Nothing is recorded: .*read-only/);
  assert.is(camera.status().state, "running");
  writable = true;
  clock.advance(60_000);
  await oneFrame(camera, () => runs[0]!.give());
  await oneFrame(camera, () => runs[1]!.give());
  assert.match(runs[1]!.text, /mp4mux/);
  assert.is(camera.status().recordingProblem, undefined);
});

test("pictures are not given up for a recording that could not begin anyway", async () => {
  const recorder = recorderFake(() => {
    throw new Error("EROFS: read-only file system");
  });
  const { camera, runs, clock } = kit({}, recorder);
  for (let minute = 0; minute < 5; minute++) {
    await oneFrame(camera, () => runs.at(-1)!.give());
    await oneFrame(camera, () => runs.at(-1)!.give());
    clock.advance(60_000);
  }
  assert.is(runs.length, 1);
  assert.match(camera.status().recordingProblem ?? "", /^Nothing is recorded: .*read-only/);
  await camera.close();
});

test("a card that hangs costs the recording, not the pictures, and is asked once until it answers", async () => {
  let answer = () => {};
  let asked = 0;
  const hanging = () => new Promise<void>((resolve) => (answer = resolve));
  const recorder = { ...recorderFake(() => (++asked === 1 ? undefined : hanging())), finish: hanging };
  const { camera, runs, clock } = kit({}, recorder);
  await oneFrame(camera, () => runs[0]!.give());
  assert.match(runs[0]!.text, /mp4mux/);
  const next = camera.nextFrame();
  runs[0]!.say(error("The stream was cut."));
  // The end of the old run, the wait for the next one, and the card: none of them lasts.
  for (let n = 0; n < 5 && runs.length === 1; n++) {
    await turn();
    clock.advance(2000);
    await turn();
  }
  assert.not.match(runs[1]!.text, /mp4mux/);
  runs[1]!.give();
  assert.ok(await next);
  assert.is(camera.status().state, "running");
  assert.match(camera.status().recordingProblem ?? "", /^Nothing is recorded: the card does not answer/);
  for (let minute = 0; minute < 3; minute++) {
    clock.advance(62_000);
    await oneFrame(camera, () => runs[1]!.give());
  }
  assert.equal([runs.length, asked], [2, 2]);
  answer();
  await turn();
  clock.advance(60_000);
  assert.is(asked, 3);
  answer();
  await turn();
  await oneFrame(camera, () => runs[1]!.give());
  void camera.nextFrame();
  await turn();
  answer();
  await turn();
  assert.match(runs[2]!.text, /mp4mux/);
  answer();
  void camera.close();
});

test("what an earlier process left unfinished is told of although the camera does not answer", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "20260501T063000000Z.mp4");
  writeFileSync(path, segmentBytes());
  writeFileSync(`${path}.open`, "");
  const told: string[] = [];
  const recorder = createRecorder(
    { folder, segmentSeconds: 4 },
    { clock: fakeClock(), log: silentLog, onSegment: (segment) => told.push(segment.path) },
  );
  const { camera, clock } = kit({}, recorder, () => Promise.resolve("timed out"));
  const next = camera.nextFrame();
  await until(() => told.length > 0, "the segment", 2000);
  assert.equal(told, [path]);
  const closed = camera.close();
  clock.advance(60_000);
  assert.is(await next, null);
  await closed;
});

test.run();
