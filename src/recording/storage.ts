import type { Config } from "../config.js";
import type { ClipRepository } from "../core/repositories.js";
import type { Ring } from "./ring.js";

export interface StorageStatus {
  ringBytes: number;
  ringMaxBytes: number;
  segments: number;
  /** Wall ms of the oldest video; null when there is none. */
  oldestAt: number | null;
  clips: number;
  clipBytes: number;
  /** Space left on the card, and the part of it that is never used. */
  freeBytes: number;
  minFreeBytes: number;
}

/** How much is kept and how much fits. */
export async function storageStatus(
  ring: Ring,
  clips: ClipRepository,
  config: Config["recording"],
): Promise<StorageStatus> {
  const status = ring.status();
  const all = await clips.all();
  return {
    ringBytes: status.bytes,
    ringMaxBytes: config.maxBytes,
    segments: status.segments,
    oldestAt: status.oldestAt,
    clips: all.length,
    clipBytes: all.reduce((n, clip) => n + clip.bytes, 0),
    freeBytes: status.freeBytes,
    minFreeBytes: config.minFreeBytes,
  };
}
