import type { Box, Detection, Quad } from "../core/geometry.js";
import { type MotionState, noMotion, stepMotion } from "../core/motion.js";
import type { PlateRead } from "../core/plate.js";
import type { Sighting } from "../core/sighting.js";
import {
  finishSightings,
  noSightings,
  overlayDue,
  type SightingsOptions,
  type SightingsState,
  type SightingsStep,
  sightingsDefaults,
  stepSightings,
  wantsRead,
} from "../core/sightings.js";
import { noTracks, stepTracks, type Track, type TrackerState, trackDefaults } from "../core/track.js";
import { jpegOf, type Picture, scaled } from "../system/picture.js";
import { UNSURE } from "./reader.js";
import { createStacks, weightOf } from "./stacks.js";
import type { PlateLook, StageTimes, Vision } from "./vision.js";

/** A picture with the monotonic ms at which it was taken; a camera's `Frame` is one. */
export interface TimedPicture extends Picture {
  atMs: number;
}

/** What one frame gave. */
export interface Observation {
  /** False: the motion gate found nothing worth a look. */
  looked: boolean;
  /** Plates in this very frame, with what the vote says of their track so far, for drawing; empty when not looked. */
  plates: readonly {
    trackId: string;
    box: Box;
    quad: Quad;
    confidence: number;
    text: string;
    probability: number;
  }[];
  /** To be sent to the gate, in this order. */
  sightings: readonly Sighting[];
  /** Ms of each step: `motion`, `scale`, `detect`, `straighten`, `read`, `overlay`, `vote`, `pictures`. */
  stages: StageTimes;
}

export interface ObserverDeps {
  /** Opened with a `minConfidence` below the one given here, so that weak detections can continue a track. */
  vision: Vision;
  /** Camera name, part of every sighting. */
  camera: string;
  /** Unique for this start of the process, part of every track id. */
  session: string;
  /** Smallest detector confidence that starts a track. */
  minConfidence: number;
  /** Put crop and frame JPEGs into sightings; default true. */
  pictures?: boolean;
  /** Say with the first word on a plate what its vehicle looks like, for a gate that asks for it; default: with the pictures. */
  looksFirst?: boolean;
  /** Skip frames in which nothing moves; default true. */
  motionGate?: boolean;
}

/** Frames of one camera in, sightings out: motion gate, detector, reader, tracker and vote in one place. */
export interface Observer {
  /** One frame at a time: wait for the answer before the next call. */
  observe(frame: TimedPicture): Promise<Observation>;
  /** The source has ended: ends every open track. */
  finish(): Promise<readonly Sighting[]>;
}

/** Unsent views that are kept at most; a frame of 1080p has 6 MB. */
const MAX_VIEWS = 6;
const THUMBNAIL = { width: 64, height: 36 };
/** A plate lower than this many pixels cannot be read; trying would only feed the vote with noise. */
const MIN_READ_PX = 6;

