import type { Appearance } from "../core/appearance.js";
import type { DetectionRecord, TrackRecord } from "../core/records.js";

/** What the store does for itself; not part of what the rest of the appliance asks of it. */
export interface PruneLimits {
  /** Wall times before which things go. */
  passesBefore: number;
  picturesBefore: number;
  edgesBefore: number;
  auditBefore: number;
}

export interface EraseReport {
  passes: number;
  reads: number;
  decisions: number;
  rules: number;
  vehicles: number;
  events: number;
  clips: number;
  /** Files of clips, also of ones that may have been cut and not entered yet, relative to the recording folder; they are in the garbage and go with the next rotation. */
  files: readonly string[];
}

/** What else was kept with a pass, for exports. */
export interface PassDetails {
  tracks: readonly TrackRecord[];
  detections: readonly DetectionRecord[];
  appearance: Appearance | null;
}

export interface Upkeep {
  /** Removes a batch of what is too old; gives the number of rows, 0 when there is nothing left to remove. */
  prune(limits: PruneLimits): Promise<number>;
  /** Removes a plate from every table; its place in the hash chain stays, without the plate. */
  erase(plate: string): Promise<EraseReport>;
  details(passId: string): Promise<PassDetails>;
  /** Number of links of the hash chain and the hash of the newest. */
  chainHead(): Promise<{ links: number; hash: string }>;
  /** Overwrites what erased rows may have left in the file and its log. Takes as long as writing the file anew. */
  scrub(): Promise<void>;
}
