import { join } from "node:path";
import { type Quad, quadOf } from "../../src/core/geometry.js";
import type { PlateRead } from "../../src/core/plate.js";
import { addRead, emptyVote, tally } from "../../src/core/vote.js";
import { loadPicture, type Picture } from "../../src/system/picture.js";
import type { Enhancer } from "../../src/vision/enhancer.js";
import type { Fusion } from "../../src/vision/fusion.js";
import type { CropReading, Reader } from "../../src/vision/reader.js";
import { drawPlate, plausiblePlate } from "../support/plate-drawing.js";
import { type Random, seeded } from "../support/random.js";
import { type Degrading, degrade, shaken } from "./degrading.js";
import { cropRecords } from "./real-crops.js";
import { percent, printTable } from "./table.js";

/** A clean plate with its corners and text. */
export interface CleanPlate {
  picture: Picture;
  quad: Quad;
  text: string;
}

const FRAMES = 5;
export const conditions: { name: string; view: (random: Random) => Degrading }[] = [
  ...[8, 10, 12, 14, 16].map((heightPx) => ({
    name: `height ${heightPx} px`,
    view: () => ({ heightPx, focusPx: 0.4 }),
  })),
  ...[3, 5, 7, 9].map((motionPx) => ({
    name: `motion blur ${motionPx} px at 24 px`,
    view: () => ({ heightPx: 24, motionPx }),
  })),
  ...[20, 40].map((noise) => ({ name: `noise ${noise} at 20 px`, view: () => ({ heightPx: 20, noise }) })),
  ...[0.1, 0.05].map((light) => ({
    name: `light ${light} at 24 px`,
    view: () => ({ heightPx: 24, light, noise: 2.5 }),
  })),
  { name: "infrared at 14 px", view: () => ({ heightPx: 14, infrared: true, noise: 8 }) },
  {
    name: "glare at 20 px",
    view: (r) => ({ heightPx: 20, glare: { x: r.next(), y: r.next(), radius: r.between(0.1, 0.25) } }),
  },
  { name: "good: 30 px", view: () => ({ heightPx: 30 }) },
];

/** Clean plates drawn by this project. */
export async function drawnPlates(count: number): Promise<CleanPlate[]> {
  const plates: CleanPlate[] = [];
  for (let i = 0; i < count; i++) {
    const random = seeded(9000 + i);
    const text = plausiblePlate(random);
    const drawn = await drawPlate(
      { text, heightPx: 60, turn: random.between(-3, 3), noise: 0 },
      random,
      480,
      192,
    );
    plates.push({ picture: drawn, quad: drawn.quad, text });
  }
  return plates;
}

/** Sharp real crops of a split. */
export async function sharpCrops(data: string, split: string, most: number): Promise<CleanPlate[]> {
  const plates: CleanPlate[] = [];
  for (const r of cropRecords(data, split)) {
    if (r.text === undefined || r.text.length > 12 || r.script !== undefined || r.box[3] < 26) continue;
    if (plates.length < most)
      plates.push({
        picture: await loadPicture(join(data, "crops", r.image)),
        quad: quadOf(r.box),
        text: r.text,
      });
  }
  return plates;
}

const ways = [
  "1 frame",
  "1 enhanced",
  `${FRAMES} voted`,
  "enhanced, voted",
  "crops fused",
  "fused, enhanced",
  "voted with fused",
] as const;
type Way = (typeof ways)[number];

/** Every plate under every condition, read in every way; paired, so that each way sees the same frames. */
export async function benchHard(
  title: string,
  plates: readonly CleanPlate[],
  reader: Reader,
  enhancer: Enhancer | null,
  fusion: Fusion,
) {
  const rows: (string | number)[][] = [];
  const all: Record<Way, boolean>[] = [];
  for (const [c, { name, view }] of conditions.entries()) {
    const here: Record<Way, boolean>[] = [];
    for (const [i, plate] of plates.entries()) {
      const random = seeded(31 * i + 7919 * c + 5);
      here.push(await readInEveryWay(plate, view(random), random, reader, enhancer, fusion));
    }
    rows.push([name, ...ways.map((w) => percent(here.filter((one) => one[w]).length, here.length))]);
    if (!name.startsWith("good")) all.push(...here);
  }
  rows.push([
    "mean of the bad ones",
    ...ways.map((w) => percent(all.filter((one) => one[w]).length, all.length)),
  ]);
  printTable(
    `${title}: ${plates.length} plates for each row, read without an error, %`,
    ["condition", ...ways],
    rows,
  );
  for (const [with_, without] of [
    ["1 enhanced", "1 frame"],
    ["enhanced, voted", `${FRAMES} voted`],
    ["crops fused", `${FRAMES} voted`],
    ["fused, enhanced", `${FRAMES} voted`],
    ["voted with fused", `${FRAMES} voted`],
  ] as const) {
    const won = all.filter((one) => one[with_] && !one[without]).length;
    const lost = all.filter((one) => !one[with_] && one[without]).length;
    console.log(`${with_} against ${without}: ${won} won, ${lost} lost of ${all.length}`);
  }
}

async function readInEveryWay(
  plate: CleanPlate,
  view: Degrading,
  random: Random,
  reader: Reader,
  enhancer: Enhancer | null,
  fusion: Fusion,
): Promise<Record<Way, boolean>> {
  const crops: Picture[] = [];
  for (let f = 0; f < FRAMES; f++) {
    const near = { ...view, heightPx: view.heightPx * random.between(0.96, 1.04) };
    const seen = await degrade(plate.picture, plate.quad, near, random);
    const crop = reader.straighten(seen.picture, shaken(seen.quad, random));
    if (crop !== null) crops.push(crop);
  }
  const raw = await reader.readCrops(crops);
  const better = enhancer === null ? crops : await enhancer.enhance(crops);
  const enhanced = await reader.readCrops(better);
  const fused =
    fusion.fuse(crops.map((crop, i) => ({ crop, weight: 0.05 + raw[i]!.read.score })))?.crop ?? crops[0]!;
  const [fusedRaw] = await reader.readCrops([fused]);
  const [fusedBetter] =
    enhancer === null ? [fusedRaw] : await reader.readCrops(await enhancer.enhance([fused]));
  const right = (text: string | undefined) => text === plate.text;
  return {
    "1 frame": right(raw[0]!.read.text),
    "1 enhanced": right(enhanced[0]!.read.text),
    [`${FRAMES} voted`]: right(voted(raw)),
    "enhanced, voted": right(voted(enhanced)),
    "crops fused": right(fusedRaw!.read.text),
    "fused, enhanced": right(fusedBetter!.read.text),
    "voted with fused": right(voted([...raw, fusedBetter!])),
  } as Record<Way, boolean>;
}

function voted(readings: readonly CropReading[]): string | undefined {
  const reads: PlateRead[] = readings.filter((r) => r.kind !== "none").map((r) => r.read);
  return tally(reads.reduce((v, r) => addRead(v, r), emptyVote))?.plate;
}
