import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEye, type Eye, type EyeEvent } from "../../src/eye/eye.js";
import type { EyeStart } from "../../src/eye/protocol.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { loadPicture } from "../../src/system/picture.js";
import { picturesOf } from "../support/film.js";
import { temporaryFolder } from "../support/folder.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";

const modelsFolder = fileURLToPath(new URL("../../../models", import.meta.url));
const hasModels = existsSync(join(modelsFolder, "manifest.json"));

function eyeOf(wish: Partial<EyeStart>): Eye & { events: EyeEvent[] } {
  const start: EyeStart = {
    type: "start",
    camera: "front",
    source: "demo",
    direction: "both",
    analysisFps: 15,
    recordingFolder: null,
    segmentSeconds: 2,
    modelsFolder,
    threads: 1,
    looksFirst: false,
    minConfidence: 0.35,
    zone: [0, 0, 1, 1],
    logLevel: "silent",
    ...wish,
  };
  const eye = createEye(start, { clock: systemClock, log: silentLog });
  const events: EyeEvent[] = [];
  eye.on((event) => events.push(event));
  eye.start();
  return { ...eye, events };
}

const of = <T extends EyeEvent["type"]>(eye: { events: EyeEvent[] }, type: T) =>
  eye.events.filter((e): e is Extract<EyeEvent, { type: T }> => e.type === type);
const running = (eye: { events: EyeEvent[] }) =>
  of(eye, "figures").at(-1)?.figures.camera.state === "running";
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test(
  "an eye reads the demo film: both plates, with the picture they were read from",
  scoped(async (use) => {
    const eye = use(eyeOf({}));
    await until(() => running(eye), "the first figures", 60_000);
    if (!hasModels) {
      assert.match(of(eye, "problem")[0]?.sentence ?? "", /No plates are read/);
      return;
    }
    const seen = (plate: string) =>
      of(eye, "sighting").filter((e) => e.sighting.plate === plate && e.sighting.probability > 0.9);
    await until(() => seen("PG26DEM").length > 0 && seen("XB71NOT").length > 0, "both plates", 120_000);
    const withFrame = of(eye, "sighting").find((e) => e.sighting.frame !== undefined)!.sighting;
    const picture = await loadPicture(withFrame.frame!);
    assert.equal([picture.width, picture.height], [withFrame.frameWidth, withFrame.frameHeight]);
    assert.ok(withFrame.lastFrameAtMs <= systemClock.monotonicMs(), "one clock for both processes");
  }),
);

test(
  "an eye that is killed while it records comes back by itself and loses no finished second",
  scoped(async (use) => {
    const folder = join(temporaryFolder(), "front");
    const eye = use(eyeOf({ recordingFolder: folder, segmentSeconds: 60 }));
    await until(() => of(eye, "segment-opened").length > 0 && running(eye), "a recording", 60_000);
    const file = of(eye, "segment-opened")[0]!.segment.path;
    const before = of(eye, "figures").length;
    await until(() => of(eye, "figures").length >= before + 3, "three more beats");
    const { pid } = eye.state();
    process.kill(pid!, "SIGKILL");
    await until(() => eye.state().state === "away", "away");
    assert.match(eye.state().cause, /SIGKILL/);
    await until(() => eye.state().state === "here" && eye.state().pid !== pid, "a new eye");
    console.log(
      `      back after ${Date.now() - of(eye, "state").findLast((e) => e.state.state === "away")!.state.since} ms`,
    );
    await until(
      () => of(eye, "segment").some((e) => e.segment.path === file),
      "the segment that was cut off",
    );
    assert.ok((await picturesOf(file)).pictures >= 15);
  }),
);

test(
  "live pictures come while somebody watches, no wider than wanted, and then no more",
  scoped(async (use) => {
    const eye = use(eyeOf({}));
    await until(() => running(eye), "the first figures", 60_000);
    assert.equal(of(eye, "live"), []);
    eye.requestLive({ forMs: 700, maxFps: 10, widthPx: 320 });
    await until(() => of(eye, "live").length >= 2, "live pictures");
    const picture = await loadPicture(of(eye, "live")[0]!.jpeg);
    assert.equal([picture.width, picture.height], [320, 180]);
    const quiet = () => {
      const beats = of(eye, "figures").length;
      const pictures = of(eye, "live").length;
      return until(() => of(eye, "figures").length >= beats + 2, "two beats").then(
        () => of(eye, "live").length === pictures,
      );
    };
    await until(quiet, "silence");
  }),
);

test("an eye whose camera or models are not there lives, says so, and stops when it is told", async () => {
  const eye = eyeOf({ source: "v4l2:/dev/video77", modelsFolder: "/nowhere" });
  await until(() => of(eye, "problem").length > 0, "the problem with the models", 60_000);
  assert.match(of(eye, "problem")[0]!.sentence, /^No plates are read: /);
  await until(() => of(eye, "figures").some((e) => e.figures.camera.state === "retrying"), "retrying");
  assert.match(of(eye, "figures").at(-1)!.figures.camera.problem, /\/dev\/video77/);
  const { pid } = eye.state();
  await eye.close();
  assert.not(isAlive(pid!));
  assert.is(eye.state().restarts, 0);
});

test("an eye whose gate is gone ends by itself", async () => {
  const gate = spawn(process.execPath, ["--input-type=module", "-e", gateScript], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  gate.stdout.on("data", (chunk) => (said += chunk));
  await until(() => /here (\d+)/.test(said), "the eye of another gate", 60_000).finally(() =>
    gate.kill("SIGKILL"),
  );
  const pid = Number(/here (\d+)/.exec(said)![1]);
  await until(() => !isAlive(pid), "the end of the eye");
});

const gateScript = `
  import { createEye } from ${JSON.stringify(new URL("../../src/eye/eye.js", import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL("../../src/system/clock.js", import.meta.url).href)};
  import { silentLog } from ${JSON.stringify(new URL("../../src/system/log.js", import.meta.url).href)};
  const start = { type: "start", camera: "front", source: "demo", direction: "both", analysisFps: 15, recordingFolder: null,
    segmentSeconds: 2, modelsFolder: "/nowhere", threads: 1, minConfidence: 0.35, zone: [0, 0, 1, 1], logLevel: "silent" };
  const eye = createEye(start, { clock: systemClock, log: silentLog });
  eye.on((e) => e.type === "figures" && console.log("here " + eye.state().pid));
  eye.start();
`;

test.run();
