import type { Appearance } from "../core/appearance.js";
import type { Box, Detection, Quad } from "../core/geometry.js";
import { boxAround, quadSize, widen } from "../core/geometry.js";
import type { PlateRead } from "../core/plate.js";
import { legibility } from "../core/vote.js";
import type { Picture } from "../system/picture.js";
import { createAppearances } from "./appearance.js";
import { createDetector } from "./detector.js";
import { createEnhancer } from "./enhancer.js";
import { createFusion } from "./fusion.js";
import { createOverlay, type WeighedCrop } from "./overlay.js";
import { createPixels } from "./pixels.js";
import { type CropKind, type CropReading, createReader, type RegionGuess } from "./reader.js";
import { openModel } from "./session.js";

/** What the models say of one plate in one picture. */
export interface PlateLook {
  /** Where the closer look found it, in pixels of the picture. */
  detection: Detection;
  /** null: its corners could not be straightened. */
  kind: CropKind | null;
  /** How likely this is a plate at all, 0..1: what the detector thinks, and whether the reader could make sense of it. */
  plausibility: number;
  /** null: it is no whole plate; a plate at the edge of the zone is taken to go on beyond it. */
  read: PlateRead | null;
  /** Where such plates come from; null without a reading. */
  region: RegionGuess | null;
  /** As the reader took it: straightened, of one size whatever the shape of the plate. */
  crop: Picture | null;
}

export interface VisionOptions {
  modelsFolder: string;
  threads: number;
  /** Detections below this are not answered. */
  minConfidence: number;
  /** Part of the picture to look at, 0..1: left, top, right, bottom. */
  zone?: readonly [number, number, number, number];
  /** Single pictures deserve more tries than the frames of a film, which come again; default false. */
  thorough?: boolean;
  /** Read plates that are hard to read a second time through the enhancer; default false. */
  enhance?: boolean;
}

/** Ms spent in each step of one look: `scale`, `detect`, `refine`, `straighten`, `read`. */
export type StageTimes = Record<string, number>;

/** The models at work: one picture at a time; wait for an answer before the next call. */
export interface Vision {
  /**
   * Finds plates in the zone, or in the given part of the picture, which is then looked at larger. `coarse`: only plates
   * that fill most of it, in a sixth of the time.
   */
  detect(
    picture: Picture,
    part?: Box,
    coarse?: boolean,
  ): Promise<{ detections: Detection[]; stages: StageTimes }>;
  /** Looks closer at the given plates of the picture and reads them, in their order. */
  read(
    picture: Picture,
    detections: readonly Detection[],
  ): Promise<{ looks: PlateLook[]; stages: StageTimes }>;
  /** Reads several crops of one plate, laid over each other; null when they do not fit or show no whole plate. */
  overlay(crops: readonly WeighedCrop[]): Promise<PlateRead | null>;
  /** What the reader took, enhanced, for people to look at; null when the enhancer is not in use. */
  enhanced(crop: Picture): Promise<Picture | null>;
  /** Tiny grey picture of the zone, for the motion gate. */
  thumbnail(picture: Picture, width: number, height: number): Uint8Array;
  /** The plate straightened at its own size and shape, for people; null for corners that make no plate. */
  crop(picture: Picture, detection: Detection): Picture | null;
  /** What the vehicle behind the plate looks like; null where too little of it is in the picture. An eighth of a look. */
  appearance(picture: Picture, detection: Detection): Promise<Appearance | null>;
  /** Model name → version. */
  models(): Record<string, string>;
  close(): Promise<void>;
}

