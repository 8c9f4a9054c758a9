import {
  type Box,
  boxAround,
  centre,
  type Detection,
  iou,
  isConvex,
  mapPoint,
  type Point,
  type Quad,
  quadOf,
  rollOf,
  squareToQuad,
  suppress,
  turnQuad,
} from "../core/geometry.js";
import type { Picture } from "../system/picture.js";
import type { Letterbox, Pixels } from "./pixels.js";
import type { ModelSession } from "./session.js";

/** Finds plates in a part of a picture. */
export interface Detector {
  /**
   * Plates at or above `minConfidence`, the most confident first, in pixels of the whole picture. `coarse`: in a field of a
   * sixth of the area, for plates that fill most of the part.
   */
  detect(
    picture: Picture,
    part: Box,
    minConfidence: number,
    coarse?: boolean,
  ): Promise<{ detections: Detection[]; scaleMs: number; detectMs: number }>;
  /**
   * A second look in which the plate has the size that the model knows best: better corners of small and of very large
   * plates. The confidence is the geometric mean of both looks. A turned plate gets a third look, in which it lies level.
   */
  refine(picture: Picture, detection: Detection): Promise<Detection>;
}

/** Numbers of a row of the model's answer: score, box corners, four plate corners. */
const ROW = 13;
/** The field of the model: its area decides the time a look takes, its sides are multiples of this. */
const STEP = 32;
const AREA = 640 * 384;

/** The second look: a small field in which the plate is this wide. */
const CLOSE = { width: 224, height: 128, platePx: 112 };

export function createDetector(session: ModelSession, pixels: Pixels): Detector {
  return {
    async detect(picture, part, minConfidence, coarse = false) {
      const size = fieldFor(part[2], part[3], coarse ? AREA / 6 : AREA);
      const { rows, field, scaleMs, detectMs } = await look(picture, part, size);
      const found = rowsOf(rows, minConfidence).map((row) => toDetection(row, field, picture));
      return { detections: suppress(found.filter((d) => d.box[2] >= 2 && d.box[3] >= 2)), scaleMs, detectMs };
    },
    async refine(picture, detection) {
      const near = around(detection.box);
      const { rows, field } = await look(picture, near, CLOSE, CLOSE.platePx / detection.box[2]);
      const same = likest(
        rowsOf(rows, 0.1).map((row) => toDetection(row, field, picture)),
        detection.box,
      );
      // Not found again: what looked like a plate from afar may be none, but its old corners are all there is.
      const { box, quad } = same === undefined ? detection : ((await lookLevel(picture, same)) ?? same);
      return { box, quad, confidence: Math.sqrt((same?.confidence ?? 0.1) * detection.confidence) };
    },
  };

  /**
   * The same plate in a small field turned as it is; undefined for one that lies level, or when it is not found there. The
   * model has seen few turned plates and takes their upright edges for steeper than they are: this brings the corners of
   * plates turned by 30° from 5 to 2 % of the width.
   */
  async function lookLevel(picture: Picture, { box, quad }: Detection): Promise<Detection | undefined> {
    const roll = rollOf(quad);
    if (roll === 0) return undefined;
    const field = turnQuad(quadOf(surroundings(boxAround(turnQuad(quad, -roll)))), roll);
    pixels.put(picture);
    const level = pixels.straighten(field, CLOSE.width, CLOSE.height);
    if (level === null) return undefined;
    const shape = [1, CLOSE.height, CLOSE.width, 3];
    const [rows] = await session.run("image", level.rgb, shape, ["plates"]);
    return likest(
      rowsOf(rows!, 0.1).map((row) => fromLevel(row, field, picture)),
      box,
    );
  }

  async function look(
    picture: Picture,
    part: Box,
    size: { width: number; height: number },
    maxScale?: number,
  ) {
    const started = performance.now();
    pixels.put(picture);
    const field = pixels.letterbox(part, size.width, size.height, maxScale);
    const scaled = performance.now();
    const [rows] = await session.run("image", field.rgb, [1, field.height, field.width, 3], ["plates"]);
    return { rows: rows!, field, scaleMs: scaled - started, detectMs: performance.now() - scaled };
  }
}

/** The surroundings of a plate that fill the small field; may reach beyond the picture. */
function surroundings(box: Box): Box {
  const scale = box[2] / CLOSE.platePx;
  const [w, h] = [CLOSE.width * scale, CLOSE.height * scale];
  const [cx, cy] = centre(box);
  return [cx - w / 2, cy - h / 2, w, h];
}

/** The same in whole pixels, moved to where the picture begins. */
function around(box: Box): Box {
  const [x, y, w, h] = surroundings(box);
  return [Math.max(0, Math.round(x)), Math.max(0, Math.round(y)), Math.round(w), Math.round(h)];
}

/** The surest find at this place. */
function likest(found: readonly Detection[], box: Box): Detection | undefined {
  return found.filter((d) => iou(d.box, box) > 0.3).sort((a, b) => b.confidence - a.confidence)[0];
}

/** The field, sides multiples of 32 and no larger in area than 640x384 or as told, that shows a picture of this shape largest. */
export function fieldFor(width: number, height: number, area = AREA): { width: number; height: number } {
  let best = { width: 2 * STEP, height: 2 * STEP, scale: 0 };
  for (let w = 2 * STEP; w <= 32 * STEP; w += STEP) {
    const h = Math.floor(area / w / STEP) * STEP;
    // A very long and narrow part needs no more rows than it fills.
    const needed = Math.max(2 * STEP, Math.min(h, Math.ceil((w * height) / width / STEP) * STEP));
    const scale = Math.min(w / width, needed / height);
    if (h >= 2 * STEP && scale > best.scale + 1e-9) best = { width: w, height: needed, scale };
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

function toDetection(row: Float32Array, field: Letterbox, picture: Picture): Detection {
  const x = (i: number) => row[i]! / field.scale + field.left;
  const y = (i: number) => row[i]! / field.scale + field.top;
  const corner = (i: number): Point => [x(i), y(i + 1)];
  const box = inPicture([x(1), y(2), x(3) - x(1), y(4) - y(2)], picture);
  const quad: Quad = [corner(5), corner(7), corner(9), corner(11)];
  return { box, quad: isConvex(quad) ? quad : quadOf(box), confidence: row[0]! };
}

/** A find in the small field that shows this part of the picture. */
function fromLevel(row: Float32Array, part: Quad, picture: Picture): Detection {
  const map = squareToQuad(part)!;
  const corner = (i: number) => mapPoint(map, [row[i]! / CLOSE.width, row[i + 1]! / CLOSE.height]);
  const quad: Quad = [corner(5), corner(7), corner(9), corner(11)];
  const box = inPicture(boxAround(quad), picture);
  return { box, quad: isConvex(quad) ? quad : quadOf(box), confidence: row[0]! };
}

function inPicture([x, y, w, h]: Box, picture: Picture): Box {
  const [left, top] = [clamp(x, 0, picture.width), clamp(y, 0, picture.height)];
  return [left, top, clamp(x + w, left, picture.width) - left, clamp(y + h, top, picture.height) - top];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
