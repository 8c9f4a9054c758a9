import { EventEmitter } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEye, type EyeEvent, type EyeProcess } from "../../src/eye/eye.js";
import { createTally } from "../../src/eye/figures.js";
import { createLivePicture, overlay } from "../../src/eye/live-picture.js";
import type { EyeFigures, EyeStart, FromEye, ToEye } from "../../src/eye/protocol.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { until } from "../support/until.js";

const start: EyeStart = {
  type: "start",
  camera: "front",
  source: "demo",
  direction: "both",
  analysisFps: 15,
  recordingFolder: null,
  segmentSeconds: 10,
  modelsFolder: "models",
  threads: 1,
  looksFirst: false,
  minConfidence: 0.35,
  zone: [0, 0, 1, 1],
};

const figures = (rssBytes = 1e8): EyeFigures => ({
  camera: { state: "running", problem: "", frames: 1, dropped: 0, reconnects: 0 },
  fps: 15,
  idleFrames: 0,
  lookedFrames: 1,
  stages: {},
  rssBytes,
});

function kit(fork?: () => EyeProcess, clock = fakeClock()) {
  const children: FakeChild[] = [];
  const events: EyeEvent[] = [];
  const eye = createEye(start, {
    clock,
    log: silentLog,
    fork:
      fork ??
      (() => {
        const child = fakeChild(4_000_000 + children.length);
        children.push(child);
        return child.process;
      }),
  });
  eye.on((event) => events.push(event));
  return {
    clock,
    children,
    events,
    eye,
    states: () => events.flatMap((e) => (e.type === "state" ? [e.state.state] : [])),
  };
}

interface FakeChild {
  process: EyeProcess;
  told: ToEye[];
  killed: string[];
  say(message: FromEye): void;
  die(code: number | null, signal?: string): void;
}

function fakeChild(pid: number): FakeChild {
  const emitter = new EventEmitter();
  const told: ToEye[] = [];
  const killed: string[] = [];
  const child = {
    pid,
    connected: true,
    kill: (signal: string) => killed.push(signal) > 0,
    send: (message: ToEye) => told.push(message) > 0,
    on: emitter.on.bind(emitter),
  };
  return {
    process: child as unknown as EyeProcess,
    told,
    killed,
    say: (message) => emitter.emit("message", message),
    die(code, signal) {
      child.connected = false;
      emitter.emit("exit", code, signal ?? null);
    },
  };
}

test("an eye gets its start message first and is here with its first beat", () => {
  const { eye, children, states } = kit();
  assert.is(eye.state().state, "stopped");
  eye.start();
  eye.start();
  assert.equal(children.length, 1);
  assert.equal(children[0]!.told, [start]);
  assert.is(eye.state().state, "starting");
  children[0]!.say({ type: "figures", figures: figures() });
  assert.equal(states(), ["starting", "here"]);
  assert.is(eye.state().pid, 4_000_000);
});

test("an eye that dies is away with its cause, and back well within two seconds", () => {
  const { eye, children, clock } = kit();
  eye.start();
  children[0]!.say({ type: "figures", figures: figures() });
  clock.advance(60_000 - 55_000);
  children[0]!.die(null, "SIGSEGV");
  assert.equal(
    [eye.state().state, eye.state().cause, eye.state().restarts],
    ["away", "it was ended by SIGSEGV", 1],
  );
  clock.advance(200);
  assert.is(children.length, 2);
  assert.equal(children[1]!.told, [start]);
});

test("a silent eye is killed and started again", () => {
  const { eye, children, clock } = kit();
  eye.start();
  children[0]!.say({ type: "ready", models: {} });
  for (let n = 0; n < 5; n++) {
    clock.advance(1000);
    children[0]!.say({ type: "figures", figures: figures() });
  }
  clock.advance(5999);
  assert.equal(children[0]!.killed, []);
  clock.advance(1);
  assert.equal(children[0]!.killed, ["SIGKILL"]);
  assert.match(eye.state().cause, /fell silent for 6 s/);
  clock.advance(200);
  assert.is(children.length, 2);
});

