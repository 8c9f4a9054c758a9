import { createRequire } from "node:module";
import type { Point, Quad } from "../../src/core/geometry.js";
import type { Picture } from "../../src/system/picture.js";
import type { Random } from "./random.js";

const sharp = createRequire(import.meta.url)("sharp") as typeof import("sharp").default;

/**
 * Letters and digits as strokes in a field of 10 x 16, drawn here so that no test depends on the fonts of a machine and
 * none on the shapes that the reader was trained with.
 */
const strokes: Record<string, string> = {
  "0": "M5 1 C9 1 9 4 9 8 C9 12 9 15 5 15 C1 15 1 12 1 8 C1 4 1 1 5 1Z",
  "1": "M2.5 4 L6 1 V15",
  "2": "M1 5 C1 -0.5 9 -0.5 9 5 C9 9 1 11 1 15 H9",
  "3": "M1 2.5 C3 0 9 0.5 9 4.5 C9 7.5 6 7.7 4 7.7 C6 7.7 9 8 9 11 C9 16 3 16 1 13.5",
  "4": "M7 15 V1 L1 11 H9.5",
  "5": "M8.5 1 H2 L1.5 7.5 C4 5.5 9 6 9 10.5 C9 15.5 3 16 1 13.5",
  "6": "M8 1.5 C3 1.5 1 6 1 10.5 C1 16.5 9 16.5 9 10.5 C9 5.5 2.5 5.5 1.3 9.5",
  "7": "M1 1 H9 L4 15",
  "8": "M5 1 C9.5 1 9.5 7.5 5 7.5 C0.5 7.5 0.5 1 5 1Z M5 7.5 C10.5 7.5 10.5 15 5 15 C-0.5 15 -0.5 7.5 5 7.5Z",
  "9": "M2 14.5 C7 14.5 9 10 9 5.5 C9 -0.5 1 -0.5 1 5.5 C1 10.5 7.5 10.5 8.7 6.5",
  A: "M0.5 15 L5 1 L9.5 15 M2.2 10.5 H7.8",
  B: "M1 1 V15 H5 C10 15 10 7.7 5 7.7 H1 M5 7.7 C9 7.7 9 1 5 1 H1",
  C: "M9 3 C7 -0.5 1 0 1 8 C1 16 7 16.5 9 13",
  D: "M1 1 V15 H4 C10.5 15 10.5 1 4 1Z",
  E: "M9 1 H1 V15 H9 M1 7.7 H7.5",
  F: "M9 1 H1 V15 M1 7.7 H7.5",
  G: "M9 3 C7 -0.5 1 0 1 8 C1 16.5 9 16.5 9 12 V8.5 H5.5",
  H: "M1 1 V15 M9 1 V15 M1 7.7 H9",
  I: "M5 1 V15",
  J: "M8 1 V11 C8 16 1 16 1 11",
  K: "M1 1 V15 M9 1 L1 9 M4 6.5 L9 15",
  L: "M1 1 V15 H9",
  M: "M0.7 15 V1 L5 9 L9.3 1 V15",
  N: "M1 15 V1 L9 15 V1",
  O: "M5 1 C10.3 1 10.3 15 5 15 C-0.3 15 -0.3 1 5 1Z",
  P: "M1 15 V1 H5 C10 1 10 9 5 9 H1",
  Q: "M5 1 C10.3 1 10.3 15 5 15 C-0.3 15 -0.3 1 5 1Z M6 11 L9.5 16",
  R: "M1 15 V1 H5 C10 1 10 8.5 5 8.5 H1 M5 8.5 L9.3 15",
  S: "M9 3.5 C8 0 1 0 1 4.5 C1 9 9 7 9 11.5 C9 16 1.5 16 1 12.5",
  T: "M0.5 1 H9.5 M5 1 V15",
  U: "M1 1 V10.5 C1 16.5 9 16.5 9 10.5 V1",
  V: "M0.7 1 L5 15 L9.3 1",
  W: "M0.3 1 L2.7 15 L5 5 L7.3 15 L9.7 1",
  X: "M0.7 1 L9.3 15 M9.3 1 L0.7 15",
  Y: "M0.7 1 L5 8 L9.3 1 M5 8 V15",
  Z: "M1 1 H9 L1 15 H9",
};

/** How a plate looks and is seen. */
export interface PlateView {
  text: string;
  /** Height of the plate in the picture in pixels, before it is tilted. */
  heightPx: number;
  /** Turn in the picture, and slant as from a camera at the side, in degrees. */
  turn?: number;
  slant?: number;
  /** Length of the motion blur and radius of the defocus in pixels. */
  motionPx?: number;
  defocusPx?: number;
  /** Deviation of the sensor noise in grey levels. */
  noise?: number;
  /** 1: as drawn; less: darker. */
  light?: number;
  /** Infrared: no colour, glaring ground. */
  infrared?: boolean;
}

/** A picture with one plate on a plain car body, and its true corners. */
export interface DrawnPlate extends Picture {
  quad: Quad;
}

const SCALE = 3;
const HEIGHT = 22;

