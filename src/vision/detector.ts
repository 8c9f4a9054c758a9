import {
  type Box,
  type Detection,
  isConvex,
  type Point,
  type Quad,
  quadOf,
  suppress,
} from "../core/geometry.js";
import type { Picture } from "../system/picture.js";
import type { Pixels } from "./pixels.js";
import type { ModelSession } from "./session.js";

/** Finds plates in a part of a picture. */
export interface Detector {
  /** Plates at or above `minConfidence`, the most confident first, in pixels of the whole picture. */
  detect(
    picture: Picture,
    part: Box,
    minConfidence: number,
  ): Promise<{ detections: Detection[]; scaleMs: number; detectMs: number }>;
}

/** Numbers of a row of the model's answer: score, box corners, four plate corners. */
const ROW = 13;
/** The field of the model: its area decides the time a look takes, its sides are multiples of this. */
const STEP = 32;
const AREA = 640 * 384;

export function createDetector(session: ModelSession, pixels: Pixels): Detector {
  return {
    async detect(picture, part, minConfidence) {
      const started = performance.now();
      pixels.put(picture);
      const size = fieldFor(part[2], part[3]);
      const field = pixels.letterbox(part, size.width, size.height);
      const scaled = performance.now();
      const [rows] = await session.run("image", field.rgb, [1, field.height, field.width, 3], ["plates"]);
      const found = rowsOf(rows!, minConfidence).map((row) => toDetection(row, part, field.scale, picture));
      const detections = suppress(found.filter((d) => d.box[2] >= 2 && d.box[3] >= 2));
      return { detections, scaleMs: scaled - started, detectMs: performance.now() - scaled };
    },
  };
}

/** The field, sides multiples of 32 and no larger than 640x384 in area, that shows a picture of this shape largest. */
export function fieldFor(width: number, height: number): { width: number; height: number } {
  let best = { width: 640, height: 384, scale: 0 };
  for (let w = 4 * STEP; w <= 32 * STEP; w += STEP) {
    const h = Math.floor(AREA / w / STEP) * STEP;
    // A very long and narrow part needs no more rows than it fills.
    const needed = Math.max(2 * STEP, Math.min(h, Math.ceil((w * height) / width / STEP) * STEP));
    const scale = Math.min(w / width, needed / height);
    if (needed >= 2 * STEP && scale > best.scale + 1e-9) best = { width: w, height: needed, scale };
  }
  return { width: best.width, height: best.height };
}

function rowsOf(data: Float32Array, minConfidence: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let at = 0; at + ROW <= data.length; at += ROW) {
    const row = data.subarray(at, at + ROW);
    if (row[0]! < minConfidence) break;
    if (row.every(Number.isFinite)) rows.push(row);
  }
  return rows;
}

function toDetection(row: Float32Array, part: Box, scale: number, picture: Picture): Detection {
  const x = (i: number) => row[i]! / scale + part[0];
  const y = (i: number) => row[i]! / scale + part[1];
  const left = clamp(x(1), 0, picture.width);
  const top = clamp(y(2), 0, picture.height);
  const box: Box = [
    left,
    top,
    clamp(x(3), left, picture.width) - left,
    clamp(y(4), top, picture.height) - top,
  ];
  const corner = (i: number): Point => [x(i), y(i + 1)];
  const quad: Quad = [corner(5), corner(7), corner(9), corner(11)];
  return { box, quad: isConvex(quad) ? quad : quadOf(box), confidence: row[0]! };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
