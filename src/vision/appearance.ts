import {
  type Appearance,
  appearanceVector,
  FIELD,
  LAYOUT,
  plateWithin,
  vehicleAround,
} from "../core/appearance.js";
import { type Box, insideShare, quadOf } from "../core/geometry.js";
import type { Picture } from "../system/picture.js";
import type { Pixels } from "./pixels.js";
import type { ModelSession } from "./session.js";

/** Changed with the recipe of core/appearance.ts: what was made by another one is not compared. */
const RECIPE = "1";
/** Cells of the detector's features, one for 32 x 32 pixels. */
const CELLS = (FIELD.width / 32) * (FIELD.height / 32);
/** Below this the vehicle is too small, or too much of it lies outside the picture, to tell it from others. */
const MIN_PLATE_PX = 24;
const MIN_INSIDE = 0.6;

/** What the vehicle behind a plate looks like; null where too little of it is seen. */
export function createAppearances(
  detector: ModelSession,
  pixels: Pixels,
): (picture: Picture, plate: Box) => Promise<Appearance | null> {
  const hasFeatures = detector.hasOutput("features");
  const model = `${RECIPE}:${hasFeatures ? String(detector.facts.sha256).slice(0, 12) : "none"}`;
  return async (picture, plate) => {
    const part = vehicleAround(plate);
    if (plate[2] < MIN_PLATE_PX || insideShare(part, [0, 0, picture.width, picture.height]) < MIN_INSIDE)
      return null;
    pixels.put(picture);
    const layout = pixels.straighten(quadOf(part), LAYOUT.width, LAYOUT.height);
    const field = pixels.straighten(quadOf(part), FIELD.width, FIELD.height);
    if (layout === null || field === null) return null;
    for (const one of [layout, field]) paintOver(one, plateWithin(plate, one));
    const features = hasFeatures
      ? (await detector.run("image", field.rgb, [1, FIELD.height, FIELD.width, 3], ["features"]))[0]!
      : null;
    return { model, vector: appearanceVector(layout.rgb, features, CELLS) };
  };
}

/** The plate in the colour of its rim: another plate on the same car must not make it another car, nor the same plate the same car. */
function paintOver({ rgb, width, height }: Picture, [x, y, w, h]: Box): void {
  const left = Math.max(0, Math.floor(x));
  const right = Math.min(width, Math.ceil(x + w));
  const top = Math.max(0, Math.floor(y));
  const bottom = Math.min(height, Math.ceil(y + h));
  const rows = [top - 1, bottom].filter((row) => row >= 0 && row < height);
  if (right <= left || bottom <= top || rows.length === 0) return;
  const sum = [0, 0, 0];
  for (const row of rows)
    for (let at = left; at < right; at++)
      for (const c of [0, 1, 2]) sum[c]! += rgb[(row * width + at) * 3 + c]!;
  const colour = sum.map((s) => s / (rows.length * (right - left)));
  for (let row = top; row < bottom; row++)
    for (let at = left; at < right; at++) rgb.set(colour, (row * width + at) * 3);
}
