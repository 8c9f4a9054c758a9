import type { Box } from "./geometry.js";

/** What a vehicle looks like, without its plate: numbers of which only the direction counts. */
export interface Appearance {
  /** Recipe, and detector whose features went in; those of another one cannot be compared. */
  model: string;
  /** `APPEARANCE_NUMBERS` integers, -127 to 127. */
  vector: readonly number[];
}

/** How much the vehicle of a pass looks like those that came with its plate before. */
export interface Likeness {
  /** Earlier passes it was compared with. */
  compared: number;
  /** Of the most alike one: 1 the same picture, 0 nothing in common, negative the opposite; null: too little is seen of it. */
  likeness: number | null;
}

/** Fewer earlier passes than this say nothing: a car by day, at night and in the rain is three pictures. */
const MIN_COMPARED = 3;

/** Whether this vehicle looks like none that came with its plate before. */
export function isOdd({ compared, likeness }: Likeness, minLikeness: number): boolean {
  return compared >= MIN_COMPARED && likeness !== null && likeness < minLikeness;
}

/** The same, and also where a plate comes without a vehicle that could be looked at: on a sheet of paper, for one. */
export function mustAsk({ compared, likeness }: Likeness, minLikeness: number): boolean {
  return compared >= MIN_COMPARED && (likeness === null || likeness < minLikeness);
}

export function oddSentence({ compared, likeness }: Likeness): string {
  return likeness === null
    ? "too little of the vehicle is seen"
    : `the vehicle looks like none of the ${compared} it came on before`;
}

/** Shape 160, colour 64, features 32. */
export const APPEARANCE_NUMBERS = 256;
/** The small picture of the vehicle that shape and colour are taken from, and the larger one for the detector. */
export const LAYOUT = { width: 24, height: 20 };
export const FIELD = { width: 192, height: 160 };
/** Width of the plate in the field; a usual one is 0.52 m wide, so the field shows 2.3 m by 1.9 m. */
const PLATE_PX = 44;
/** Share of the field above the plate's middle: bonnet, windscreen and roof. */
const ABOVE = 0.7;

const SHAPE_NUMBERS = 160;
const COLOUR_NUMBERS = 64;
const FEATURE_NUMBERS = APPEARANCE_NUMBERS - SHAPE_NUMBERS - COLOUR_NUMBERS;
const WEIGHTS = { shape: 1, colour: 0.4, features: 0.3 };

/** Where the vehicle is, seen from its plate; may reach beyond the picture. */
export function vehicleAround([x, y, w, h]: Box): Box {
  const scale = w / PLATE_PX;
  const [width, height] = [FIELD.width * scale, FIELD.height * scale];
  return [x + w / 2 - width / 2, y + h / 2 - height * ABOVE, width, height];
}

/** Where the plate lies in a picture of `width` x `height` that shows `vehicleAround(plate)`, with a little rim. */
export function plateWithin(plate: Box, { width, height }: { width: number; height: number }): Box {
  const [x, y, w, h] = plate;
  const [left, top, across, down] = vehicleAround(plate);
  const [sx, sy] = [width / across, height / down];
  return [(x - 0.06 * w - left) * sx, (y - 0.15 * h - top) * sy, 1.12 * w * sx, 1.3 * h * sy];
}

/**
 * The vector of a vehicle. Shape: a cosine transform of brightness, made free of light and contrast, fine structure lifted
 * to the strength of coarse one. Colour: the same of both colour differences. Features: mean and spread of each channel
 * of the detector, logarithmic, mixed by fixed signs. Parts have unit length and fixed weights.
 * `layout`: RGB of `LAYOUT` with the plate painted over. `features`: channels after each other, `cells` each; none: zeros.
 */
export function appearanceVector(
  layout: Uint8Array,
  features: Float32Array | null,
  cells: number,
): readonly number[] {
  const { light, blue, red } = planesOf(layout);
  const parts = [
    weighted(coefficients(light, SHAPE_NUMBERS, 15), WEIGHTS.shape),
    weighted(
      [...coefficients(blue, COLOUR_NUMBERS / 2, 6), ...coefficients(red, COLOUR_NUMBERS / 2, 6)],
      WEIGHTS.colour,
    ),
    weighted(
      features === null ? new Array<number>(FEATURE_NUMBERS).fill(0) : mixed(spreads(features, cells)),
      WEIGHTS.features,
    ),
  ].flat();
  const most = Math.max(...parts.map(Math.abs));
  return parts.map((v) => (most > 0 ? Math.round((v * 127) / most) : 0));
}

