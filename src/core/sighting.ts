import type { Appearance } from "./appearance.js";
import type { Box, Quad } from "./geometry.js";
import type { Candidate, CharEvidence } from "./plate.js";

export type Direction = "approaching" | "leaving" | "unknown";

/**
 * What the eye says of one track, from the moment the evidence suffices until the plate is gone.
 * Times are monotonic ms (one scale for all processes of a machine).
 */
export interface Sighting {
  /** Unique over restarts of the eye. */
  trackId: string;
  camera: string;
  phase: "new" | "update" | "end";
  /** The vote's winner over all frames so far, normalised. */
  plate: string;
  /** Calibrated probability that `plate` is right. */
  probability: number;
  /** Best first, at most ten, including the winner. */
  candidates: readonly Candidate[];
  /** Fused character probabilities, aligned by position. */
  evidence: CharEvidence;
  direction: Direction;
  /** Frames whose reading went into the vote. */
  frames: number;
  firstFrameAtMs: number;
  /** When the newest frame behind this sighting was taken; its age is checked before anything moves. */
  lastFrameAtMs: number;
  /** Where the plate is in the newest frame, and that frame's size in pixels. */
  box: Box;
  quad: Quad;
  /** Of the detector, that there is a plate in the newest frame. */
  confidence: number;
  frameWidth: number;
  frameHeight: number;
  /** The best crop so far as JPEG (straightened), and the very frame it was cut from; sent when they changed. */
  crop?: Uint8Array;
  frame?: Uint8Array;
  /** That crop after the enhancer, as JPEG, where it is hard to read and the enhancer is in use. */
  enhanced?: Uint8Array;
  /** What the vehicle looks like in that frame; null: too little of it is seen. Sent with the pictures. */
  appearance?: Appearance | null;
}