/** Draws a plate of `text` as SVG of 22 units height; its width follows the text. */
function plateSvg(text: string, random: Random): { svg: string; width: number } {
  const [ground, ink] = random.pick([
    ["#f4f4f0", "#101010"],
    ["#f4f4f0", "#10206a"],
    ["#f2c500", "#101010"],
    ["#e8eef4", "#181818"],
    ["#1a3a8a", "#f4f4f4"],
    ["#101010", "#e8e8e8"],
  ] as const);
  const weight = random.between(1.7, 2.6);
  const gap = random.between(2.4, 3.6);
  let x = random.between(4, 7);
  const space = random.chance(0.5) ? random.whole(2, Math.max(2, text.length - 2)) : -1;
  const glyphs = Array.from(text, (c, i) => {
    if (i === space) x += 4;
    const at = x;
    x += (c === "I" ? 10 : 10) + gap;
    return `<path transform="translate(${at} 3)" d="${strokes[c]}"/>`;
  });
  const width = x + random.between(2, 4);
  const frame = `<rect x="0.6" y="0.6" width="${width - 1.2}" height="${HEIGHT - 1.2}" rx="2" fill="${ground}" stroke="${ink}" stroke-width="0.9"/>`;
  const style = `fill="none" stroke="${ink}" stroke-width="${weight}" stroke-linecap="${random.pick(["butt", "round"])}" stroke-linejoin="round"`;
  return { svg: `${frame}<g ${style}>${glyphs.join("")}</g>`, width };
}

/** The plate as a camera sees it, in a picture of the given size, on a random place of a car body. */
export async function drawPlate(
  view: PlateView,
  random: Random,
  width = 320,
  height = 192,
): Promise<DrawnPlate> {
  const plate = plateSvg(view.text, random);
  const scale = view.heightPx / HEIGHT;
  const [w, h] = [plate.width * scale, view.heightPx];
  const turn = ((view.turn ?? 0) * Math.PI) / 180;
  const slant = ((view.slant ?? 0) * Math.PI) / 180;
  const centre: Point = [width / 2 + random.between(-6, 6), height / 2 + random.between(-6, 6)];
  // Affine view: the plate is narrowed by the slant, sheared by a third of it, and turned.
  const [a, b, c, d] = [Math.cos(slant), Math.sin(slant) * 0.35, 0, 1];
  const map = ([px, py]: Point): Point => {
    const [sx, sy] = [a * px + c * py, b * px + d * py];
    return [
      centre[0] + sx * Math.cos(turn) - sy * Math.sin(turn),
      centre[1] + sx * Math.sin(turn) + sy * Math.cos(turn),
    ];
  };
  const quad: Quad = [map([-w / 2, -h / 2]), map([w / 2, -h / 2]), map([w / 2, h / 2]), map([-w / 2, h / 2])];
  const body = random.pick(["#3a4048", "#7a1f1f", "#c8ccd0", "#20242a", "#2a4a6a"]);
  const matrix = [
    (quad[1][0] - quad[0][0]) / plate.width,
    (quad[1][1] - quad[0][1]) / plate.width,
    (quad[3][0] - quad[0][0]) / HEIGHT,
    (quad[3][1] - quad[0][1]) / HEIGHT,
    quad[0][0],
    quad[0][1],
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * SCALE}" height="${height * SCALE}" viewBox="0 0 ${width} ${height}">
    <defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="${body}"/><stop offset="1" stop-color="#15171a"/></linearGradient></defs>
    <rect width="${width}" height="${height}" fill="url(#g)"/>
    <rect y="${height * 0.78}" width="${width}" height="${height * 0.04}" fill="#0a0a0a" opacity="0.5"/>
    <g transform="matrix(${matrix.join(" ")})">${plate.svg}</g></svg>`;
  let image = sharp(Buffer.from(svg)).flatten().resize(width, height, { kernel: "cubic" });
  if (view.infrared === true) image = image.modulate({ saturation: 0 }).linear(1.5, 20);
  if ((view.defocusPx ?? 0) >= 0.3) image = image.blur(view.defocusPx);
  let pixels = await image.removeAlpha().toColourspace("srgb").raw().toBuffer();
  if ((view.motionPx ?? 0) >= 2) {
    const n = Math.round(view.motionPx!) | 1;
    const kernel = Array.from({ length: n * n }, (_, i) => (Math.floor(i / n) === n >> 1 ? 1 : 0));
    pixels = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .convolve({ width: n, height: n, kernel })
      .raw()
      .toBuffer();
  }
  const light = view.light ?? 1;
  const noise = view.noise ?? 2;
  const rgb = Uint8Array.from(pixels, (v) => Math.max(0, Math.min(255, v * light + random.normal(noise))));
  return { width, height, rgb, quad };
}

/** A plate text of the usual kinds: letters and digits in two or three runs. */
export function plausiblePlate(random: Random): string {
  const shape = random.pick(["LLDDLLL", "LLLDDDD", "LLDDDLL", "LLLDLDD", "DDDDLLL", "LDDDLLL", "LLDDDDD"]);
  return Array.from(shape, (s) =>
    s === "L" ? random.pick("ABCDEFGHJKLMNPRSTUVWXYZ") : random.pick("0123456789"),
  ).join("");
}

/** Part of a picture. */
export function cutPicture(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3;
    rgb.set(picture.rgb.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, rgb };
}

/** Pictures of one size side by side, row by row. */
export function joinPictures(pictures: readonly Picture[], columns: number): Picture {
  const { width, height } = pictures[0]!;
  const whole = { width: width * columns, height: height * Math.ceil(pictures.length / columns) };
  const rgb = new Uint8Array(whole.width * whole.height * 3);
  for (const [i, picture] of pictures.entries()) {
    const [left, top] = [(i % columns) * width, Math.floor(i / columns) * height];
    for (let row = 0; row < height; row++) {
      const at = ((top + row) * whole.width + left) * 3;
      rgb.set(picture.rgb.subarray(row * width * 3, (row + 1) * width * 3), at);
    }
  }
  return { ...whole, rgb };
}
