/** Upright rectangle in pixels of the full picture: left, top, width, height. */
export type Box = readonly [x: number, y: number, width: number, height: number];
export type Point = readonly [x: number, y: number];
/** Corners in reading order of the plate: top left, top right, bottom right, bottom left. */
export type Quad = readonly [Point, Point, Point, Point];
/** Row-major 3x3 matrix of a projective map, last element 1. */
export type Homography = readonly [number, number, number, number, number, number, number, number, number];

/** A plate found in one frame, in pixels of that frame. */
export interface Detection {
  box: Box;
  quad: Quad;
  confidence: number;
}

/** Intersection over union of two boxes, 0..1. */
export function iou(a: Box, b: Box): number {
  const shared = overlapArea(a, b);
  return shared === 0 ? 0 : shared / (a[2] * a[3] + b[2] * b[3] - shared);
}

/** Share of `inner` that lies in `outer`, 0..1. */
export function insideShare(inner: Box, outer: Box): number {
  const area = inner[2] * inner[3];
  return area > 0 ? overlapArea(inner, outer) / area : 0;
}

/** How far a plate that stands may lie beside its place, in its widths, and differ in one measure, as a logarithm. */
const STANDING = { way: 0.25, growth: 0.2 };

/**
 * True when both boxes can be the same plate in the same place, of which either may show a part only because somebody
 * stands before it: one lies within the other, nearly, and is as wide or as high. What is farther off is smaller both ways.
 */
export function isSamePlace(a: Box, b: Box): boolean {
  const alike = (x: number, y: number) => Math.abs(Math.log(x / y)) <= STANDING.growth;
  const slack = STANDING.way * Math.max(a[2], b[2]);
  const within = ([x, y, w, h]: Box, [left, top, width, height]: Box) =>
    Math.min(x - left, y - top, left + width - x - w, top + height - y - h) >= -slack;
  return (alike(a[2], b[2]) || alike(a[3], b[3])) && (within(a, b) || within(b, a));
}

export function centre(box: Box): Point {
  return [box[0] + box[2] / 2, box[1] + box[3] / 2];
}

/** The upright rectangle around four corners. */
export function boxAround(quad: Quad): Box {
  const xs = quad.map((p) => p[0]);
  const ys = quad.map((p) => p[1]);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}

export function quadOf([x, y, w, h]: Box): Quad {
  return [
    [x, y],
    [x + w, y],
    [x + w, y + h],
    [x, y + h],
  ];
}

/** Mean length of the upper and lower edge, and of the left and right one, in pixels. */
export function quadSize([a, b, c, d]: Quad): { width: number; height: number } {
  return { width: (distance(a, b) + distance(d, c)) / 2, height: (distance(a, d) + distance(b, c)) / 2 };
}

/** True when the corners go round clockwise without a dent, so that a plate can be straightened by them. */
export function isConvex(quad: Quad): boolean {
  return quad.every((p, i) => {
    const q = quad[(i + 1) % 4]!;
    const r = quad[(i + 2) % 4]!;
    return (q[0] - p[0]) * (r[1] - q[1]) - (q[1] - p[1]) * (r[0] - q[0]) > 0;
  });
}

/**
 * How far a plate is turned in the picture, in radians, clockwise positive: the mean of what its level and its upright edges
 * say. Zero where they disagree: edges that lean one way only come from looking at a level plate from aside.
 */
export function rollOf([tl, tr, br, bl]: Quad): number {
  const level = Math.atan2(tr[1] + br[1] - tl[1] - bl[1], tr[0] + br[0] - tl[0] - bl[0]);
  const upright = Math.atan2(tl[0] + tr[0] - bl[0] - br[0], bl[1] + br[1] - tl[1] - tr[1]);
  const agree = Math.abs(upright) >= LEANING && Math.abs(level) >= LEANING && level * upright > 0;
  return agree ? (level + upright) / 2 : 0;
}

/** Edges that lean by less than this, in radians, count as level and upright. */
const LEANING = (6 * Math.PI) / 180;

/** Every corner turned about the origin, in radians, clockwise positive. */
export function turnQuad([a, b, c, d]: Quad, angle: number): Quad {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turn = ([x, y]: Point): Point => [x * cos - y * sin, x * sin + y * cos];
  return [turn(a), turn(b), turn(c), turn(d)];
}

/** The quad made larger on every side by this share of its own width and height, along its own edges. */
export function widen([tl, tr, br, bl]: Quad, acrossShare: number, downShare = acrossShare): Quad {
  const out = (p: Point, beside: Point, over: Point): Point => [
    p[0] + (p[0] - beside[0]) * acrossShare + (p[0] - over[0]) * downShare,
    p[1] + (p[1] - beside[1]) * acrossShare + (p[1] - over[1]) * downShare,
  ];
  return [out(tl, tr, bl), out(tr, tl, br), out(br, bl, tr), out(bl, br, tl)];
}

/**
 * The projective map that carries the unit square (0,0) (1,0) (1,1) (0,1) onto the quad: solved in closed form after
 * Heckbert 1989, "Fundamentals of Texture Mapping and Image Warping", section 2.2.3. Null for corners on one line.
 */
export function squareToQuad(quad: Quad): Homography | null {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = quad;
  const [dx1, dx2, dx3] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, dy3] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const area = dx1 * dy2 - dx2 * dy1;
  if (Math.abs(area) < 1e-9) return null;
  const g = (dx3 * dy2 - dx2 * dy3) / area;
  const h = (dx1 * dy3 - dx3 * dy1) / area;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

export function mapPoint(m: Homography, [u, v]: Point): Point {
  const z = m[6] * u + m[7] * v + m[8];
  return [(m[0] * u + m[1] * v + m[2]) / z, (m[3] * u + m[4] * v + m[5]) / z];
}

/** Greedy non-maximum suppression: keeps the most confident of boxes that cover each other by more than `limit`. */
export function suppress<T extends { box: Box; confidence: number }>(found: readonly T[], limit = 0.45): T[] {
  const kept: T[] = [];
  for (const one of [...found].sort((a, b) => b.confidence - a.confidence)) {
    if (kept.every((k) => iou(k.box, one.box) <= limit && !nested(k.box, one.box))) kept.push(one);
  }
  return kept;
}

/** A box nearly all inside another one, and not much smaller: two answers for one plate. */
function nested(a: Box, b: Box): boolean {
  const [small, large] = a[2] * a[3] < b[2] * b[3] ? [a, b] : [b, a];
  return insideShare(small, large) > 0.85 && small[2] * small[3] > 0.2 * large[2] * large[3];
}

function overlapArea(a: Box, b: Box): number {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return w <= 0 || h <= 0 ? 0 : w * h;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
