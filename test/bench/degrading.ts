import { createRequire } from "node:module";
import { type Point, type Quad, quadSize } from "../../src/core/geometry.js";
import { loadPicture, type Picture } from "../../src/system/picture.js";
import type { Random } from "../support/random.js";

const sharp = createRequire(import.meta.url)("sharp") as typeof import("sharp").default;

/** How badly a camera sees a plate; pixels of its picture, grey levels. */
export interface Degrading {
  heightPx: number;
  /** Length of the blur along the rows. */
  motionPx?: number;
  /** Sigma of the defocus. */
  focusPx?: number;
  noise?: number;
  /** Share of the light. */
  light?: number;
  infrared?: boolean;
  /** A bright spot of this radius (share of the plate's width) at a fixed place of the plate. */
  glare?: { x: number; y: number; radius: number };
  quality?: number;
}

/** One frame: the picture reduced until the plate has the wanted height, at a random sub-pixel place, then made worse. */
export async function degrade(
  source: Picture,
  quad: Quad,
  view: Degrading,
  random: Random,
): Promise<{ picture: Picture; quad: Quad }> {
  const scale = Math.min(1, view.heightPx / quadSize(quad).height);
  const [left, top] = [random.whole(0, Math.floor(1 / scale)), random.whole(0, Math.floor(1 / scale))];
  const [width, height] = [source.width - left, source.height - top];
  const size = {
    width: Math.max(8, Math.round(width * scale)),
    height: Math.max(4, Math.round(height * scale)),
  };
  const moved = quad.map(
    ([x, y]): Point => [((x - left) * size.width) / width, ((y - top) * size.height) / height],
  ) as unknown as Quad;
  const { rgb } = source;
  let image = sharp(rgb, { raw: { width: source.width, height: source.height, channels: 3 } })
    .extract({ left, top, width, height })
    .resize({ ...size, fit: "fill", kernel: "cubic" });
  if ((view.focusPx ?? 0) >= 0.3) image = image.blur(view.focusPx);
  let pixels = await image.raw().toBuffer();
  const motion = Math.round(view.motionPx ?? 0) | 1;
  if (motion >= 3) {
    const kernel = Array.from({ length: motion * motion }, (_, i) =>
      Math.floor(i / motion) === motion >> 1 ? 1 : 0,
    );
    pixels = await sharp(pixels, { raw: { ...size, channels: 3 } })
      .convolve({ width: motion, height: motion, kernel })
      .raw()
      .toBuffer();
  }
  const spot = glareOf(view.glare, moved);
  const worse = Uint8Array.from(pixels, (v, i) => {
    const pixel = Math.floor(i / 3);
    const level = view.infrared === true ? luminance(pixels, pixel) : v;
    const light = level * (view.light ?? 1) + spot(pixel % size.width, Math.floor(pixel / size.width));
    return Math.max(0, Math.min(255, light + random.normal(view.noise ?? 2)));
  });
  const jpeg = sharp(worse, { raw: { ...size, channels: 3 } }).jpeg({ quality: view.quality ?? 88 });
  return { picture: await loadPicture(await jpeg.toBuffer()), quad: moved };
}

/** The corners as a detector finds them: wrong by about 1 % of the width and 2.5 % of the height. */
export function shaken(quad: Quad, random: Random): Quad {
  const { width, height } = quadSize(quad);
  const near = ([x, y]: Point): Point => [
    x + random.normal(0.008 * width),
    y + random.normal(0.025 * height),
  ];
  return [near(quad[0]), near(quad[1]), near(quad[2]), near(quad[3])];
}

function luminance(rgb: Uint8Array, pixel: number): number {
  return (rgb[pixel * 3]! + 2 * rgb[pixel * 3 + 1]! + rgb[pixel * 3 + 2]!) / 4;
}

function glareOf(glare: Degrading["glare"], quad: Quad): (x: number, y: number) => number {
  if (glare === undefined) return () => 0;
  const { width, height } = quadSize(quad);
  const [cx, cy] = [quad[0][0] + glare.x * width, quad[0][1] + glare.y * height];
  const radius = glare.radius * width;
  return (x, y) => 220 * Math.exp(-(((x - cx) / radius) ** 2) - ((y - cy) / radius) ** 2);
}
