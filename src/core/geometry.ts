/** Upright rectangle in pixels of the full picture: left, top, width, height. */
export type Box = readonly [x: number, y: number, width: number, height: number];
export type Point = readonly [x: number, y: number];
/** Corners in reading order of the plate: top left, top right, bottom right, bottom left. */
export type Quad = readonly [Point, Point, Point, Point];

/** A plate found in one frame, in pixels of that frame. */
export interface Detection {
  box: Box;
  quad: Quad;
  confidence: number;
}

/** Intersection over union of two boxes, 0..1. */
export function iou(a: Box, b: Box): number {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  const shared = w * h;
  return shared / (a[2] * a[3] + b[2] * b[3] - shared);
}
