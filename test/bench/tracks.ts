import { createRequire } from "node:module";
import { join } from "node:path";
import { type Box, type Point, type Quad, quadOf, quadSize } from "../../src/core/geometry.js";
import type { PlateRead } from "../../src/core/plate.js";
import { addRead, emptyVote, type Tally, tally, tallyWith } from "../../src/core/vote.js";
import { loadPicture, type Picture } from "../../src/system/picture.js";
import type { Overlay, WeighedCrop } from "../../src/vision/overlay.js";
import type { Reader } from "../../src/vision/reader.js";
import { type Random, seeded } from "../support/random.js";
import { randomPlate, simulatedTrack } from "../support/simulated-reads.js";
import { calibrationError, cropRecords } from "./real-crops.js";
import { percent, printTable } from "./table.js";

const sharp = createRequire(import.meta.url)("sharp") as typeof import("sharp").default;

/** The readings of one car, and its plate. */
export interface ReadTrack {
  plate: string;
  reads: PlateRead[];
  /** What stands on their crops laid over each other. */
  overlaid?: PlateRead | null;
}

/** Tracks of the simulator that the unit tests use. */
export function simulatedTracks(count: number): ReadTrack[] {
  return Array.from({ length: count }, (_, i) => {
    const random = seeded(5000 + i);
    const plate = randomPlate(random);
    return { plate, reads: simulatedTrack(random, plate, random.whole(3, 12)) };
  });
}

/**
 * Tracks made from real crops: a car drives up from a distance at which its plate is hardly legible, every frame with
 * its own noise, place and corners, all with the same blur, light and compression.
 */
export async function drivenTracks(
  data: string,
  split: string,
  reader: Reader,
  overlay: Overlay,
  firstSeed = 7000,
) {
  const tracks: ReadTrack[] = [];
  for (const record of cropRecords(data, split)) {
    if (record.text === undefined || record.text.length > 12 || record.script !== undefined) continue;
    if (record.box[3] < 18) continue;
    const picture = await loadPicture(join(data, "crops", record.image));
    const random = seeded(firstSeed + tracks.length);
    const track: ReadTrack = { plate: record.text, reads: [] };
    const views: WeighedCrop[] = [];
    const [first, growth] = [random.between(11, 20), random.between(1.03, 1.12)];
    const common = {
      blur: random.between(0.3, 0.7),
      light: random.between(0.4, 1.1),
      quality: random.whole(55, 90),
      noise: random.between(2, 9),
    };
    const frames = random.whole(4, 10);
    for (let f = 0; f < frames; f++) {
      const scale = Math.min(1, (first * growth ** f) / record.box[3]);
      const seen = await degraded(picture, scale, common, random);
      const quad = shaken(quadOf(record.box), scale, random);
      const { readings, crops } = await reader.read(seen, [
        { box: record.box.map((v) => v * scale) as unknown as Box, quad, confidence: 1 },
      ]);
      const reading = readings[0];
      if (reading === null || reading === undefined || reading.kind !== "whole" || reading.read.text === "")
        continue;
      track.reads.push(reading.read);
      views.push({ crop: crops[0]!, weight: reading.read.score });
    }
    track.overlaid = await overlay.read(views);
    if (track.reads.length >= 2) tracks.push(track);
  }
  return tracks;
}

/** Prints how the ways to agree on a plate compare, and how honest the probability of the fused one is. */
export function printTracks(title: string, tracks: readonly ReadTrack[]): void {
  const share = (answer: (reads: readonly PlateRead[]) => string) =>
    percent(tracks.filter((t) => answer(t.reads) === t.plate).length, tracks.length);
  const voted = (t: ReadTrack) => t.reads.reduce((v, r) => addRead(v, r), emptyVote);
  const rows = [
    ["first frame", share((r) => r[0]!.text)],
    ["most frequent text", share(mostFrequent)],
    ["surest frame", share(surest)],
    ...fusedRows("fused", tracks, (t) => tally(voted(t))),
  ];
  if (tracks.some((t) => t.overlaid !== undefined)) {
    const known = tracks.filter((t) => t.overlaid !== null);
    rows.push([
      "crops laid over each other, read once",
      percent(known.filter((t) => t.overlaid?.text === t.plate).length, tracks.length),
    ]);
    rows.push(
      ...fusedRows("fused, with the laid over crops", tracks, (t) => tallyWith(voted(t), t.overlaid ?? null)),
    );
  }
  printTable(`${title}: ${tracks.length} tracks`, ["way", "%"], rows);
}

/** How often an answer is right, how often it is sure, how often it is right then, and how honest its probability is. */
function fusedRows(
  name: string,
  tracks: readonly ReadTrack[],
  answer: (t: ReadTrack) => Tally | null,
): string[][] {
  const fused = tracks.map((t) => {
    const one = answer(t);
    return {
      probability: one?.probability ?? 0,
      right: one?.plate === t.plate,
      listed: one?.candidates.some((c) => c.text === t.plate) === true,
    };
  });
  const sure = fused.filter((f) => f.probability >= 0.9);
  const error = calibrationError(fused.map((f) => ({ said: f.probability, right: f.right })));
  return [
    [name, percent(fused.filter((f) => f.right).length, fused.length)],
    [`${name}, right one among ten candidates`, percent(fused.filter((f) => f.listed).length, fused.length)],
    [`${name} at 0.9 or more: share of tracks`, percent(sure.length, fused.length)],
    [`${name} at 0.9 or more: of these right`, percent(sure.filter((f) => f.right).length, sure.length)],
    [`${name}, calibration error`, (100 * error).toFixed(1)],
  ];
}

export function mostFrequent(reads: readonly PlateRead[]): string {
  const counts = new Map<string, number>();
  for (const r of reads) counts.set(r.text, (counts.get(r.text) ?? 0) + 1 + 0.001 * r.score);
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}

export function surest(reads: readonly PlateRead[]): string {
  return [...reads].sort((a, b) => b.score - a.score)[0]!.text;
}

async function degraded(
  { width, height, rgb }: Picture,
  scale: number,
  { blur, light, quality, noise }: { blur: number; light: number; quality: number; noise: number },
  random: Random,
): Promise<Picture> {
  const size = {
    width: Math.max(8, Math.round(width * scale)),
    height: Math.max(4, Math.round(height * scale)),
  };
  const small = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: "fill", kernel: "cubic" })
    .blur(blur)
    .linear(light, 0)
    .raw()
    .toBuffer();
  const noisy = small.map((v) => Math.max(0, Math.min(255, v + random.normal(noise))));
  const jpeg = await sharp(noisy, { raw: { ...size, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return loadPicture(jpeg);
}

function shaken(quad: Quad, scale: number, random: Random): Quad {
  const { width, height } = quadSize(quad);
  const near = ([x, y]: Point): Point => [
    (x + random.normal(0.008 * width)) * scale,
    (y + random.normal(0.025 * height)) * scale,
  ];
  return [near(quad[0]), near(quad[1]), near(quad[2]), near(quad[3])];
}
