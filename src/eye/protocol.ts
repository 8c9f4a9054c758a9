/** Messages between the gate process and the eye process of a camera (IPC, structured clone). */
import type { CameraStatus, SegmentFile } from "../camera/camera.js";
import type { Sighting } from "../core/sighting.js";
import type { LogLevel } from "../system/log.js";

/** How an eye is started; the first message it gets. */
export interface EyeStart {
  type: "start";
  camera: string;
  source: string;
  direction: "entry" | "exit" | "both";
  analysisFps: number;
  /** Folder for segments of this camera; null: no recording. */
  recordingFolder: string | null;
  segmentSeconds: number;
  modelsFolder: string;
  threads: number;
  /** Read hard plates through the enhancer as well; default false. */
  enhance?: boolean;
  /** Smallest detector confidence that starts a track. */
  minConfidence: number;
  /** Part of the picture to look at, 0..1: left, top, right, bottom. */
  zone: readonly [number, number, number, number];
  /** Say with the first word on a plate what its vehicle looks like. */
  looksFirst: boolean;
  /** Default `info`. */
  logLevel?: LogLevel;
}

export type ToEye =
  | EyeStart
  /** Somebody watches: send live pictures for the next `forMs`. */
  | { type: "live"; forMs: number; maxFps: number; widthPx: number }
  | { type: "stop" };

export interface EyeFigures {
  camera: CameraStatus;
  fps: number;
  /** Frames that the motion gate found empty. */
  idleFrames: number;
  lookedFrames: number;
  /** Median and 95th percentile over the last minute, in ms; `age`: of the frame when its analysis begins. */
  stages: Record<string, { p50Ms: number; p95Ms: number }>;
  rssBytes: number;
}

export type FromEye =
  | { type: "ready"; models: Record<string, string> }
  | { type: "sighting"; sighting: Sighting }
  /** Finished and durable; also what an earlier eye left unfinished, which may have been reported before. */
  | { type: "segment"; camera: string; segment: SegmentFile }
  /** Being written from now on; it plays while it grows and keeps its path. */
  | { type: "segment-opened"; camera: string; segment: { path: string; startedAt: number } }
  | { type: "live"; jpeg: Uint8Array; atMs: number }
  | { type: "figures"; figures: EyeFigures }
  | { type: "problem"; sentence: string };
