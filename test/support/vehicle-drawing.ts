import sharp from "sharp";
import type { Box } from "../../src/core/geometry.js";
import type { Picture } from "../../src/system/picture.js";
import type { Random } from "./random.js";

/** A vehicle seen from the front: one of these shapes, in this paint, with this face. */
export interface DrawnVehicle {
  shape: "hatch" | "saloon" | "van" | "lorry" | "sports";
  paint: string;
  /** Shape of lamps and grille, 0 to 1 each. */
  face: readonly [lamps: number, grille: number];
}

/** How it is seen: everything that is not the vehicle. */
export interface VehicleView {
  plate: string;
  platePx: number;
  /** Where the middle of the plate is, in pixels of the picture. */
  at: readonly [number, number];
  /** 1: by day. */
  light: number;
  noise: number;
}

const PICTURE = { width: 640, height: 400 };
// Height over width of the whole, of the roof over it, and how far the roof is drawn in.
const SHAPES = {
  hatch: { height: 0.85, cabin: 0.45, inset: 0.16 },
  saloon: { height: 0.72, cabin: 0.36, inset: 0.2 },
  van: { height: 1.05, cabin: 0.6, inset: 0.06 },
  lorry: { height: 1.25, cabin: 0.8, inset: 0.02 },
  sports: { height: 0.58, cabin: 0.28, inset: 0.24 },
};

/** A picture of the vehicle on a drive, and where its plate is. */
export async function drawVehicle(
  vehicle: DrawnVehicle,
  view: VehicleView,
  random: Random,
): Promise<Picture & { plate: Box }> {
  const w = view.platePx;
  const box: Box = [view.at[0] - w / 2, view.at[1] - w * 0.11, w, w * 0.22];
  const image = sharp(Buffer.from(svg(vehicle, view, box)))
    .blur(0.6)
    .linear(view.light, (1 - view.light) * 12);
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i++)
    data[i] = Math.max(0, Math.min(255, data[i]! + random.between(-view.noise, view.noise)));
  return { width: info.width, height: info.height, rgb: data, plate: box };
}

function svg({ shape, paint, face }: DrawnVehicle, { plate, at }: VehicleView, box: Box): string {
  const { height, cabin, inset } = SHAPES[shape];
  const [x, y] = at;
  // The plate is 0.52 m wide, a vehicle 1.8 m; its lower edge is a third of a metre below the plate.
  const width = (box[2] / 0.52) * 1.8;
  const [left, bottom] = [x - width / 2, y + width * 0.17];
  const top = bottom - width * height;
  const waist = top + width * cabin;
  const across = (share: number) => left + width * share;
  const lamp = (side: number) =>
    `<ellipse cx="${x + side * width * 0.36}" cy="${waist + (bottom - waist) * 0.35}" rx="${width * (0.05 + 0.06 * face[0])}" ry="${width * (0.08 - 0.05 * face[0])}" fill="#f2f2e8"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${PICTURE.width}" height="${PICTURE.height}">
  <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#9db4c6"/><stop offset="1" stop-color="#dfe3e0"/></linearGradient></defs>
  <rect width="100%" height="45%" fill="url(#sky)"/><rect y="45%" width="100%" height="55%" fill="#77797c"/>
  <path d="M0 190h640v-30L520 120 400 150 260 110 120 150 0 130Z" fill="#5c7052"/><rect x="470" y="90" width="110" height="90" fill="#b09a85"/>
  <ellipse cx="${x}" cy="${bottom}" rx="${width * 0.55}" ry="${width * 0.05}" fill="#222" opacity=".6"/>
  <path d="M${across(0.02)} ${bottom}V${waist}L${across(inset)} ${top}H${across(1 - inset)}L${across(0.98)} ${waist}V${bottom}Z" fill="${paint}"/>
  <path d="M${across(inset * 0.6 + 0.07)} ${waist}L${across(inset + 0.05)} ${top + width * 0.06}H${across(0.95 - inset)}L${across(0.93 - inset * 0.6)} ${waist}Z" fill="#27323a"/>
  <rect x="${across(0.5 - 0.12 - 0.16 * face[1])}" y="${waist + (bottom - waist) * 0.22}" width="${width * (0.24 + 0.32 * face[1])}" height="${(bottom - waist) * (0.12 + 0.16 * face[1])}" fill="#181b1e"/>
  ${lamp(-1)}${lamp(1)}
  <rect x="${box[0]}" y="${box[1]}" width="${box[2]}" height="${box[3]}" fill="#f4f4ee" stroke="#111"/>
  <text x="${x}" y="${box[1] + box[3] * 0.82}" font-family="DejaVu Sans" font-weight="bold" font-size="${box[3] * 0.85}" text-anchor="middle" textLength="${box[2] * 0.88}" lengthAdjust="spacingAndGlyphs">${plate}</text></svg>`;
}
