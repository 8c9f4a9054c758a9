/**
 * How fast the eye's work is on whole 720p frames with a plate in view: frames a second, every stage, memory.
 *
 *   npm run bench -- [--models DIR] [--threads N] [--frames N] [--video FILE]
 */
import { parseArgs } from "node:util";
import { openCamera } from "../../src/camera/open.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { createObserver, type TimedPicture } from "../../src/vision/observer.js";
import { openVision } from "../../src/vision/vision.js";
import { drawPlate } from "../support/plate-drawing.js";
import { seeded } from "../support/random.js";
import { printTable, quantile } from "./table.js";

const { values } = parseArgs({
  options: {
    models: { type: "string" },
    threads: { type: "string", default: "1" },
    frames: { type: "string", default: "300" },
    video: { type: "string" },
  },
});
const vision = await openVision({
  modelsFolder: modelsFolder(values.models),
  threads: Number(values.threads),
  minConfidence: 0.2,
});
const observer = createObserver({
  vision,
  camera: "bench",
  session: "0",
  minConfidence: 0.35,
  motionGate: false,
});
const frames = values.video === undefined ? await drawnFrames() : await filmFrames(values.video);
const wanted = Number(values.frames);

for (let i = 0; i < 20; i++) await observer.observe({ ...frames[i % frames.length]!, atMs: i });
const times = new Map<string, number[]>();
let looked = 0;
const started = performance.now();
for (let i = 0; i < wanted; i++) {
  const before = performance.now();
  const { stages } = await observer.observe({ ...frames[i % frames.length]!, atMs: 1000 + i * 40 });
  note("whole frame", performance.now() - before);
  for (const [name, ms] of Object.entries(stages)) note(name, ms);
  looked++;
}
const seconds = (performance.now() - started) / 1000;
await vision.close();

const rows = [...times].map(([name, ms]) => [
  name,
  ms.length,
  quantile(ms, 0.5).toFixed(2),
  quantile(ms, 0.95).toFixed(2),
]);
printTable(
  `Eye, ${values.threads} thread(s), ${frames[0]!.width}x${frames[0]!.height}`,
  ["stage", "times", "p50 ms", "p95 ms"],
  rows,
);
console.log(
  `\n${(looked / seconds).toFixed(1)} frames/s, memory ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
);

function note(name: string, ms: number): void {
  const list = times.get(name) ?? [];
  list.push(ms);
  times.set(name, list);
}

/** A car that drives up: 30 drawn frames. */
async function drawnFrames(): Promise<TimedPicture[]> {
  const out: TimedPicture[] = [];
  for (let i = 0; i < 30; i++) {
    out.push({
      ...(await drawPlate({ text: "KX51ABC", heightPx: 18 * 1.03 ** i, turn: 2 }, seeded(5), 1280, 720)),
      atMs: 0,
    });
  }
  return out;
}

async function filmFrames(source: string): Promise<TimedPicture[]> {
  const options = {
    source,
    analysisFps: 60,
    mode: "watch",
    recordingFolder: null,
    segmentSeconds: 10,
  } as const;
  const camera = openCamera(options, { clock: systemClock, log: silentLog });
  const out: TimedPicture[] = [];
  for (let f = await camera.nextFrame(); f !== null && out.length < 40; f = await camera.nextFrame())
    out.push({ ...f, rgb: Buffer.from(f.rgb) });
  await camera.close();
  if (out.length === 0) throw new Error(camera.status().problem);
  return out;
}
