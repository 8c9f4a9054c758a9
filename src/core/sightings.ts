import {
  beginEncounter,
  continueEncounter,
  type Encounter,
  isPartlyHidden,
  rejoin,
  samePlate,
  splitEncounter,
  toSighting,
} from "./encounter.js";
import { centre } from "./geometry.js";
import type { PlateRead } from "./plate.js";
import type { Sighting } from "./sighting.js";
import type { Track } from "./track.js";
import { legibility } from "./vote.js";

export interface SightingsState {
  nextNumber: number;
  encounters: readonly Encounter[];
}

/** One tracked plate in one frame; `read` is null when it was not read or is no whole plate. */
export interface Seen {
  track: Track;
  read: PlateRead | null;
  /** What was read of its frames laid over each other, null when that is no whole plate; undefined: not tried. */
  overlaid?: PlateRead | null | undefined;
}

export interface SightingsOptions {
  camera: string;
  /** Unique for this start of the eye. */
  session: string;
  /** A plate that is back within this time near its old place goes on with its encounter. */
  rejoinMs: number;
  /** A present plate is reported at least this often, so that what the gate knows of it stays fresh. */
  refreshMs: number;
  /** A settled plate is read again after this time only. */
  rereadMs: number;
}

export const noSightings: SightingsState = { nextNumber: 1, encounters: [] };
export const sightingsDefaults = { rejoinMs: 4000, refreshMs: 1000, rereadMs: 700 } as const;

/** What came out of one frame. */
export interface SightingsStep {
  state: SightingsState;
  /** To be sent, in this order; `withCrop`: the best crop is a better one than was sent before. */
  sightings: { sighting: Sighting; withCrop: boolean }[];
  /** Of these tracks, this frame's crop (`seen` index) is the best so far: keep it. */
  keep: { trackId: string; seen: number }[];
  /** The track id behind each of `seen`. */
  trackIds: readonly string[];
}

/** Takes one frame's tracked plates in and says what the gate should hear of them. */
export function stepSightings(
  state: SightingsState,
  seen: readonly Seen[],
  ended: readonly Track[],
  frame: { atMs: number; width: number; height: number },
  options: SightingsOptions,
): SightingsStep {
  const { atMs } = frame;
  let nextNumber = state.nextNumber;
  let all = state.encounters.map((e) => (ended.some((t) => t.id === e.track) ? { ...e, track: null } : e));
  const out: SightingsStep["sightings"] = [];
  const keep: SightingsStep["keep"] = [];
  const name = () => `${options.camera}-${options.session}-${nextNumber++}`;

  const trackIds = seen.map(({ track, read, overlaid }, index) => {
    const known = all.find((e) => e.track === track.id);
    const step = continueEncounter(known ?? beginEncounter(name(), track), track, read, atMs, overlaid);
    let encounter = step.encounter;
    if (step.another) {
      all = all.filter((e) => e !== known);
      if (encounter.sent !== null)
        out.push({ sighting: toSighting(encounter, "end", options.camera, frame), withCrop: false });
      encounter = splitEncounter(encounter, name(), atMs);
    }
    const lost =
      encounter.sent === null
        ? all.find((e) => (e.track === null || strayed(e, encounter)) && isBack(e, encounter, frame, options))
        : undefined;
    if (lost !== undefined) encounter = rejoin(lost, encounter);
    if (step.betterCrop) keep.push({ trackId: encounter.trackId, seen: index });
    const due = dueSighting(encounter, atMs, options);
    if (due !== null) {
      // The first word must not wait for pictures to be encoded: they follow with the next frame.
      const withCrop = due !== "new" && !encounter.cropSent;
      out.push({ sighting: toSighting(encounter, due, options.camera, frame), withCrop });
      encounter = markSent(encounter, atMs, withCrop);
    }
    all = [...all.filter((e) => e !== known && e !== lost), encounter];
    return encounter.trackId;
  });

  const over = all.filter((e) => e.track === null && atMs - e.lastAtMs > options.rejoinMs);
  for (const e of over) out.push(...farewell(e, frame, options));
  return {
    state: { nextNumber, encounters: all.filter((e) => !over.includes(e)) },
    sightings: out,
    keep,
    trackIds,
  };
}

/** Ends everything: the source is gone. */
export function finishSightings(
  state: SightingsState,
  frame: { width: number; height: number },
  options: SightingsOptions,
): SightingsStep["sightings"] {
  return state.encounters.flatMap((e) => farewell(e, frame, options));
}

