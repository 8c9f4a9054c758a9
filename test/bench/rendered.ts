import { boxAround, iou, type Point } from "../../src/core/geometry.js";
import type { PlateRead } from "../../src/core/plate.js";
import { addRead, emptyVote, tally } from "../../src/core/vote.js";
import type { Vision } from "../../src/vision/vision.js";
import { drawPlate, type PlateView, plausiblePlate } from "../support/plate-drawing.js";
import { type Random, seeded } from "../support/random.js";
import { percent, printTable } from "./table.js";

const FRAMES = 5;

/** One row of the table: what all its plates have in common. */
interface Condition {
  name: string;
  view: (random: Random) => Omit<PlateView, "text">;
}

const plain = (heightPx: number) => (random: Random) => ({
  heightPx,
  turn: random.between(-4, 4),
  slant: random.between(-15, 15),
  defocusPx: random.between(0.3, 0.6),
  noise: random.between(1, 5),
});

const conditions: Condition[] = [
  ...[8, 10, 12, 14, 16, 20, 30, 45].map((px) => ({ name: `height ${px} px`, view: plain(px) })),
  ...[3, 5, 7, 9].map((px) => ({
    name: `motion blur ${px} px at 30 px`,
    view: (r: Random) => ({ ...plain(30)(r), motionPx: px }),
  })),
  ...[10, 20, 30].map((deg) => ({
    name: `turned ${deg}°`,
    view: (r: Random) => ({ ...plain(30)(r), turn: r.chance(0.5) ? deg : -deg }),
  })),
  ...[30, 45].map((deg) => ({
    name: `seen from ${deg}° aside`,
    view: (r: Random) => ({ ...plain(30)(r), slant: r.chance(0.5) ? deg : -deg }),
  })),
  ...[0.4, 0.2, 0.1].map((light) => ({
    name: `light ${light}`,
    view: (r: Random) => ({ ...plain(30)(r), light, noise: 5 }),
  })),
  { name: "infrared", view: (r) => ({ ...plain(30)(r), infrared: true, noise: 6 }) },
];

/** Finds and reads drawn plates, single frames and five frames fused, and prints the table. */
export async function benchRendered(vision: Vision, plates: number): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const [n, { name, view }] of conditions.entries()) {
    const random = seeded(1000 + n);
    const sum = { found: 0, single: 0, given: 0, fused: 0, corner: [] as number[] };
    for (let i = 0; i < plates; i++) {
      const text = plausiblePlate(random);
      const reads: PlateRead[] = [];
      const common = view(random);
      for (let f = 0; f < FRAMES; f++) {
        const drawn = await drawPlate({ ...common, text }, random);
        const quad = { quad: drawn.quad, box: boxAround(drawn.quad), confidence: 1 };
        const { detections } = await vision.detect(drawn);
        const found = detections.find((d) => iou(d.box, quad.box) >= 0.5);
        if (f === 0) {
          if (found !== undefined) sum.found++;
          const [given] = (await vision.read(drawn, [quad])).looks;
          if (given?.read?.text === text) sum.given++;
        }
        if (found === undefined) continue;
        const look = (await vision.read(drawn, [found])).looks[0];
        const read = look?.read ?? null;
        const corners = look?.detection.quad ?? found.quad;
        if (f === 0) sum.corner.push(...corners.map((p, c) => apart(p, quad.quad[c]!) / quad.box[2]));
        if (f === 0 && read?.text === text) sum.single++;
        if (read !== null) reads.push(read);
      }
      if (tally(reads.reduce((v, r) => addRead(v, r), emptyVote))?.plate === text) sum.fused++;
    }
    const corner = sum.corner.reduce((a, b) => a + b, 0) / Math.max(1, sum.corner.length);
    rows.push([
      name,
      percent(sum.given, plates),
      percent(sum.found, plates),
      (100 * corner).toFixed(1),
      percent(sum.single, plates),
      percent(sum.fused, plates),
    ]);
  }
  printTable(
    `Drawn plates, ${plates} for each row, in %`,
    [
      "condition",
      "read by true corners",
      "found",
      "corner error, % of width",
      "found and read, one frame",
      `${FRAMES} frames fused`,
    ],
    rows,
  );
}

function apart([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(ax - bx, ay - by);
}