export function createObserver(deps: ObserverDeps): Observer {
  const { vision } = deps;
  const options: SightingsOptions = { ...sightingsDefaults, camera: deps.camera, session: deps.session };
  const tracking = { ...trackDefaults, startConfidence: deps.minConfidence };
  let motion: MotionState = noMotion;
  let tracker: TrackerState = noTracks;
  let state: SightingsState = noSightings;
  let size = { width: 0, height: 0 };
  const stacks = createStacks();
  /** The best view of each open track, kept as pixels and encoded only when it is sent. */
  const best = new Map<string, View>();

  return {
    async observe(frame) {
      size = { width: frame.width, height: frame.height };
      const stages: StageTimes = {};
      const lap = stopwatch(stages);
      if (deps.motionGate !== false) {
        const attentive = state.encounters.length > 0 || tracker.tracks.length > 0;
        const step = stepMotion(
          motion,
          vision.thumbnail(frame, THUMBNAIL.width, THUMBNAIL.height),
          frame.atMs,
          attentive,
        );
        motion = step.state;
        lap("motion");
        if (!step.look) return { looked: false, plates: [], sightings: [], stages };
      }
      const found = await vision.detect(frame);
      const tracked = stepTracks(tracker, found.detections, frame.atMs, tracking);
      tracker = tracked.state;
      const seen = found.detections.flatMap((detection, i) => {
        const track = tracked.seen[i];
        return track === null || track === undefined ? [] : [{ detection, track }];
      });
      const { looks, stages: reading } = await readSome(frame, seen);
      Object.assign(stages, found.stages, reading);
      lap(null);
      const overlaid = await overlaySome(seen, looks);
      lap("overlay");
      const step = stepSightings(
        state,
        seen.map(({ track }, i) => ({ track, read: looks[i]?.read ?? null, overlaid: overlaid[i] })),
        tracked.ended,
        frame,
        options,
      );
      state = step.state;
      stack(looks, step.trackIds);
      for (const { trackId, seen: index } of step.keep) {
        best.delete(trackId);
        const look = looks[index] ?? null;
        best.set(trackId, {
          frame,
          detection: look?.detection ?? seen[index]!.detection,
          hard: look !== null && isHard(look) ? look.crop : null,
        });
      }
      lap("vote");
      const sightings = await withPictures(step.sightings);
      forget();
      lap("pictures");
      return {
        looked: true,
        plates: seen.map(({ detection }, i) => drawn(detection, step.trackIds[i]!)),
        sightings,
        stages,
      };
    },

    async finish() {
      const last = await withPictures(finishSightings(state, size, options));
      state = { ...noSightings, nextNumber: state.nextNumber };
      stacks.keepOnly([]);
      forget();
      tracker = { ...noTracks, nextId: tracker.nextId };
      return last;
    },
  };

  /** Reads those plates whose vote still needs it. */
  async function readSome(frame: TimedPicture, seen: readonly { detection: Detection; track: Track }[]) {
    const wanted = seen.map(
      ({ track, detection }) =>
        detection.box[3] >= MIN_READ_PX && wantsRead(state, track, frame.atMs, options),
    );
    const { looks, stages } = await vision.read(
      frame,
      seen.filter((_, i) => wanted[i]).map((s) => s.detection),
    );
    let next = 0;
    return { looks: wanted.map((w): PlateLook | null => (w ? (looks[next++] ?? null) : null)), stages };
  }

  /** Lays the frames of those plates over each other that single frames leave in doubt. */
  async function overlaySome(seen: readonly { track: Track }[], looks: readonly (PlateLook | null)[]) {
    const overlaid: (PlateRead | null | undefined)[] = [];
    for (const [i, { track }] of seen.entries()) {
      const look = looks[i];
      const id = look?.read ? overlayDue(state, track, look.read) : null;
      if (id === null || !look?.read || look.crop === null) overlaid.push(undefined);
      else
        overlaid.push(
          await vision.overlay([...stacks.of(id), { crop: look.crop, weight: weightOf(look.read) }]),
        );
    }
    return overlaid;
  }

  /** Keeps the crops of plates that single frames leave in doubt. */
  function stack(looks: readonly (PlateLook | null)[], trackIds: readonly string[]): void {
    const unsure = state.encounters.filter((e) => e.tally?.settled !== true).map((e) => e.trackId);
    for (const [i, look] of looks.entries()) {
      const id = trackIds[i]!;
      if (look?.read && look.crop !== null && unsure.includes(id)) stacks.add(id, look.crop, look.read);
    }
    stacks.keepOnly(unsure);
  }

  async function withPictures(drafts: SightingsStep["sightings"]): Promise<Sighting[]> {
    const sightings: Sighting[] = [];
    for (const { sighting, withCrop } of drafts) {
      const view = best.get(sighting.trackId);
      if (deps.pictures === false || !withCrop || view === undefined) {
        const first = deps.looksFirst === true && sighting.phase === "new" && view !== undefined;
        sightings.push(
          first ? { ...sighting, appearance: await vision.appearance(view.frame, view.detection) } : sighting,
        );
        continue;
      }
      // What was sent need not be kept; a better view comes with a frame of its own.
      best.delete(sighting.trackId);
      const crop = vision.crop(view.frame, view.detection);
      const pictures = {
        frame: await jpegOf(view.frame, { quality: 82 }),
        appearance: await vision.appearance(view.frame, view.detection),
        ...(crop === null ? {} : await cropPictures(crop, view.hard)),
      };
      sightings.push({ ...sighting, ...pictures });
    }
    return sightings;
  }

  /** The crop, and in the same size what the enhancer, where it is in use, makes of one that is hard to read. */
  async function cropPictures(
    crop: Picture,
    hard: Picture | null,
  ): Promise<Pick<Sighting, "crop" | "enhanced">> {
    const jpeg = await jpegOf(crop, { quality: 88 });
    const better = hard === null ? null : await vision.enhanced(hard);
    if (better === null) return { crop: jpeg };
    const enhanced = await jpegOf(await scaled(better, crop.width, crop.height), { quality: 80 });
    return { crop: jpeg, enhanced };
  }

  /** Drops the views of encounters that are over, were joined to others, or are too many: each holds a whole frame. */
  function forget(): void {
    for (const id of best.keys()) if (!state.encounters.some((e) => e.trackId === id)) best.delete(id);
    for (const id of best.keys()) if (best.size > MAX_VIEWS) best.delete(id);
  }

  function drawn({ box, quad, confidence }: Detection, trackId: string) {
    const known = state.encounters.find((e) => e.trackId === trackId)?.tally;
    return { trackId, box, quad, confidence, text: known?.plate ?? "", probability: known?.probability ?? 0 };
  }
}

/** A track's best view so far. */
interface View {
  frame: Picture;
  detection: Detection;
  /** What the reader took, where it was not sure of it. */
  hard: Picture | null;
}

function isHard({ read }: PlateLook): boolean {
  return read === null || read.score < UNSURE;
}

/** Notes the ms since the last lap under a name; null only starts a new lap. */
function stopwatch(stages: StageTimes): (name: string | null) => void {
  let last = performance.now();
  return (name) => {
    const now = performance.now();
    if (name !== null) stages[name] = now - last;
    last = now;
  };
}
