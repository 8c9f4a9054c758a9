import type { Detection } from "../core/geometry.js";
import type { PlateRead } from "../core/plate.js";
import type { Picture } from "../system/picture.js";

/** What the models say of one plate in one picture. */
export interface PlateLook {
  /** Pixels of the picture that was looked at. */
  detection: Detection;
  /** null: nobody asked to read it, or it is no whole plate. */
  read: PlateRead | null;
  /** The straightened plate as the reader saw it; null where nothing was read. */
  crop: Picture | null;
}

export interface VisionOptions {
  modelsFolder: string;
  threads: number;
  minConfidence: number;
  /** Part of the picture to look at, 0..1: left, top, right, bottom. */
  zone?: readonly [number, number, number, number];
}

/** Ms spent in each step of one look: `scale`, `detect`, `straighten`, `read`. */
export type StageTimes = Record<string, number>;

export interface Vision {
  /** Finds plates; one pass over the whole zone. */
  detect(picture: Picture): Promise<{ detections: Detection[]; stages: StageTimes }>;
  /** Reads the given plates of the picture, in their order. */
  read(
    picture: Picture,
    detections: readonly Detection[],
  ): Promise<{ looks: PlateLook[]; stages: StageTimes }>;
  /** Model name → version and first digits of its sha256. */
  models(): Record<string, string>;
  close(): Promise<void>;
}
