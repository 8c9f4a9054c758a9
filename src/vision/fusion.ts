import type { Picture } from "../system/picture.js";
import { loadKernel } from "./webassembly.js";

/** A straightened crop, and how much it counts. */
export interface WeighedCrop {
  crop: Picture;
  weight: number;
}

/** Lays the crops of one plate over each other, so that noise goes and what each of them missed comes together. */
export interface Fusion {
  /**
   * Weighted mean of those crops that fit the weightiest one, all of one size; null when none does. `difference`: mean
   * squared difference between them, contrast being 1; it is what the mean can win.
   */
  fuse(crops: readonly WeighedCrop[]): { crop: Picture; used: number; difference: number } | null;
}

/** Row-major affine map from pixels of the picture wanted to those of another one, the centre of the first pixel at 0.5. */
export type Affine = readonly [number, number, number, number, number, number];

const SAME: Affine = [1, 0, 0, 0, 1, 0];
/** Coarse to fine: reduction, steps, and whether the shape may change or only the place. */
const LEVELS = [
  { factor: 4, steps: 8, affine: false },
  { factor: 4, steps: 8, affine: true },
  { factor: 2, steps: 8, affine: true },
] as const;
const FACTORS = [4, 2] as const;
/** A step that makes less than this of the difference better is the last one of its level. */
const WORTH_IT = 0.005;
/** Mean squared difference, both pictures having deviation 1, above which a crop shows something else (1: plain grey, 2: nothing alike). */
const MOST_DIFFERENT = 0.95;
/** How far corners may move, as a share of the crop's sides: the detector is not worse than that. */
const FARTHEST = 0.2;

/** For crops of this size; sides are multiples of 4. */
export function createFusion(width: number, height: number): Fusion {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = loadKernel<Kernel>("fusion", memory);
  const bytes = width * height * 3;
  const greyBytes = FACTORS.map((factor) => ((width * height) / factor ** 2) * 4);
  let end = 1024;
  const reserve = (size: number) => {
    const at = end;
    end = Math.ceil((end + size) / 64) * 64;
    return at;
  };
  const at = {
    map: reserve(64),
    sums: reserve(26 * 8),
    source: reserve(bytes + 64),
    moved: reserve(bytes + 64),
    total: reserve(bytes * 4),
    wanted: greyBytes.map(reserve),
    image: greyBytes.map(reserve),
  };
  memory.grow(Math.ceil(end / 65_536));

  return {
    fuse(crops) {
      const sorted = [...crops].sort((a, b) => b.weight - a.weight);
      const first = sorted[0];
      if (first === undefined) return null;
      take(first.crop, at.wanted);
      new Float32Array(memory.buffer, at.total, bytes).fill(0);
      kernel.add(at.source, bytes, first.weight, at.total);
      let [sum, used, differences] = [first.weight, 1, 0];
      for (const { crop, weight } of sorted.slice(1)) {
        const fitted = take(crop, at.image) ? fit() : null;
        if (fitted === null) continue;
        new Float32Array(memory.buffer, at.map, 9).set([...fitted.map, 0, 0, 1]);
        kernel.warp(at.source, width * 3, width, height, at.moved, width, height, at.map);
        kernel.add(at.moved, bytes, weight, at.total);
        sum += weight;
        used++;
        differences += fitted.difference;
      }
      if (used < 2) return null;
      kernel.settle(at.total, bytes, 1 / sum, at.moved);
      const crop = { width, height, rgb: new Uint8Array(memory.buffer, at.moved, bytes).slice() };
      return { crop, used, difference: differences / (used - 1) };
    },
  };

  /** Puts a crop in, and its grey reductions where they are wanted; false for one without any contrast. */
  function take({ rgb }: Picture, places: readonly number[]): boolean {
    new Uint8Array(memory.buffer, at.source, bytes).set(rgb.subarray(0, bytes));
    for (const [i, factor] of FACTORS.entries()) kernel.greyed(at.source, width, height, factor, places[i]!);
    return new Float32Array(memory.buffer, places[0]!, greyBytes[0]! / 4).some((v) => v !== 0);
  }

  /** The map that lays the crop taken last over the wanted one; null when they do not fit. */
  function fit(): { map: Affine; difference: number } | null {
    let map = SAME;
    let difference = Number.POSITIVE_INFINITY;
    for (const { factor, steps, affine } of LEVELS) {
      difference = Number.POSITIVE_INFINITY;
      let next: Affine | null = map;
      for (let n = 0; n <= steps && next !== null && near(next); n++) {
        const sums = sumsFor(factor, next);
        const here = sums[24]! / Math.max(1, sums[25]!);
        if (sums[25]! < (0.5 * width * height) / factor ** 2 || !(here < difference)) break;
        const last = here > difference * (1 - WORTH_IT);
        map = next;
        difference = here;
        next = last ? null : stepped(map, sums, factor, affine);
      }
    }
    return difference <= MOST_DIFFERENT ? { map, difference } : null;
  }

  function sumsFor(factor: (typeof FACTORS)[number], [a, b, c, d, e, f]: Affine): Float64Array {
    // The kernel counts from the centre of the first pixel.
    const map = [a, b, c / factor + (a + b - 1) / 2, d, e, f / factor + (d + e - 1) / 2];
    new Float32Array(memory.buffer, at.map, 6).set(map);
    const level = FACTORS.indexOf(factor);
    kernel.fitting(at.wanted[level]!, at.image[level]!, width / factor, height / factor, at.map, at.sums);
    return new Float64Array(memory.buffer, at.sums, 26).slice();
  }

  function near([a, b, c, d, e, f]: Affine): boolean {
    return [
      [0, 0],
      [width, 0],
      [0, height],
      [width, height],
    ].every(
      ([x, y]) =>
        Math.abs((a - 1) * x! + b * y! + c) <= FARTHEST * width &&
        Math.abs(d * x! + (e - 1) * y! + f) <= FARTHEST * height,
    );
  }
}

