import { z } from "zod";
import { boxAround, type Detection, type Quad, quadOf, widen } from "../core/geometry.js";
import { ALPHABET, decode, likeliest, type PlateRead } from "../core/plate.js";
import type { Picture } from "../system/picture.js";
import type { Enhancer } from "./enhancer.js";
import type { Pixels } from "./pixels.js";
import { ModelError, type ModelSession } from "./session.js";

/** Whether a crop shows a whole plate, a part of one, or none. */
export type CropKind = "whole" | "cut" | "none";

export interface CropReading {
  kind: CropKind;
  /** Probability of each kind. */
  kinds: Readonly<Record<CropKind, number>>;
  /** What stands there if it is a plate at all. */
  read: PlateRead;
  /** Where such plates come from, as far as the looks tell; a guess. Null: this model makes none. */
  region: RegionGuess | null;
}

export interface RegionGuess {
  name: string;
  probability: number;
}

/** Reads plates that were found in a picture. */
export interface Reader {
  /** Of every straightened crop. */
  readonly size: { width: number; height: number };
  /**
   * One answer for each detection, null where the corners cannot be straightened; `crops` are what was read first.
   */
  read(
    picture: Picture,
    detections: readonly Detection[],
  ): Promise<{
    readings: (CropReading | null)[];
    crops: (Picture | null)[];
    straightenMs: number;
    readMs: number;
  }>;
  /** The plate cut out as `read` does it first; null for corners that make no plate. */
  straighten(picture: Picture, quad: Quad): Picture | null;
  /** Reads crops that are straightened already. */
  readCrops(crops: readonly Picture[]): Promise<CropReading[]>;
}

/** The reader wants a little around the plate: its edge is what tells I from the border. */
const MARGIN = 0.05;
/** On either side, in case the detector lost a character at the end. */
const ROOMY = 0.15;
/** Below this score the plate is cut out in other ways as well, and the surest answer kept. */
export const UNSURE = 0.9;
/**
 * `otherCuts`: how many more ways to cut a plate are tried when the first reading is unsure, 0 to 3. `enhancer`: the first
 * cut of such a plate is read enhanced as well; a plate that is read surely costs no time for it.
 */
export function createReader(
  session: ModelSession,
  pixels: Pixels,
  { otherCuts = 3, enhancer = null }: { otherCuts?: number; enhancer?: Enhancer | null } = {},
): Reader {
  const [, height, width] = session.inputShape("crop");
  if (typeof height !== "number" || typeof width !== "number") {
    throw new ModelError(
      "The reader model does not say the size of its crop; take the model that came with this version.",
    );
  }
  const size = { width, height };
  const regions = regionsOf(session);
  const wanted = regions.length > 0 ? ["chars", "kind", "region"] : ["chars", "kind"];
  return {
    size,
    read,
    readCrops,
    straighten(picture, quad) {
      pixels.put(picture);
      return pixels.straighten(cutsOf({ quad, box: boxAround(quad) }).first, size.width, size.height);
    },
  };

  async function read(picture: Picture, detections: readonly Detection[]) {
    const times = { straightenMs: 0, readMs: 0 };
    pixels.put(picture);
    const cuts = detections.map(cutsOf);
    const { crops, readings } = await readQuads(
      cuts.map((c) => c.first),
      times,
    );
    for (const [i, reading] of readings.entries()) {
      const unsure = reading === null || (reading.kind !== "none" && reading.read.score < UNSURE);
      if (!unsure) continue;
      const others = await readQuads(cuts[i]!.others.slice(0, otherCuts), times);
      const started = performance.now();
      const better = crops[i] && enhancer ? await readCrops(await enhancer.enhance([crops[i]])) : [];
      times.readMs += performance.now() - started;
      readings[i] = together([reading, ...others.readings, ...better]);
    }
    return { readings, crops, ...times };
  }

  async function readQuads(quads: readonly Quad[], times: { straightenMs: number; readMs: number }) {
    const started = performance.now();
    const crops = quads.map((quad) => pixels.straighten(quad, size.width, size.height));
    const straightened = performance.now();
    const found = await readCrops(crops.filter((c) => c !== null));
    times.straightenMs += straightened - started;
    times.readMs += performance.now() - straightened;
    let next = 0;
    return { crops, readings: crops.map((crop) => (crop === null ? null : found[next++]!)) };
  }

  async function readCrops(crops: readonly Picture[]): Promise<CropReading[]> {
    if (crops.length === 0) return [];
    const batch = crops.length === 1 ? crops[0]!.rgb : Buffer.concat(crops.map((c) => c.rgb));
    const shape = [crops.length, size.height, size.width, 3];
    const [chars, kind, region] = await session.run("crop", batch, shape, wanted);
    return crops.map((_, i) => ({
      ...toReading(chars!, kind!, i, crops.length),
      region: guess(region, i),
    }));
  }

  function guess(region: Float32Array | undefined, index: number): RegionGuess | null {
    if (region === undefined) return null;
    const row = region.subarray(index * regions.length, (index + 1) * regions.length);
    const best = likeliest(row);
    return { name: regions[best]!, probability: row[best]! };
  }
}

/** Names of the reader's regions, from its entry in the manifest; none where it does not tell them. */
function regionsOf(session: ModelSession): readonly string[] {
  const said = z.looseObject({
    output: z.looseObject({ region: z.looseObject({ classes: z.array(z.string()) }) }),
  });
  const { success, data } = said.safeParse(session.facts);
  return success && session.hasOutput("region") ? data.output.region.classes : [];
}

function toReading(
  chars: Float32Array,
  kind: Float32Array,
  index: number,
  count: number,
): Omit<CropReading, "region"> {
  const size = chars.length / count;
  const evidence: number[][] = [];
  for (let at = index * size; at < (index + 1) * size; at += ALPHABET.length)
    evidence.push(Array.from(chars.subarray(at, at + ALPHABET.length)));
  const [whole, cut, none] = [kind[index * 3]!, kind[index * 3 + 1]!, kind[index * 3 + 2]!];
  const name = none >= whole && none >= cut ? "none" : cut > whole ? "cut" : "whole";
  return { kind: name, kinds: { whole, cut, none }, read: decode(evidence) };
}

/** The ways to cut a plate out: by its corners, more and less roomy, and by its upright box. */
function cutsOf({ box, quad }: Pick<Detection, "box" | "quad">): { first: Quad; others: Quad[] } {
  return {
    first: widen(quad, MARGIN),
    others: [quad, widen(quadOf(box), MARGIN), widen(quad, ROOMY, MARGIN)],
  };
}

/**
 * Several cuts of one plate: the surest says how many characters there are, and all that say so share the evidence by
 * their scores. Taking the surest alone would make the probabilities too good: the best of several guesses is lucky.
 */
export function together(cuts: readonly (CropReading | null)[]): CropReading | null {
  const usable = cuts.filter((c) => c !== null && c.kind !== "none") as CropReading[];
  const worth = (c: CropReading) => c.read.score * c.kinds.whole;
  const surest = usable.sort((a, b) => worth(b) - worth(a))[0];
  if (surest === undefined) return cuts.find((c) => c !== null) ?? null;
  const alike = usable.filter((c) => c.read.text.length === surest.read.text.length);
  const sum = alike.reduce((total, c) => total + worth(c) + 1e-6, 0);
  const evidence = surest.read.evidence.map((row, i) =>
    row.map((_, k) => alike.reduce((p, c) => p + ((worth(c) + 1e-6) / sum) * c.read.evidence[i]![k]!, 0)),
  );
  return { ...surest, read: decode(evidence) };
}
