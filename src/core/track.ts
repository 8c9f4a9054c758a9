import { type Box, centre, type Detection, iou, type Quad } from "./geometry.js";

/** One plate followed through the frames. Pixels of the frame, monotonic ms. */
export interface Track {
  id: number;
  box: Box;
  quad: Quad;
  confidence: number;
  firstAtMs: number;
  /** Newest frame in which it was found. */
  lastAtMs: number;
  /** Frames in which it was found, and frames looked at in vain since the last one. */
  hits: number;
  missed: number;
  /** Where it was first found. */
  firstBox: Box;
  /** Smoothed change per ms: of the centre in px, and of the logarithm of the size. */
  motion: { x: number; y: number; growth: number };
}

export interface TrackerState {
  nextId: number;
  tracks: readonly Track[];
}

export interface TrackOptions {
  /** A detection below this continues a track but starts none. */
  startConfidence: number;
  /** A track that was not found for this long, and in `lostFrames` frames that were looked at, has ended. */
  lostAfterMs: number;
  lostFrames: number;
  maxTracks: number;
}

export const noTracks: TrackerState = { nextId: 1, tracks: [] };
export const trackDefaults: TrackOptions = {
  startConfidence: 0.35,
  lostAfterMs: 1000,
  lostFrames: 3,
  maxTracks: 32,
};

/**
 * Joins the detections of one frame with the tracks so far; call it for every frame that was looked at.
 * `seen[i]` is the track of `detections[i]`, null where the detection is too weak to start one.
 * Predicts by constant velocity and growth and assigns the closest pairs first; weak detections only continue what is
 * there (the idea of ByteTrack, Zhang et al. 2021, arXiv:2110.06864).
 */
export function stepTracks(
  state: TrackerState,
  detections: readonly Detection[],
  atMs: number,
  options: TrackOptions = trackDefaults,
): { state: TrackerState; seen: (Track | null)[]; ended: Track[] } {
  const owner = assign(state.tracks, detections, atMs);
  const seen: (Track | null)[] = detections.map(() => null);
  const kept: Track[] = [];
  const ended: Track[] = [];
  for (const [t, track] of state.tracks.entries()) {
    const d = owner.indexOf(t);
    const next = d < 0 ? { ...track, missed: track.missed + 1 } : follow(track, detections[d]!, atMs);
    if (d >= 0) seen[d] = next;
    const lost = next.missed >= options.lostFrames && atMs - next.lastAtMs >= options.lostAfterMs;
    (lost ? ended : kept).push(next);
  }
  let nextId = state.nextId;
  for (const [d, detection] of detections.entries()) {
    if (owner[d] !== -1 || detection.confidence < options.startConfidence || kept.length >= options.maxTracks)
      continue;
    const track = begin(nextId++, detection, atMs);
    seen[d] = track;
    kept.push(track);
  }
  return { state: { nextId, tracks: kept }, seen, ended };
}

/** Where a track's box should be at a later moment. */
export function predict(track: Track, atMs: number): Box {
  // Nothing is foretold beyond half a second: a car that was not seen for longer has probably changed its speed.
  const ahead = Math.min(500, Math.max(0, atMs - track.lastAtMs));
  const scale = Math.exp(clamp(track.motion.growth * ahead, -0.4, 0.4));
  const [cx, cy] = centre(track.box);
  const [w, h] = [track.box[2] * scale, track.box[3] * scale];
  return [cx + track.motion.x * ahead - w / 2, cy + track.motion.y * ahead - h / 2, w, h];
}

/** For every detection the index of its track, or -1; closest pairs first. */
function assign(tracks: readonly Track[], detections: readonly Detection[], atMs: number): number[] {
  const pairs: { t: number; d: number; likeness: number }[] = [];
  for (const [t, track] of tracks.entries()) {
    for (const [d, detection] of detections.entries()) {
      const likeness = compare(track, detection, atMs);
      if (likeness > 0) pairs.push({ t, d, likeness });
    }
  }
  pairs.sort((a, b) => b.likeness - a.likeness);
  const owner = detections.map(() => -1);
  const taken = new Set<number>();
  for (const { t, d } of pairs) {
    if (owner[d] !== -1 || taken.has(t)) continue;
    owner[d] = t;
    taken.add(t);
  }
  return owner;
}

/** 0: cannot be the same plate; else the more the closer in place and size. */
function compare(track: Track, detection: Detection, atMs: number): number {
  const expected = predict(track, atMs);
  const size = Math.log((detection.box[2] * detection.box[3]) / (expected[2] * expected[3])) / 2;
  if (!(Math.abs(size) < 0.7)) return 0;
  const overlap = Math.max(iou(expected, detection.box), iou(track.box, detection.box));
  const [ex, ey] = centre(expected);
  const [dx, dy] = centre(detection.box);
  // Reach in plate sizes: it grows with the time since the plate was last seen, faster for a track without a history.
  const gapMs = Math.max(0, atMs - track.lastAtMs);
  const reach = (track.hits < 3 ? 1.5 : 0.75) + Math.min(gapMs / 250, 2);
  const far = Math.hypot((dx - ex) / expected[2], (dy - ey) / (expected[3] * 2)) / reach;
  if (overlap === 0 && far > 1) return 0;
  return overlap + Math.max(0, 1 - far) + 0.5 * (1 - Math.abs(size)) + 0.001;
}

function begin(id: number, detection: Detection, atMs: number): Track {
  const { box, quad, confidence } = detection;
  const still = { x: 0, y: 0, growth: 0 };
  return {
    id,
    box,
    quad,
    confidence,
    firstAtMs: atMs,
    lastAtMs: atMs,
    hits: 1,
    missed: 0,
    firstBox: box,
    motion: still,
  };
}

function follow(track: Track, detection: Detection, atMs: number): Track {
  const { box, quad, confidence } = detection;
  const passed = Math.max(1, atMs - track.lastAtMs);
  const [ax, ay] = centre(track.box);
  const [bx, by] = centre(box);
  const growth = Math.log((box[2] * box[3]) / (track.box[2] * track.box[3])) / 2;
  // A long gap says little of the speed now; a young track believes its newest step more.
  const trust = passed > 1000 ? 0 : track.hits < 3 ? 0.7 : 0.35;
  const blend = (old: number, fresh: number) => (passed > 1000 ? 0 : old + trust * (fresh / passed - old));
  const motion = {
    x: blend(track.motion.x, bx - ax),
    y: blend(track.motion.y, by - ay),
    growth: blend(track.motion.growth, growth),
  };
  return { ...track, box, quad, confidence, lastAtMs: atMs, hits: track.hits + 1, missed: 0, motion };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
