/**
 * Time of every stage on one 720p frame, with one and two threads; with `--fp32 DIR`, a folder that holds
 * detector-fp32.onnx, reader-fp32.onnx and enhancer-fp32.onnx, the float models beside. Enhancing and laying five crops over
 * each other happen to hard plates only and are no part of the frame times.
 *
 *   npm run bench:models -- [--models DIR] [--fp32 DIR] [--rounds N]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { boxAround, type Detection } from "../../src/core/geometry.js";
import { createDetector } from "../../src/vision/detector.js";
import { createEnhancer } from "../../src/vision/enhancer.js";
import { createFusion } from "../../src/vision/fusion.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { createPixels } from "../../src/vision/pixels.js";
import { createReader } from "../../src/vision/reader.js";
import { type ModelSession, openModel, openModelFile } from "../../src/vision/session.js";
import { drawPlate } from "../support/plate-drawing.js";
import { seeded } from "../support/random.js";
import { printTable, quantile } from "./table.js";

const { values } = parseArgs({
  options: {
    models: { type: "string" },
    fp32: { type: "string" },
    rounds: { type: "string", default: "200" },
  },
});
const rounds = Number(values.rounds);
const folder = modelsFolder(values.models);
const random = seeded(20);
const withPlate = await drawPlate({ text: "KX51ABC", heightPx: 28, turn: 3 }, random, 1280, 720);
const empty = { ...withPlate, rgb: Uint8Array.from(withPlate.rgb, (_, i) => 60 + ((i * 7) % 90)) };
const plate: Detection = { box: boxAround(withPlate.quad), quad: withPlate.quad, confidence: 1 };

const rows: (string | number)[][] = [];
for (const threads of [1, 2]) {
  await measure(
    "INT8",
    threads,
    await openModel(folder, "detector", threads),
    await openModel(folder, "reader", threads),
    await openModel(folder, "enhancer", threads),
  );
  if (values.fp32 !== undefined) {
    const file = (name: string) => openModelFile(join(values.fp32 as string, `${name}-fp32.onnx`), threads);
    await measure("FP32", threads, await file("detector"), await file("reader"), await file("enhancer"));
  }
}
printTable(
  `Milliseconds per 720p frame, median and 95th percentile of ${rounds} rounds`,
  [
    "models",
    "threads",
    "scale",
    "detect",
    "straighten",
    "read",
    "frame with a plate",
    "frame without",
    "enhance",
    "overlay of 5",
  ],
  rows,
);

async function measure(
  kind: string,
  threads: number,
  detectorModel: ModelSession,
  readerModel: ModelSession,
  enhancerModel: ModelSession,
) {
  const pixels = createPixels();
  const detector = createDetector(detectorModel, pixels);
  const reader = createReader(readerModel, pixels, { otherCuts: 0 });
  const enhancer = createEnhancer(enhancerModel);
  const fusion = createFusion(reader.size.width, reader.size.height);
  const times: Record<string, number[]> = {
    scale: [],
    detect: [],
    straighten: [],
    read: [],
    plate: [],
    empty: [],
    enhance: [],
    overlay: [],
  };
  for (let i = -20; i < rounds; i++) {
    const a = performance.now();
    // A new object each time: the pixels have to come in anew, as those of a camera do.
    const frame = { ...withPlate };
    const found = await detector.detect(frame, [0, 0, 1280, 720], 0.3);
    const read = await reader.read(frame, [plate]);
    const b = performance.now();
    await detector.detect({ ...empty }, [0, 0, 1280, 720], 0.3);
    const c = performance.now();
    await enhancer.enhance([read.crops[0]!]);
    const d = performance.now();
    fusion.fuse(Array.from({ length: 5 }, () => ({ crop: read.crops[0]!, weight: 1 })));
    const e = performance.now();
    if (i < 0) continue;
    const one = {
      scale: found.scaleMs,
      detect: found.detectMs,
      straighten: read.straightenMs,
      read: read.readMs,
      plate: b - a,
      empty: c - b,
      enhance: d - c,
      overlay: e - d,
    };
    for (const [name, ms] of Object.entries(one)) times[name]!.push(ms);
  }
  const cell = (name: string) =>
    `${quantile(times[name]!, 0.5).toFixed(2)} / ${quantile(times[name]!, 0.95).toFixed(2)}`;
  rows.push([
    kind,
    threads,
    ...["scale", "detect", "straighten", "read", "plate", "empty", "enhance", "overlay"].map(cell),
  ]);
  await detectorModel.close();
  await readerModel.close();
  await enhancerModel.close();
}
