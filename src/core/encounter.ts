import { beginCourse, type Course, stepCourse } from "./course.js";
import { type Box, centre, type Quad } from "./geometry.js";
import { editDistance, type PlateRead } from "./plate.js";
import type { Direction, Sighting } from "./sighting.js";
import type { Track } from "./track.js";
import { addRead, emptyVote, joinVotes, type Tally, tally, tallyWith, type Vote } from "./vote.js";

/** One plate at the camera, from the first to the last frame, over all the tracks that it was cut into. */
export interface Encounter {
  /** Unique over restarts: name of the camera, of this start of the eye, and a number. */
  trackId: string;
  /** The tracker's track that is this plate now; null while it is lost. */
  track: number | null;
  vote: Vote;
  /** What was read last of its frames laid over each other, and how many readings had come in by then. */
  overlaid: { read: PlateRead | null; frames: number };
  /** What vote and overlay say together. */
  tally: Tally | null;
  firstAtMs: number;
  lastAtMs: number;
  box: Box;
  quad: Quad;
  confidence: number;
  course: Course;
  /** Readings in a row that are plainly another plate. */
  contrary: Vote;
  /** Where and when the last reading was taken. */
  readBox: Box | null;
  readAtMs: number;
  /** Worth of the best crop so far. */
  bestCrop: number;
  cropSent: boolean;
  /** What was told last, and whether pictures have gone out at all. */
  sent: { plate: string; probability: number; direction: Direction; atMs: number; pictures: boolean } | null;
}

export function beginEncounter(trackId: string, track: Track): Encounter {
  return {
    trackId,
    track: track.id,
    vote: emptyVote,
    overlaid: { read: null, frames: 0 },
    tally: null,
    firstAtMs: track.firstAtMs,
    lastAtMs: track.lastAtMs,
    box: track.box,
    quad: track.quad,
    confidence: track.confidence,
    course: beginCourse(track.firstBox),
    contrary: emptyVote,
    readBox: null,
    readAtMs: Number.NEGATIVE_INFINITY,
    bestCrop: 0,
    cropSent: true,
    sent: null,
  };
}

/**
 * The encounter after one more frame; `another` when the plate has plainly changed under the same track. `overlaid`: what
 * was read of its frames laid over each other, if that was tried.
 */
export function continueEncounter(
  before: Encounter,
  track: Track,
  read: PlateRead | null,
  atMs: number,
  overlaid?: PlateRead | null,
): { encounter: Encounter; another: boolean; betterCrop: boolean } {
  const { box, quad, confidence, lastAtMs } = track;
  const course = stepCourse(before.course, box);
  const moved = { ...before, track: track.id, box, quad, confidence, lastAtMs, course };
  if (read === null) return { encounter: moved, another: false, betterCrop: false };
  if (contradicts(moved.tally, read)) {
    const contrary = addRead(moved.contrary, read);
    const other = tally(contrary);
    const another = contrary.frames >= 3 && other !== null && other.probability >= 0.8;
    return { encounter: { ...moved, contrary, readAtMs: atMs }, another, betterCrop: false };
  }
  const vote = addRead(moved.vote, read, novelty(moved, track.box, atMs));
  const over = overlaid === undefined ? moved.overlaid : { read: overlaid, frames: vote.frames };
  const worth = read.score * Math.min(1, track.box[3] / 40);
  const betterCrop = worth > moved.bestCrop * 1.15;
  return {
    encounter: {
      ...moved,
      vote,
      overlaid: over,
      tally: tallyWith(vote, over.read),
      contrary: emptyVote,
      readBox: track.box,
      readAtMs: atMs,
      bestCrop: betterCrop ? worth : moved.bestCrop,
      cropSent: moved.cropSent && !betterCrop,
    },
    another: false,
    betterCrop,
  };
}

/** The encounter that stood under the same track while another plate took it over: starts with the contrary readings. */
export function splitEncounter(before: Encounter, trackId: string, atMs: number): Encounter {
  const { box, quad, confidence, contrary, track } = before;
  return {
    ...beginEncounter(trackId, {
      id: track ?? 0,
      box,
      quad,
      confidence,
      firstBox: box,
      firstAtMs: atMs,
      lastAtMs: atMs,
    } as Track),
    vote: contrary,
    tally: tally(contrary),
    readBox: box,
    readAtMs: atMs,
  };
}

