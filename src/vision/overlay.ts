import type { PlateRead } from "../core/plate.js";
import type { Fusion, WeighedCrop } from "./fusion.js";
import type { Reader } from "./reader.js";

export type { WeighedCrop } from "./fusion.js";

/** Reads what several frames of a track show together. */
export interface Overlay {
  /**
   * What stands on the crops laid over each other; null when fewer than two fit, when they differ too little for the mean
   * to show more than each of them, or when it is no whole plate.
   */
  read(crops: readonly WeighedCrop[]): Promise<PlateRead | null>;
}

/**
 * Mean squared difference of the crops, contrast being 1, from which their mean is better than they are: noise and
 * darkness. On held-out crops the mean lost nothing above it; below it, where all frames share the same blur, it won nothing.
 */
const LEAST_DIFFERENT = 0.07;

export function createOverlay(fusion: Fusion, reader: Reader): Overlay {
  return {
    async read(crops) {
      const fused = fusion.fuse(crops);
      if (fused === null || fused.difference < LEAST_DIFFERENT) return null;
      const [reading] = await reader.readCrops([fused.crop]);
      return reading!.kind === "whole" && reading!.read.text !== "" ? reading!.read : null;
    },
  };
}
