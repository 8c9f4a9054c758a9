import { boxAround, type Detection, iou, type Quad, quadOf, widen } from "../core/geometry.js";
import { ALPHABET, decode, type PlateRead } from "../core/plate.js";
import type { Picture } from "../system/picture.js";
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
}

/** Reads plates that were found in a picture. */
export interface Reader {
  /** One answer for each detection, null where the corners cannot be straightened. */
  read(
    picture: Picture,
    detections: readonly Detection[],
  ): Promise<{ readings: (CropReading | null)[]; straightenMs: number; readMs: number }>;
}

/** The reader wants a little around the plate: its edge is what tells I from the border. */
const MARGIN = 0.05;
/** Below this score a second cut, by the upright box, is read as well and the surer answer kept. */
const UNSURE = 0.9;

export function createReader(session: ModelSession, pixels: Pixels, { secondCut = true } = {}): Reader {
  const [, height, width] = session.inputShape("crop");
  if (typeof height !== "number" || typeof width !== "number") {
    throw new ModelError(
      "The reader model does not say the size of its crop; take the model that came with this version.",
    );
  }
  return {
    async read(picture, detections) {
      const times = { straightenMs: 0, readMs: 0 };
      pixels.put(picture);
      const readings = await readQuads(
        detections.map((d) => widen(d.quad, MARGIN)),
        times,
      );
      for (const [i, reading] of readings.entries()) {
        const second = secondCut ? otherCut(detections[i]!) : null;
        if (reading === null || reading.kind === "none" || reading.read.score >= UNSURE || second === null)
          continue;
        const [other] = await readQuads([second], times);
        readings[i] = surer(reading, other ?? null);
      }
      return { readings, ...times };
    },
  };

  async function readQuads(
    quads: readonly Quad[],
    times: { straightenMs: number; readMs: number },
  ): Promise<(CropReading | null)[]> {
    const started = performance.now();
    const crops = quads.map((quad) => pixels.straighten(quad, width as number, height as number));
    const usable = crops.filter((c) => c !== null);
    const batch = usable.length === 1 ? usable[0]!.rgb : Buffer.concat(usable.map((c) => c.rgb));
    const straightened = performance.now();
    times.straightenMs += straightened - started;
    if (usable.length === 0) return crops.map(() => null);
    const [chars, kind] = await session.run(
      "crop",
      batch,
      [usable.length, height as number, width as number, 3],
      ["chars", "kind"],
    );
    times.readMs += performance.now() - straightened;
    let next = 0;
    return crops.map((crop) => (crop === null ? null : toReading(chars!, kind!, next++, usable.length)));
  }
}

function toReading(chars: Float32Array, kind: Float32Array, index: number, count: number): CropReading {
  const size = chars.length / count;
  const evidence: number[][] = [];
  for (let at = index * size; at < (index + 1) * size; at += ALPHABET.length)
    evidence.push(Array.from(chars.subarray(at, at + ALPHABET.length)));
  const [whole, cut, none] = [kind[index * 3]!, kind[index * 3 + 1]!, kind[index * 3 + 2]!];
  const name = none >= whole && none >= cut ? "none" : cut > whole ? "cut" : "whole";
  return { kind: name, kinds: { whole, cut, none }, read: decode(evidence) };
}

/** The upright box as a second opinion, where it differs from the corners enough to be one. */
function otherCut({ box, quad }: Detection): Quad | null {
  return iou(boxAround(quad), box) > 0.97 && isUpright(quad)
    ? widen(quadOf(box), 0.02, 0.08)
    : widen(quadOf(box), MARGIN);
}

function isUpright([a, b, , d]: Quad): boolean {
  return Math.abs(a[1] - b[1]) < 0.04 * (b[0] - a[0]) && Math.abs(a[0] - d[0]) < 0.04 * (d[1] - a[1]);
}

function surer(a: CropReading, b: CropReading | null): CropReading {
  if (b === null || b.kind === "none") return a;
  return a.read.score * a.kinds.whole >= b.read.score * b.kinds.whole ? a : b;
}