/** A lost encounter and the new one that turned out to be the same plate. */
export function rejoin(lost: Encounter, found: Encounter): Encounter {
  const vote = joinVotes(lost.vote, found.vote);
  return {
    ...lost,
    track: found.track,
    vote,
    overlaid: found.overlaid,
    tally: tallyWith(vote, found.overlaid.read),
    lastAtMs: found.lastAtMs,
    box: found.box,
    quad: found.quad,
    confidence: found.confidence,
    course: stepCourse(lost.course, found.box),
    readBox: found.readBox,
    readAtMs: found.readAtMs,
    bestCrop: Math.max(lost.bestCrop, found.bestCrop),
    cropSent: lost.cropSent && found.bestCrop <= lost.bestCrop,
  };
}

/** Below this a reading does not think of another plate at all: neighbouring numbers of a fleet are two vehicles. */
const THINKABLE = 0.01;

/** True when both show the same plate, as far as their readings go: one character apart only if a reading doubts it. */
export function samePlate(a: Encounter, b: Encounter): boolean {
  if (a.tally === null || b.tally === null) return false;
  const [x, y] = [a.tally.plate, b.tally.plate];
  if (x === y) return true;
  const thinks = ({ candidates }: Tally, plate: string) =>
    candidates.some((c) => c.text === plate && c.probability >= THINKABLE);
  return editDistance(x, y) <= 1 && (thinks(a.tally, y) || thinks(b.tally, x));
}

/** How far a plate may have moved, in plate widths, and grown, as a logarithm, that is the same one with a part hidden. */
const NEARBY = { way: 1, growth: 0.2 };

/**
 * True when one shows a part of what the other shows, on a vehicle that has hardly moved: the arm or a person stands before
 * it. From elsewhere comes another vehicle, whose plate happens to be contained in the one before.
 */
export function isPartlyHidden(a: Encounter, b: Encounter): boolean {
  if (a.tally === null || b.tally === null) return false;
  const [x, y] = [a.tally.plate, b.tally.plate];
  const [short, long] = x.length < y.length ? [x, y] : [y, x];
  if (short.length < 4 || !long.includes(short)) return false;
  const [[ax, ay], [bx, by]] = [centre(a.box), centre(b.box)];
  const way = Math.hypot(ax - bx, ay - by) / Math.max(a.box[2], b.box[2]);
  return way <= NEARBY.way && Math.abs(Math.log(a.box[3] / b.box[3])) <= NEARBY.growth;
}

export function toSighting(
  e: Encounter,
  phase: Sighting["phase"],
  camera: string,
  frame: { width: number; height: number },
): Sighting {
  return {
    trackId: e.trackId,
    camera,
    phase,
    plate: e.tally?.plate ?? "",
    probability: e.tally?.probability ?? 0,
    candidates: e.tally?.candidates ?? [],
    evidence: e.tally?.evidence ?? [],
    direction: e.course.direction,
    frames: e.vote.frames,
    firstFrameAtMs: e.firstAtMs,
    lastFrameAtMs: e.lastAtMs,
    box: e.box,
    quad: e.quad,
    confidence: e.confidence,
    frameWidth: frame.width,
    frameHeight: frame.height,
  };
}

/** A clear reading that has hardly a character in common with what many frames agreed on. */
function contradicts(known: Tally | null, read: PlateRead): boolean {
  if (known === null || known.frames < 3 || known.probability < 0.9 || read.score < 0.5) return false;
  const longest = Math.max(known.plate.length, read.text.length);
  if (known.plate.includes(read.text) || read.text.includes(known.plate)) return false;
  return editDistance(known.plate, read.text) >= Math.max(3, longest / 2);
}

/** 0..1: how much this view differs from the last one that was read. */
function novelty(e: Encounter, box: Box, atMs: number): number {
  if (e.readBox === null) return 1;
  const [ax, ay] = centre(e.readBox);
  const [bx, by] = centre(box);
  const size = Math.abs(Math.log((box[2] * box[3]) / (e.readBox[2] * e.readBox[3]))) / 2;
  const way = Math.hypot(ax - bx, ay - by) / Math.max(8, box[3]);
  return Math.min(1, 0.08 + size / 0.08 + way / 0.5 + Math.min(0.3, (atMs - e.readAtMs) / 2000));
}