test("what a killed eye still says is not heard any more", () => {
  const { eye, children, clock, events } = kit();
  eye.start();
  clock.advance(30_000);
  const before = events.length;
  children[0]!.say({ type: "problem", sentence: "late" });
  children[0]!.die(null, "SIGKILL");
  assert.is(events.length, before);
  clock.advance(200);
  assert.is(children.length, 2);
});

test("an eye that has not beaten yet gets more time: models load slowly", () => {
  const { eye, children, clock } = kit();
  eye.start();
  clock.advance(29_999);
  assert.equal(children[0]!.killed, []);
  clock.advance(1);
  assert.match(eye.state().cause, /did not start for 30 s/);
});

test("loading the models may take the loop for longer than silence may last, and a slow machine gets more time each try", () => {
  const { eye, children, clock } = kit();
  eye.start();
  for (const [i, limitMs] of [30_000, 60_000, 120_000, 240_000, 240_000].entries()) {
    children[i]!.say({ type: "figures", figures: figures() });
    clock.advance(limitMs - 1);
    assert.equal(children[i]!.killed, [], `try ${i}`);
    clock.advance(1);
    assert.equal(children[i]!.killed, ["SIGKILL"], `try ${i}`);
    clock.advance(200);
  }
  children[5]!.say({ type: "figures", figures: figures() });
  children[5]!.say({ type: "problem", sentence: "No plates are read." });
  clock.advance(6000);
  assert.match(eye.state().cause, /fell silent/);
});

