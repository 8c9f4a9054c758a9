import { type Box, centre } from "../core/geometry.js";
import type { Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import { createArrivals } from "./arrivals.js";
import type { GateAnswer } from "./gate-types.js";
import type { Place, PlacesFile } from "./places-file.js";
import { answerSentence } from "./sentences.js";
import { isAt, pixelsOf, sharesOf } from "./shares.js";

/**
 * Vehicles that had a lift of their own, and where each was seen last: one that is seen there again was hidden or in the
 * dark, and has not arrived. Which way its plate seems to go says nothing: one that is uncovered bit by bit seems to come.
 */
export interface Standing {
  /** Takes in every sighting, whatever is decided on it: one that was read elsewhere first has arrived. */
  see(sighting: Sighting): void;
  /** The pass of this sighting, of this plate, has had a lift of its own. */
  note(passId: string, sighting: Sighting, plate: string): void;
  /** True while the vehicle stands where it stood then; once it was plainly seen elsewhere, it counts as gone from there. */
  isStill(sighting: Sighting, plate: string): boolean;
  /** The lift of this pass came to nothing after all. */
  forget(passId: string): void;
  /** The pass is over: what was noted of it has to outlive a restart. */
  keep(passId: string): void;
  /** Fulfils when all that was to be kept is on the card, or could not be written. */
  settled(): Promise<void>;
}

/** In place of the barrier's answer, which is not asked. */
export const noArrival: GateAnswer = {
  accepted: false,
  reason: "standing",
  sentence: answerSentence("standing"),
};

/** At most this many are remembered; the ones that were seen longest ago go first. */
const MOST = 200;
/** In widths of the plate. */
const REACH = 3;
/** A reading that gives a plate less than this does not think of it. */
const THINKABLE = 0.01;

interface Entry extends Place {
  /** Null: the pass of an earlier process. */
  passId: string | null;
  /** The track that was seen there last, how often it had been read, and how often when it first seemed to be elsewhere. */
  track: string | null;
  frames: number;
  awayFrames: number | null;
  /** The box that was handed to the file. */
  kept: Box | null;
}

/** `file` left out: nothing outlives this process. */
export function createStanding(clock: Clock, file?: PlacesFile): Standing {
  const entries = new Map<string, Entry>();
  for (const p of file?.read() ?? [])
    put({ ...p, passId: null, track: null, frames: 0, awayFrames: null, kept: p.box });

  const arrivals = createArrivals();

  return {
    see: arrivals.see,
    note(passId, sighting, plate) {
      const { camera, trackId, frames } = sighting;
      arrivals.stands(trackId);
      const before = entries.get(keyOf(camera, plate));
      const stands = before !== undefined && isAt(before.box, sighting);
      const isPart = stands && areaOf(sharesOf(sighting)) < 0.8 * areaOf(before.box);
      // A track may slip onto a lamp beside a plate that is hidden. One that has driven off goes farther.
      const isUnread = before?.track === trackId && before.frames >= frames;
      const slips = before !== undefined && isUnread && isInReach(before.box, sighting);
      const box = isPart || slips ? before.box : sharesOf(sighting);
      const kept = before?.kept ?? null;
      const at = clock.wallMs();
      put({ camera, plate, box, at, passId, track: trackId, frames, awayFrames: null, kept });
      // While it drives, its place is not worth a write.
      if (stands && (kept === null || !isAt(kept, sighting))) write();
    },
    isStill(sighting, plate) {
      const alike = [...entries.values()].filter(
        (e) => e.camera === sighting.camera && isOf(e, sighting, plate),
      );
      const here = alike.find((e) => isAt(e.box, sighting));
      if (here !== undefined) {
        const { trackId: track, frames } = sighting;
        if (arrivals.hasCome(sighting, here.box, (seen) => isOf(here, seen, seen.plate))) {
          entries.delete(keyOf(here.camera, here.plate));
          return false;
        }
        arrivals.stands(track);
        put({ ...here, at: clock.wallMs(), track, frames, awayFrames: null });
        return true;
      }
      const left = alike.find((e) => e.track === sighting.trackId);
      // Only what is read elsewhere again has moved there.
      if (left !== undefined && !(left.awayFrames !== null && sighting.frames > left.awayFrames)) {
        put({ ...left, awayFrames: left.awayFrames ?? sighting.frames });
        return true;
      }
      if (left !== undefined) entries.delete(keyOf(left.camera, left.plate));
      entries.delete(keyOf(sighting.camera, plate));
      return false;
    },
    forget(passId) {
      const found = [...entries.values()].filter((e) => e.passId === passId);
      for (const e of found) entries.delete(keyOf(e.camera, e.plate));
      if (found.some((e) => e.kept !== null)) write();
    },
    keep(passId) {
      if ([...entries.values()].some((e) => e.passId === passId && e.kept !== e.box)) write();
    },
    settled: async () => file?.settled(),
  };

  function put(entry: Entry): void {
    const key = keyOf(entry.camera, entry.plate);
    entries.delete(key);
    entries.set(key, entry);
    const oldest = entries.keys().next().value;
    if (entries.size > MOST && oldest !== undefined) entries.delete(oldest);
  }

  function write(): void {
    for (const e of entries.values()) e.kept = e.box;
    file?.write(
      () => [...entries.values()].map(({ camera, plate, box, at }) => ({ camera, plate, box, at })),
      ({ camera, plate }) => void entries.delete(keyOf(camera, plate)),
    );
  }
}

function keyOf(camera: string, plate: string): string {
  return `${camera}\n${plate}`;
}

/** The same parked plate may be read differently in another light. */
function isOf(
  entry: Entry,
  { plate: text, candidates }: Pick<Sighting, "plate" | "candidates">,
  plate: string,
): boolean {
  const thinks = candidates.some((c) => c.text === entry.plate && c.probability >= THINKABLE);
  return entry.plate === plate || entry.plate === text || thinks;
}

/** So near that the tracker may take one thing for the other. */
function isInReach(shares: Box, sighting: Sighting): boolean {
  const known = pixelsOf(shares, sighting);
  const [[ax, ay], [bx, by]] = [centre(known), centre(sighting.box)];
  return Math.hypot(ax - bx, ay - by) <= REACH * known[2];
}

function areaOf(box: Box): number {
  return box[2] * box[3];
}
