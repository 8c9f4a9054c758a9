import { type Box, isSamePlace } from "../core/geometry.js";
import type { Sighting } from "../core/sighting.js";

/**
 * Where the plate of a sighting is, in shares of the picture's width and height: a camera that is set to another resolution
 * changes nothing.
 */
export function sharesOf({ box: [x, y, w, h], frameWidth, frameHeight }: Sighting): Box {
  return [x / frameWidth, y / frameHeight, w / frameWidth, h / frameHeight];
}

/** Shares in pixels of the picture of a sighting. */
export function pixelsOf(
  [x, y, w, h]: Box,
  { frameWidth, frameHeight }: Pick<Sighting, "frameWidth" | "frameHeight">,
): Box {
  return [x * frameWidth, y * frameHeight, w * frameWidth, h * frameHeight];
}

/** True when the plate of a sighting can be one that stands at this place, in shares. */
export function isAt(shares: Box, sighting: Pick<Sighting, "box" | "frameWidth" | "frameHeight">): boolean {
  return isSamePlace(pixelsOf(shares, sighting), sighting.box);
}