test("eyes that die young are started after growing waits, half a minute at most", () => {
  const { eye, children, clock } = kit();
  eye.start();
  const waits: number[] = [];
  for (let n = 0; n < 10; n++) {
    clock.advance(500);
    children.at(-1)!.die(1);
    let waited = 0;
    for (; children.length === n + 1; waited += 100) clock.advance(100);
    waits.push(waited);
  }
  assert.equal(waits, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  // One that lives is forgiven.
  for (let n = 0; n < 25; n++) {
    clock.advance(1000);
    children.at(-1)!.say({ type: "figures", figures: figures() });
  }
  const count = children.length;
  children.at(-1)!.die(1);
  clock.advance(200);
  assert.is(children.length, count + 1);
});

test("an eye that eats the memory is started anew", () => {
  const { eye, children, clock } = kit();
  eye.start();
  children[0]!.say({ type: "figures", figures: figures(1.2e9) });
  assert.equal(children[0]!.killed, ["SIGKILL"]);
  assert.match(eye.state().cause, /1200 MB of memory/);
  clock.advance(400);
  assert.is(children.length, 2);
});

test("a fork that fails is an absence, never an exception", () => {
  let tries = 0;
  const { eye, clock } = kit(() => {
    tries++;
    throw new Error("EAGAIN");
  });
  eye.start();
  assert.match(eye.state().cause, /could not be started \(EAGAIN\)/);
  clock.advance(200);
  assert.is(tries, 2);
});

test("a listener that throws harms neither the others nor the gate", () => {
  const { eye, children } = kit();
  const heard: string[] = [];
  eye.on(() => {
    throw new Error("no");
  });
  const stop = eye.on((event) => heard.push(event.type));
  eye.start();
  children[0]!.say({ type: "problem", sentence: "x" });
  assert.equal(heard, ["state", "problem"]);
  stop();
  children[0]!.say({ type: "problem", sentence: "y" });
  assert.equal(heard, ["state", "problem"]);
});

test("a wish for live pictures reaches the eye, and is no trouble while it is away", () => {
  const { eye, children } = kit();
  eye.requestLive({ forMs: 1000, maxFps: 5, widthPx: 640 });
  eye.start();
  eye.requestLive({ forMs: 1000, maxFps: 5, widthPx: 640 });
  assert.equal(children[0]!.told[1], { type: "live", forMs: 1000, maxFps: 5, widthPx: 640 });
  children[0]!.die(0);
  eye.requestLive({ forMs: 1000, maxFps: 5, widthPx: 640 });
  assert.is(children[0]!.told.length, 2);
});

test("closing asks first, kills later, and starts nothing any more", async () => {
  const { eye, children, clock } = kit();
  eye.start();
  let closed = false;
  const closing = eye.close().then(() => (closed = true));
  assert.equal(children[0]!.told.at(-1), { type: "stop" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.not(closed);
  clock.advance(5000);
  assert.equal(children[0]!.killed, ["SIGKILL"]);
  children[0]!.die(null, "SIGKILL");
  await closing;
  clock.advance(100_000);
  assert.is(children.length, 1);
  assert.is(eye.state().state, "stopped");
  await eye.close();
});

test("closing an eye that is away cancels its return", async () => {
  const { eye, children, clock } = kit();
  eye.start();
  children[0]!.die(1);
  await eye.close();
  clock.advance(100_000);
  assert.is(children.length, 1);
});

test("figures: rate over five seconds, stages over a minute", () => {
  const clock = fakeClock();
  const tally = createTally(clock, () => 123);
  const camera = figures().camera;
  for (let n = 0; n < 100; n++) {
    clock.advance(100);
    tally.frame(n % 2 === 0, { detect: n }, 3);
  }
  const now = tally.figures(camera);
  assert.is(Math.round(now.fps), 10);
  assert.equal([now.idleFrames, now.lookedFrames, now.rssBytes], [50, 50, 123]);
  assert.equal(now.stages.detect, { p50Ms: 50, p95Ms: 95 });
  assert.equal(now.stages.age, { p50Ms: 3, p95Ms: 3 });
  clock.advance(61_000);
  assert.equal(tally.figures(camera).stages, {});
  assert.is(tally.figures(camera).fps, 0);
});

test("live pictures are drawn only while somebody watches, and never two at once", async () => {
  const clock = fakeClock();
  const sent: number[] = [];
  let deliver = () => {};
  const live = createLivePicture(clock, (_, atMs) => {
    sent.push(atMs);
    return new Promise((resolve) => (deliver = resolve));
  });
  const picture = (atMs: number) => ({ width: 64, height: 36, rgb: Buffer.alloc(64 * 36 * 3, 90), atMs });
  live.offer(picture(1), []);
  live.request({ forMs: 1000, maxFps: 5, widthPx: 64 });
  live.offer(picture(2), []);
  clock.advance(500);
  live.offer(picture(3), []);
  await until(() => sent.length > 0, "a live picture");
  live.offer(picture(4), []);
  assert.equal(sent, [2]);
  deliver();
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(499);
  live.offer(picture(5), []);
  await until(() => sent.length > 1, "the next live picture");
  deliver();
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1);
  live.offer(picture(6), []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sent, [2, 5]);
});

for (const isSilent of [false, true])
  test(`an eye that ${isSilent ? "was silent as well" : "went on beating"} while the gate itself stood still is ${isSilent ? "" : "not "}killed`, () => {
    const clock = fakeClock();
    let lateMs = 0;
    const { eye, children } = kit(undefined, {
      ...clock,
      after: (ms, task) => clock.after(ms + lateMs, task),
    });
    eye.start();
    const child = children[0]!;
    child.say({ type: "ready", models: {} });
    lateMs = 7000;
    child.say({ type: "figures", figures: figures() });
    lateMs = 0;
    clock.advance(13_000);
    assert.equal(child.killed, []);
    if (!isSilent) child.say({ type: "figures", figures: figures() });
    clock.advance(1000);
    assert.equal(child.killed, isSilent ? ["SIGKILL"] : []);
    assert.is(eye.state().restarts, isSilent ? 1 : 0);
  });

test("boxes and texts stay inside the picture, and a text cannot become markup", () => {
  const quad = [
    [2, 2],
    [60, 2],
    [60, 14],
    [2, 14],
  ] as const;
  const svg = overlay({ width: 640, height: 360 }, [{ quad, text: '<script a="b">', probability: 0.5 }]);
  assert.not.match(svg, /<script/);
  const y = Number(/<text x="[\d.]+" y="([\d.-]+)"/.exec(svg)?.[1]);
  assert.ok(y > 0 && y < 360);
});

test.run();