/** False when the plate of this track is known well enough and was read just now: spare the reader. */
export function wantsRead(
  state: SightingsState,
  track: Track,
  atMs: number,
  options: SightingsOptions,
): boolean {
  const e = state.encounters.find((one) => one.track === track.id);
  if (e === undefined || e.tally?.settled !== true || e.contrary.frames > 0) return true;
  return atMs - e.readAtMs >= options.rereadMs;
}

/** Readings after which the frames of an unsure plate are laid over each other anew. */
const OVERLAY_EVERY = 3;
/** A reading of this legibility needs no help. */
const CLEAR = 0.93;

/**
 * The track id whose frames should be laid over each other with the newest one, which gave `read`; null: it is sure or
 * clearly legible, or too little is new.
 */
export function overlayDue(state: SightingsState, track: Track, read: PlateRead): string | null {
  const e = state.encounters.find((one) => one.track === track.id);
  if (e === undefined || e.tally === null || e.tally.settled || legibility(read) >= CLEAR) return null;
  return e.vote.frames + 1 - e.overlaid.frames >= OVERLAY_EVERY ? e.trackId : null;
}

/** What has to be said of a present plate now, if anything. */
function dueSighting(e: Encounter, atMs: number, { refreshMs }: SightingsOptions): "new" | "update" | null {
  if (e.tally === null) return null;
  const { plate, probability } = e.tally;
  if (e.sent === null) {
    return isWorthTelling(e) ? "new" : null;
  }
  const { sent } = e;
  const surer = probability - sent.probability >= 0.05 || (probability >= 0.95 && sent.probability < 0.95);
  const changed =
    plate !== sent.plate ||
    sent.probability - probability >= 0.1 ||
    surer ||
    e.course.direction !== sent.direction;
  const owesPictures = !sent.pictures && !e.cropSent;
  return changed || owesPictures || atMs - sent.atMs >= refreshMs ? "update" : null;
}

/** Enough frames agree, or one character is doubtful on a plate that was seen large and clear at least once. */
function isWorthTelling({ vote, tally, bestCrop }: Encounter): boolean {
  if (tally === null) return false;
  if (vote.frames >= 2 && tally.probability >= 0.8) return true;
  return vote.frames >= 6 && tally.probability >= 0.3 && bestCrop >= 0.15;
}

function markSent(e: Encounter, atMs: number, withCrop: boolean): Encounter {
  if (e.tally === null) return e;
  const { plate, probability } = e.tally;
  const sent = {
    plate,
    probability,
    direction: e.course.direction,
    atMs,
    pictures: withCrop || e.sent?.pictures === true,
  };
  return { ...e, cropSent: withCrop || e.cropSent, sent };
}

/** The last word on a plate; one that was never mentioned is mentioned now if its readings were worth anything. */
function farewell(
  e: Encounter,
  frame: { width: number; height: number },
  options: SightingsOptions,
): SightingsStep["sightings"] {
  const end = { sighting: toSighting(e, "end", options.camera, frame), withCrop: false };
  if (e.sent !== null) return [{ ...end, withCrop: !e.cropSent }];
  const alone = e.vote.frames === 1 && (e.tally?.probability ?? 0) >= 0.85;
  return alone || isWorthTelling(e)
    ? [{ sighting: toSighting(e, "new", options.camera, frame), withCrop: !e.cropSent }, end]
    : [];
}

/**
 * True when the track of an encounter has gone over to something else, a lamp beside a plate that is hidden for a moment,
 * say: it was not read again since the plate was found anew under another track. Nothing but the same text will do, for
 * two plates that differ in one character may stand side by side.
 */
function strayed(e: Encounter, found: Encounter): boolean {
  return e.track !== found.track && e.readAtMs < found.firstAtMs && e.tally?.plate === found.tally?.plate;
}

function isBack(
  lost: Encounter,
  found: Encounter,
  frame: { atMs: number; width: number; height: number },
  { rejoinMs }: SightingsOptions,
): boolean {
  if (frame.atMs - lost.lastAtMs > rejoinMs) return false;
  if (!samePlate(lost, found)) return isPartlyHidden(lost, found);
  const [ax, ay] = centre(lost.box);
  const [bx, by] = centre(found.box);
  return Math.hypot(ax - bx, ay - by) <= 0.4 * Math.hypot(frame.width, frame.height);
}
