/**
 * How well the shipped models find and read: drawn plates always, real pictures where the data folder is present.
 *
 *   npm run bench:accuracy -- [--models DIR] [--data DIR] [--split val] [--plates N] [--only crops|scenes|drawn|tracks|hard|views]
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { createEnhancer } from "../../src/vision/enhancer.js";
import { createFusion } from "../../src/vision/fusion.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { createOverlay } from "../../src/vision/overlay.js";
import { WEAKEST } from "../../src/vision/photo.js";
import { createPixels } from "../../src/vision/pixels.js";
import { createReader } from "../../src/vision/reader.js";
import { openModel } from "../../src/vision/session.js";
import { openVision } from "../../src/vision/vision.js";
import { benchHard, drawnPlates, sharpCrops } from "./hard.js";
import { findAndReadCrops, printCrops, readCrops } from "./real-crops.js";
import { findInScenes, printScenes } from "./real-scenes.js";
import { benchRendered } from "./rendered.js";
import { drivenTracks, printTracks, simulatedTracks } from "./tracks.js";
import { benchViews } from "./views.js";

const { values } = parseArgs({
  options: {
    models: { type: "string" },
    data: { type: "string", default: process.env.PLATEGATE_DATA ?? "../shared/data" },
    split: { type: "string", default: "val" },
    plates: { type: "string", default: "40" },
    only: { type: "string" },
  },
});
const folder = modelsFolder(values.models);
const present = existsSync(values.data);
const wants = (part: string) => values.only === undefined || values.only === part;
if (!present) console.log(`${values.data}: no real pictures here; only drawn plates are scored.`);

if (present && wants("crops")) {
  const model = await openModel(folder, "reader", 1);
  const reader = createReader(model, createPixels());
  printCrops("Real crops, read by the annotated box", await readCrops(values.data, reader, values.split));
  await model.close();
}
if (wants("tracks")) {
  printTracks("Simulated tracks", simulatedTracks(500));
  if (present) {
    const model = await openModel(folder, "reader", 1);
    const reader = createReader(model, createPixels(), { otherCuts: 1 });
    const overlay = createOverlay(createFusion(reader.size.width, reader.size.height), reader);
    printTracks(
      "Tracks driven from real crops",
      await drivenTracks(values.data, values.split, reader, overlay),
    );
    await model.close();
  }
}
if (wants("hard")) {
  const model = await openModel(folder, "reader", 1);
  const enhancerModel = await openModel(folder, "enhancer", 1);
  const reader = createReader(model, createPixels());
  const enhancer = createEnhancer(enhancerModel);
  const fusion = createFusion(reader.size.width, reader.size.height);
  const count = Number(values.plates);
  const tools = { reader, enhancer, fusion };
  await benchHard("Drawn plates made worse", await drawnPlates(count), tools);
  if (present) {
    const crops = await sharpCrops(values.data, values.split, 2 * count);
    await benchHard(`Real crops (${values.split}) made worse`, crops, tools);
  }
  await model.close();
  await enhancerModel.close();
}
if (wants("crops") || wants("scenes") || wants("drawn") || wants("views")) {
  const vision = await openVision({
    modelsFolder: folder,
    threads: 1,
    minConfidence: WEAKEST,
    thorough: true,
  });
  if (present && wants("crops"))
    printCrops("Real crops, found and read", await findAndReadCrops(values.data, vision, values.split));
  if (present && wants("scenes")) printScenes(await findInScenes(values.data, vision, values.split));
  if (present && wants("views")) await benchViews(values.data, vision, "held-out");
  if (wants("drawn")) await benchRendered(vision, Number(values.plates));
  await vision.close();
}