/** Cosine of two appearances, -1 to 1; null where they cannot be compared. */
export function likenessOf(a: Appearance, b: Appearance): number | null {
  if (a.model !== b.model || a.vector.length !== b.vector.length) return null;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.vector.length; i++) {
    const [x, y] = [a.vector[i]!, b.vector[i]!];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
}

/** Brightness without light and contrast, and colour relative to the light, under a window that favours the vehicle's middle. */
function planesOf(rgb: Uint8Array): Record<"light" | "blue" | "red", Float64Array> {
  const n = LAYOUT.width * LAYOUT.height;
  const light = Float64Array.from(
    { length: n },
    (_, i) => (rgb[3 * i]! + rgb[3 * i + 1]! + rgb[3 * i + 2]!) / 3,
  );
  const mean = light.reduce((sum, v) => sum + v, 0) / n;
  const contrast = Math.sqrt(light.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  const colour = (channel: number) =>
    light.map((v, i) => ((rgb[3 * i + channel]! - v) / (mean + 20)) * WINDOW[i]!);
  return {
    light: light.map((v, i) => ((v - mean) / (contrast + 8)) * WINDOW[i]!),
    blue: colour(2),
    red: colour(0),
  };
}

const WINDOW = Float64Array.from({ length: LAYOUT.width * LAYOUT.height }, (_, i) => {
  const across = ((i % LAYOUT.width) + 0.5) / LAYOUT.width - 0.5;
  const down = (Math.floor(i / LAYOUT.width) + 0.5) / LAYOUT.height - 0.6;
  return Math.exp(-(across ** 2 + down ** 2) / (2 * 0.25 ** 2));
});

/** The `count` slowest waves of a layout-sized plane (cosine transform, type II), faster ones strengthened by `lift`. */
function coefficients(plane: Float64Array, count: number, lift: number): number[] {
  const { width, height } = LAYOUT;
  const rows = new Float64Array(width * height);
  for (let y = 0; y < height; y++)
    for (let u = 0; u < width; u++) {
      let sum = 0;
      for (let x = 0; x < width; x++) sum += plane[y * width + x]! * ACROSS[u * width + x]!;
      rows[y * width + u] = sum;
    }
  return WAVES.slice(0, count).map(({ u, v, speed }) => {
    let sum = 0;
    for (let y = 0; y < height; y++) sum += rows[y * width + u]! * DOWN[v * height + y]!;
    return sum * (1 + lift * speed);
  });
}

const ACROSS = cosines(LAYOUT.width);
const DOWN = cosines(LAYOUT.height);
const WAVES = Array.from({ length: LAYOUT.width * LAYOUT.height }, (_, i) => {
  const [u, v] = [i % LAYOUT.width, Math.floor(i / LAYOUT.width)];
  return { u, v, speed: Math.hypot(u / LAYOUT.width, v / LAYOUT.height) };
}).sort((a, b) => a.speed - b.speed || a.u - b.u);

function cosines(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => {
    const [k, x] = [Math.floor(i / n), i % n];
    return Math.cos((Math.PI * (x + 0.5) * k) / n) * Math.sqrt((k === 0 ? 1 : 2) / n);
  });
}

/** Logarithm of mean and of spread of each channel, both about their own average. */
function spreads(features: Float32Array, cells: number): number[] {
  const means: number[] = [];
  const spread: number[] = [];
  for (let at = 0; at + cells <= features.length; at += cells) {
    let [sum, squares] = [0, 0];
    for (let i = at; i < at + cells; i++) {
      sum += features[i]!;
      squares += features[i]! ** 2;
    }
    const mean = sum / cells;
    means.push(Math.log(Math.max(0, mean) + 0.1));
    spread.push(Math.log(Math.sqrt(Math.max(0, squares / cells - mean ** 2)) + 0.1));
  }
  return [...centred(means), ...centred(spread)];
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);
  return values.map((v) => v - mean);
}

/** Mixed down to `FEATURE_NUMBERS` by signs that are the same for ever (Achlioptas 2003): angles stay about the same. */
function mixed(values: readonly number[]): number[] {
  let random = 0x9e3779b9;
  return Array.from({ length: FEATURE_NUMBERS }, () =>
    values.reduce((sum, value) => {
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      return sum + ((random & 0x10000) !== 0 ? value : -value);
    }, 0),
  );
}

function weighted(part: readonly number[], weight: number): number[] {
  const length = Math.hypot(...part);
  return part.map((v) => (length > 0 ? (v / length) * Math.sqrt(weight) : 0));
}
