import type { Box } from "../core/geometry.js";
import type { Sighting } from "../core/sighting.js";
import { isAt } from "./shares.js";

type Seen = Pick<Sighting, "plate" | "candidates" | "box" | "frameWidth" | "frameHeight" | "frames">;

/**
 * Where the plate of each track was read first, long before it was sure enough to be let in perhaps: one that was read
 * elsewhere and is now where a vehicle stood once has driven there.
 */
export interface Arrivals {
  see(sighting: Sighting): void;
  /** The plate of this track, as `isOf` knows it, was read twice in other places before it came to this one, in shares. */
  hasCome(
    sighting: Sighting,
    place: Box,
    isOf: (seen: Pick<Seen, "plate" | "candidates">) => boolean,
  ): boolean;
  /** It stands where it is now, wherever it came from. */
  stands(trackId: string): void;
}

/** At most this many tracks are remembered; the ones that began longest ago go first. */
const MOST = 200;
/** Once may be a box that lies beside its plate. */
const READINGS = 2;

export function createArrivals(): Arrivals {
  const tracks = new Map<string, readonly Seen[]>();
  return {
    see({ trackId, plate, candidates, box, frameWidth, frameHeight, frames }) {
      const known = tracks.get(trackId) ?? [];
      // Without another reading since then the track may have slipped onto something else.
      if (known.length >= READINGS || known.some((seen) => seen.frames >= frames)) return;
      tracks.set(trackId, [...known, { plate, candidates, box, frameWidth, frameHeight, frames }]);
      const oldest = tracks.keys().next().value;
      if (tracks.size > MOST && oldest !== undefined) tracks.delete(oldest);
    },
    hasCome({ trackId, frames }, place, isOf) {
      const first = tracks.get(trackId) ?? [];
      return (
        first.length === READINGS &&
        first.every((seen) => seen.frames < frames && isOf(seen) && !isAt(place, seen))
      );
    },
    stands: (trackId) => void tracks.set(trackId, []),
  };
}
