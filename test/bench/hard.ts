import { join } from "node:path";
import { type Quad, quadOf } from "../../src/core/geometry.js";
import { addRead, emptyVote, type Tally, tally, tallyWith, type Vote } from "../../src/core/vote.js";
import { loadPicture, type Picture } from "../../src/system/picture.js";
import type { Enhancer } from "../../src/vision/enhancer.js";
import type { Fusion } from "../../src/vision/fusion.js";
import { createOverlay } from "../../src/vision/overlay.js";
import { type CropReading, type Reader, together } from "../../src/vision/reader.js";
import { weightOf } from "../../src/vision/stacks.js";
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
  "1 both",
  `${FRAMES} voted`,
  "enhanced, voted",
  "both, voted",
  "crops fused",
  "fused, enhanced",
  "voted with fused",
  "all together",
] as const;
type Way = (typeof ways)[number];
/** What each way is compared with. */
const rivals: readonly (readonly [Way, Way])[] = [
  ["1 enhanced", "1 frame"],
  ["1 both", "1 frame"],
  ["enhanced, voted", `${FRAMES} voted`],
  ["both, voted", `${FRAMES} voted`],
  ["crops fused", `${FRAMES} voted`],
  ["fused, enhanced", "crops fused"],
  ["voted with fused", `${FRAMES} voted`],
  ["all together", "voted with fused"],
];

/** One answer: right or not, and whether it was given at 0.9 or more. */
interface Answer {
  right: boolean;
  sure: boolean;
}
type Answers = Record<Way, Answer>;

/** The models and what is made of them. */
export interface HardTools {
  reader: Reader;
  enhancer: Enhancer;
  fusion: Fusion;
}

/** Every plate under every condition, read in every way; paired, so that each way sees the same frames. */
export async function benchHard(title: string, plates: readonly CleanPlate[], tools: HardTools) {
  const rows: (string | number)[][] = [];
  const bad: Answers[] = [];
  const row = (name: string, of: readonly Answers[]) =>
    rows.push([name, ...ways.map((w) => percent(of.filter((one) => one[w].right).length, of.length))]);
  for (const [c, { name, view }] of conditions.entries()) {
    const here: Answers[] = [];
    for (const [i, plate] of plates.entries()) {
      const random = seeded(31 * i + 7919 * c + 5);
      here.push(await readInEveryWay(plate, view(random), random, tools));
    }
    row(name, here);
    if (!name.startsWith("good")) bad.push(...here);
  }
  row("mean of the bad ones", bad);
  printTable(
    `${title}: ${plates.length} plates for each row, read without an error, %`,
    ["condition", ...ways],
    rows,
  );
  const pairs = rivals.map(([way, rival]) => [
    `${way} against ${rival}`,
    bad.filter((one) => one[way].right && !one[rival].right).length,
    bad.filter((one) => !one[way].right && one[rival].right).length,
    ...[rival, way].map((w) => {
      const sure = bad.filter((one) => one[w].sure);
      return `${sure.length} / ${sure.filter((one) => !one[w].right).length}`;
    }),
  ]);
  printTable(
    `${title}: the same plates in two ways, of ${bad.length}`,
    ["ways", "won", "lost", "at 0.9 / of these wrong, before", "after"],
    pairs,
  );
}

async function readInEveryWay(
  plate: CleanPlate,
  view: Degrading,
  random: Random,
  { reader, enhancer, fusion }: HardTools,
): Promise<Answers> {
  const crops: Picture[] = [];
  for (let f = 0; f < FRAMES; f++) {
    const near = { ...view, heightPx: view.heightPx * random.between(0.96, 1.04) };
    const seen = await degrade(plate.picture, plate.quad, near, random);
    const crop = reader.straighten(seen.picture, shaken(seen.quad, random));
    if (crop !== null) crops.push(crop);
  }
  const raw = await reader.readCrops(crops);
  const enhanced = await reader.readCrops(await enhancer.enhance(crops));
  const mixed = raw.map((one, i) => both(one, enhanced[i]!));
  const weighed = crops.map((crop, i) => ({ crop, weight: weightOf(raw[i]!.read) }));
  const fused = fusion.fuse(weighed)?.crop ?? crops[0]!;
  const [fusedRaw] = await reader.readCrops([fused]);
  const [fusedBetter] = await reader.readCrops(await enhancer.enhance([fused]));
  const single = (r: CropReading): Answer => ({
    right: r.read.text === plate.text,
    sure: r.read.score >= 0.9,
  });
  const answer = (t: Tally | null): Answer => ({
    right: t?.plate === plate.text,
    sure: (t?.probability ?? 0) >= 0.9,
  });
  const overlaid = await createOverlay(fusion, reader).read(weighed);
  return {
    "1 frame": single(raw[0]!),
    "1 enhanced": single(enhanced[0]!),
    "1 both": single(mixed[0]!),
    [`${FRAMES} voted`]: answer(tally(voteOf(raw))),
    "enhanced, voted": answer(tally(voteOf(enhanced))),
    "both, voted": answer(tally(voteOf(mixed))),
    "crops fused": single(fusedRaw!),
    "fused, enhanced": single(fusedBetter!),
    "voted with fused": answer(tallyWith(voteOf(raw), overlaid)),
    "all together": answer(tallyWith(voteOf(mixed), overlaid)),
  } as Answers;
}

/** As the reader does it with a plate that it cannot read surely. */
function both(raw: CropReading, enhanced: CropReading): CropReading {
  return raw.read.score >= 0.9 ? raw : together([raw, enhanced])!;
}

function voteOf(readings: readonly CropReading[]): Vote {
  return readings.filter((r) => r.kind !== "none").reduce((v, r) => addRead(v, r.read), emptyVote);
}
