import type { PlateRead } from "../core/plate.js";
import type { Picture } from "../system/picture.js";
import type { WeighedCrop } from "./overlay.js";

/** The surest crops of every plate that is still in front of the camera, for laying them over each other. */
export interface Stacks {
  add(trackId: string, crop: Picture, read: PlateRead): void;
  of(trackId: string): readonly WeighedCrop[];
  /** Drops those of all other plates. */
  keepOnly(trackIds: readonly string[]): void;
}

/** Of one plate; each has 30 kB. */
const MOST = 7;

/** What a crop counts: a surer one more, but none nothing, because even a weak one averages noise out. */
export function weightOf({ score }: PlateRead): number {
  return 0.05 + score;
}

export function createStacks(): Stacks {
  const stacks = new Map<string, WeighedCrop[]>();
  return {
    add(trackId, crop, read) {
      const stack = [...(stacks.get(trackId) ?? []), { crop, weight: weightOf(read) }];
      stacks.set(trackId, stack.sort((a, b) => b.weight - a.weight).slice(0, MOST));
    },
    of: (trackId) => stacks.get(trackId) ?? [],
    keepOnly(trackIds) {
      for (const id of stacks.keys()) if (!trackIds.includes(id)) stacks.delete(id);
    },
  };
}