/** Loads the models; rejects with a `ModelError`, one sentence, when one of them cannot be used. */
export async function openVision(options: VisionOptions): Promise<Vision> {
  const detectorModel = await openModel(options.modelsFolder, "detector", options.threads);
  const readerModel = await openModel(options.modelsFolder, "reader", options.threads);
  const pixels = createPixels();
  const detector = createDetector(detectorModel, pixels);
  const appearanceOf = createAppearances(detectorModel, pixels);
  const enhancerModel =
    options.enhance === true ? await openModel(options.modelsFolder, "enhancer", options.threads) : null;
  const enhancer = enhancerModel === null ? null : createEnhancer(enhancerModel);
  const otherCuts = options.thorough === true ? 3 : 1;
  const reader = createReader(readerModel, pixels, { otherCuts, enhancer });
  const overlay = createOverlay(createFusion(reader.size.width, reader.size.height), reader);
  return {
    async detect(picture, part = zoneOf(picture, options.zone), coarse = false) {
      const { detections, scaleMs, detectMs } = await detector.detect(
        picture,
        part,
        options.minConfidence,
        coarse,
      );
      return { detections, stages: { scale: scaleMs, detect: detectMs } };
    },
    async read(picture, detections) {
      if (detections.length === 0) return { looks: [], stages: {} };
      const zone = zoneOf(picture, options.zone);
      const started = performance.now();
      const closer: Detection[] = [];
      for (const d of detections) closer.push(await detector.refine(picture, d));
      const refineMs = performance.now() - started;
      const { readings, crops, straightenMs, readMs } = await reader.read(picture, closer);
      const looks = readings.map((reading, i): PlateLook => {
        const detection = closer[i]!;
        const plausibility = plausible(detection, reading);
        const crop = crops[i]!;
        if (reading === null) return { detection, kind: null, plausibility, read: null, region: null, crop };
        // A plate cut between two characters by the edge of what was looked at seems whole to the reader.
        const kind = reading.kind === "whole" && touchesEdge(detection, zone) ? "cut" : reading.kind;
        return {
          detection,
          kind,
          plausibility,
          read: kind === "whole" ? reading.read : null,
          region: reading.region,
          crop,
        };
      });
      return { looks, stages: { refine: refineMs, straighten: straightenMs, read: readMs } };
    },
    overlay: (crops) => overlay.read(crops),
    enhanced: async (crop) => (enhancer === null ? null : (await enhancer.enhance([crop]))[0]!),
    thumbnail(picture, width, height) {
      pixels.put(picture);
      return pixels.thumbnail(zoneOf(picture, options.zone), width, height);
    },
    crop(picture, { quad }) {
      pixels.put(picture);
      const roomy = widen(quad, 0.08, 0.15);
      const { width, height } = quadSize(roomy);
      const scale = Math.min(1, 480 / width) * Math.max(1, 96 / width);
      return pixels.straighten(
        roomy,
        Math.max(8, Math.round(width * scale)),
        Math.max(8, Math.round(height * scale)),
      );
    },
    appearance: (picture, { box }) => appearanceOf(picture, box),
    models: () => ({
      detector: detectorModel.version,
      reader: readerModel.version,
      ...(enhancerModel === null ? {} : { enhancer: enhancerModel.version }),
    }),
    async close() {
      await detectorModel.close();
      await readerModel.close();
      await enhancerModel?.close();
    },
  };
}

function zoneOf({ width, height }: Picture, zone: VisionOptions["zone"]): Box {
  const [left, top, right, bottom] = zone ?? [0, 0, 1, 1];
  const part: Box = [left * width, top * height, (right - left) * width, (bottom - top) * height];
  // A zone of nothing is a slip of the hand, not a wish to see nothing.
  return part[2] >= 32 && part[3] >= 32 ? part : [0, 0, width, height];
}

/** Fences, grilles and lamps that look like plates to the detector say nothing to the reader. */
function plausible({ confidence }: Detection, reading: CropReading | null): number {
  if (reading === null) return 0;
  return confidence * (0.3 + 0.7 * legibility(reading.read)) * (1 - reading.kinds.none);
}

/** True when the edge of the zone may cut the plate. */
function touchesEdge({ box, quad }: Detection, zone: Box): boolean {
  const [x, y, w, h] = box;
  const [left, top, width, height] = zone;
  const [before, after] = [x - left, left + width - x - w];
  const [above, below] = [y - top, top + height - y - h];
  // One that fills the picture was photographed so, and not in passing, unless all the room is on one side.
  if (w > width / 2 && Math.max(before, after) < CLOSE_UP * w && Math.max(above, below) < w)
    return goesOn(box, quad, zone);
  const near = Math.max(3, Math.min(0.12 * h, 0.05 * w));
  return Math.min(before, after) < near || Math.min(above, below) < near / 3;
}

/** Room beside a plate, in plate widths, up to which a picture counts as one of the plate alone. */
const CLOSE_UP = 0.2;

/**
 * True when the detector, which has learned where corners beyond the picture would be, places them well outside: shares of
 * the plate's seen width and height. Short plates, of two lines above all, it takes for longer ones than they are. Of 351
 * close crops cut at one side 26 instead of 70 then pass for shorter plates, and one of 352 whole ones is refused.
 */
function goesOn([, , w, h]: Box, quad: Quad, [left, top, width, height]: Box): boolean {
  const [x, y, across, down] = boxAround(quad);
  const beside = Math.max(left - x, x + across - left - width);
  const overhead = Math.max(top - y, y + down - top - height);
  return beside > (w > 2.5 * h ? 0.1 : 0.2) * w || overhead > 0.25 * h;
}
