/**
 * The process of one camera: frames → observer → sightings. Forked by eye.ts; the first message says which camera.
 * Native code that can crash or leak lives here, away from the gate.
 */

import type { Camera } from "../camera/camera.js";
import { openCamera } from "../camera/open.js";
import { systemClock as clock } from "../system/clock.js";
import { createLog, type Log } from "../system/log.js";
import { createObserver, type Observer } from "../vision/observer.js";
import { openVision } from "../vision/vision.js";
import { createTally } from "./figures.js";
import { createLivePicture } from "./live-picture.js";
import type { EyeStart, FromEye, ToEye } from "./protocol.js";

/** Share of the configured confidence at which a detection still continues a track. */
const weak = 0.5;

let stop: () => void = () => leave(0);
const live = createLivePicture(clock, (jpeg, atMs) => send({ type: "live", jpeg, atMs }));

process.on("message", (message: ToEye) => {
  if (message.type === "start") {
    run(message).then(
      () => leave(0),
      (error) => {
        void send({ type: "problem", sentence: sentence(error) }).then(() => leave(1));
      },
    );
  } else if (message.type === "live") live.request(message);
  else stop();
});
// The gate is gone: an eye without a gate has nobody to tell.
process.on("disconnect", () => stop());
// The gate decides when an eye ends, also when a terminal or systemd signals the whole group.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => stop());

async function run(start: EyeStart): Promise<void> {
  const log = createLog(start.logLevel ?? "info", `eye:${start.camera}`);
  const tally = createTally(clock);
  let camera: Camera | null = null;
  let stopping = false;
  const beat = () => {
    if (camera !== null) void send({ type: "figures", figures: tally.figures(camera.status()) });
  };
  const beating = setInterval(beat, 1000);
  stop = () => {
    stopping = true;
    // Should GStreamer hang, the process ends all the same; the recording loses its last fragment.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 4000).unref();
    void camera?.close();
  };

  camera = openCamera(
    {
      source: start.source,
      analysisFps: start.analysisFps,
      mode: "run",
      recordingFolder: start.recordingFolder,
      segmentSeconds: start.segmentSeconds,
    },
    {
      clock,
      log,
      onSegment: (segment) => void send({ type: "segment", camera: start.camera, segment }),
      onSegmentOpened: (segment) => void send({ type: "segment-opened", camera: start.camera, segment }),
    },
  );
  const observer = await openObserver(start, log);
  beat();
  while (!stopping) {
    const frame = await camera.nextFrame();
    if (frame === null) break;
    const ageMs = clock.monotonicMs() - frame.atMs;
    const seen = await observer?.observe(frame);
    for (const sighting of seen?.sightings ?? []) void send({ type: "sighting", sighting });
    tally.frame(seen?.looked ?? false, seen?.stages ?? {}, ageMs);
    live.offer(frame, seen?.plates ?? []);
    // The models block the loop while they work; `stop` and the wish for pictures get their turn here.
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const sighting of (await observer?.finish()) ?? []) await send({ type: "sighting", sighting });
  clearInterval(beating);
  await camera.close();
  if (!stopping) await send({ type: "problem", sentence: camera.status().problem });
}

/** null: the models cannot be used. The camera is watched and recorded all the same, and the gate is told why. */
async function openObserver(start: EyeStart, log: Log): Promise<Observer | null> {
  try {
    const { modelsFolder, threads, enhance = false, zone, minConfidence } = start;
    const vision = await openVision({
      modelsFolder,
      threads,
      enhance,
      zone,
      minConfidence: minConfidence * weak,
    });
    await send({ type: "ready", models: vision.models() });
    const session = `${clock.wallMs().toString(36)}-${process.pid.toString(36)}`;
    const { camera, looksFirst } = start;
    return createObserver({ vision, camera, session, minConfidence, looksFirst });
  } catch (error) {
    log.error({ err: sentence(error) }, "No plates are read.");
    await send({ type: "problem", sentence: `No plates are read: ${sentence(error)}` });
    return null;
  }
}

/** Resolves when the message is handed over, or can never be. */
function send(message: FromEye): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}

/** Ends the process even where a thread of a binding never comes back, which a plain exit would wait for. */
function leave(code: number): void {
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 1000).unref();
  process.exit(code);
}

function sentence(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}