/** Where the kernel's sums hold u, v, 1 times u, v, 1. */
const TIMES = [
  [3, 4, 1],
  [4, 5, 2],
  [1, 2, 0],
] as const;

/** The map one step of Gauss-Newton further; null where the pictures are too plain to tell. */
function stepped(map: Affine, sums: Float64Array, factor: number, affine: boolean): Affine | null {
  const used = affine ? [0, 1, 2, 3, 4, 5] : [2, 5];
  // Parameters are those of the map: x of u, v, 1, then y of u, v, 1.
  const entry = (i: number, j: number) => {
    const product = i < 3 && j < 3 ? 0 : i < 3 || j < 3 ? 6 : 12;
    return sums[product + TIMES[i % 3]![j % 3]!]!;
  };
  const right = (i: number) => sums[18 + (i < 3 ? 0 : 3) + [1, 2, 0][i % 3]!]!;
  const rows = used.map((i) => [...used.map((j) => entry(i, j) * (i === j ? 1.001 : 1)), right(i)]);
  const change = solve(rows);
  if (change === null) return null;
  const step = [0, 0, 0, 0, 0, 0];
  for (const [n, i] of used.entries()) step[i] = change[n]!;
  const [a, b, c, d, e, f] = map;
  const [da, db, dc, dd, de, df] = step as unknown as Affine;
  // From the centre of the first pixel of this level back to the corner of the crop.
  return [
    a + da,
    b + db,
    c + factor * (dc - (da + db) / 2),
    d + dd,
    e + de,
    f + factor * (df - (dd + de) / 2),
  ];
}

/** Solves linear equations given as rows with the right side last, by elimination; null for a singular system. */
export function solve(rows: number[][]): number[] | null {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    const top = rows[i]!;
    if (!(Math.abs(top[i]!) > 1e-9)) return null;
    for (let r = i + 1; r < n; r++) {
      const share = rows[r]![i]! / top[i]!;
      for (let k = i; k <= n; k++) rows[r]![k]! -= share * top[k]!;
    }
  }
  const out = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    let rest = row[n]!;
    for (let k = i + 1; k < n; k++) rest -= row[k]! * out[k]!;
    out[i] = rest / row[i]!;
  }
  return out;
}

interface Kernel {
  greyed(...numbers: number[]): void;
  fitting(...numbers: number[]): void;
  warp(...numbers: number[]): void;
  add(...numbers: number[]): void;
  settle(...numbers: number[]): void;
}
