import type { AccessDecision } from "./access.js";
import type { Direction, Sighting } from "./sighting.js";

/** One vehicle at the gate, over all tracks and cameras that saw its plate. Times are monotonic ms. */
export interface OpenPass {
  id: string;
  camera: string;
  /** The first track; it stands for the pass in records. */
  trackId: string;
  tracks: readonly string[];
  /** Tracks that have not ended yet. */
  alive: readonly string[];
  /** The most telling sighting so far, without pictures. */
  best: Sighting;
  direction: Direction;
  /** What the cameras that saw it are for; null: only such as serve both sides. */
  side: "entry" | "exit" | null;
  firstFrameAtMs: number;
  lastFrameAtMs: number;
  firstHeardAtMs: number;
  lastHeardAtMs: number;
  /** The one that counts; null while the evidence is not settled. */
  decision: AccessDecision | null;
  /** The plate as read in the sighting that it was made from. */
  decidedPlate: string;
  /** Tracks that showed plainly another plate when they were heard of last. */
  contrary: readonly string[];
  /** Decisions told so far. */
  told: number;
  /** The plate in the last entry that was kept. */
  keptPlate: string;
  /** A person has decided: readings do not change that any more. */
  answered: boolean;
}

export type PassesState = readonly OpenPass[];

export type PassEvent =
  /** `id` names the pass, should it be a new one; `side`: its camera is for this one only. */
  | { type: "sighting"; sighting: Sighting; id: string; side?: "entry" | "exit" | null; nowMs: number }
  | { type: "tick"; nowMs: number }
  /** A person has answered the question that this pass was; `decision` is what that makes of it. */
  | { type: "answered"; passId: string; decision: AccessDecision; nowMs: number };

export type PassEffect =
  /** First or better decision; `first` also opens the pass in the records. */
  | { type: "decided"; pass: OpenPass; decision: AccessDecision; sighting: Sighting; first: boolean }
  /** There is a better picture, or (`plateChanged`) a better reading. */
  | { type: "updated"; pass: OpenPass; sighting: Sighting; plateChanged: boolean }
  /** A granted vehicle is still in view: the gate may have refused before. */
  | { type: "still-granted"; pass: OpenPass; sighting: Sighting }
  | { type: "ended"; pass: OpenPass };

export interface PassSettings {
  /** A denial is told at the earliest this long after the vehicle was first heard of. */
  settleMs: number;
  /** Readings that make a denial certain enough before that. */
  settleFrames: number;
  /** A vehicle whose direction is not known this long after its first frame stands still. */
  directionMs: number;
  /** A plate that is seen again within this time is the same vehicle. */
  joinMs: number;
  /** A vehicle of which nothing is heard for this long is gone, whatever the eye says. */
  lostMs: number;
}

export const passDefaults: PassSettings = {
  settleMs: 1500,
  settleFrames: 6,
  directionMs: 600,
  joinMs: 3000,
  lostMs: 8000,
};

/** At most this many passes are open at once: more are no vehicles, and the one unheard of for longest has to go. */
export const MOST_PASSES = 32;
const MOST_DECISIONS = 6;

/**
 * Joins sightings to passes, one for each vehicle, and asks `decide` as early as it helps: a grant is told at once,
 * anything else only when the evidence is settled. A grant is never taken back: a vehicle that takes the place of a
 * granted one is a pass of its own.
 */
export function stepPasses(
  state: PassesState,
  event: PassEvent,
  decide: (sighting: Sighting, direction: Direction) => AccessDecision,
  settings: PassSettings = passDefaults,
): { state: PassesState; effects: readonly PassEffect[] } {
  const { nowMs } = event;
  const effects: PassEffect[] = [];
  let passes = [...state];
  if (event.type === "sighting") take(event.sighting, event.id, event.side ?? null);
  if (event.type === "answered")
    passes = passes.map((pass) =>
      pass.id === event.passId ? tell({ ...pass, answered: true }, event.decision, pass.best) : pass,
    );
  const kept: OpenPass[] = [];
  for (const pass of passes) {
    const settled = settle(pass);
    const quiet = nowMs - settled.lastHeardAtMs;
    const gone = settled.alive.length === 0 ? quiet >= settings.joinMs : quiet >= settings.lostMs;
    if (gone) effects.push({ type: "ended", pass: settled });
    else kept.push(settled);
  }
  passes = kept;
  return { state: passes, effects };

  function take(sighting: Sighting, id: string, side: OpenPass["side"]): void {
    const light = withoutPictures(sighting);
    const at = passes.findIndex((p) => p.tracks.includes(sighting.trackId));
    const own = passes[at];
    if (own !== undefined && isAnother(own, sighting)) {
      const { trackId, phase } = sighting;
      const alive = phase === "end" ? without(own.alive, trackId) : own.alive;
      passes[at] = own.contrary.includes(trackId)
        ? { ...own, tracks: without(own.tracks, trackId), alive: without(own.alive, trackId) }
        : { ...own, alive, contrary: [...own.contrary, trackId], lastHeardAtMs: nowMs };
      // Once may be a misreading: it moves nothing.
      if (!own.contrary.includes(trackId)) return;
    }
    const index =
      own !== undefined && passes[at] === own
        ? at
        : passes.findIndex((p) => isSame(p, sighting, side) && nowMs - p.lastHeardAtMs < settings.joinMs);
    const known = passes[index];
    if (known === undefined && passes.length >= MOST_PASSES) makeRoom();
    const before = known ?? begin(light, id, nowMs);
    const alive = without(before.alive, sighting.trackId);
    const better = light.probability >= before.best.probability || light.plate === before.best.plate;
    let pass: OpenPass = {
      ...before,
      tracks: before.tracks.includes(sighting.trackId) ? before.tracks : [...before.tracks, sighting.trackId],
      alive: sighting.phase === "end" ? alive : [...alive, sighting.trackId],
      best: better ? light : before.best,
      direction: sighting.direction === "unknown" ? before.direction : sighting.direction,
      side: before.side ?? side,
      firstFrameAtMs: Math.min(before.firstFrameAtMs, sighting.firstFrameAtMs),
      lastFrameAtMs: Math.max(before.lastFrameAtMs, sighting.lastFrameAtMs),
      lastHeardAtMs: nowMs,
      contrary: without(before.contrary, sighting.trackId),
    };
    if (pass.decision?.verdict === "granted") {
      effects.push({ type: "still-granted", pass, sighting });
    } else if (!pass.answered) {
      // The newest sighting decides, whatever was thought before: its frame is the one whose age counts.
      const decision = decide(sighting, pass.direction);
      if (decision.verdict === "granted") pass = tell(pass, decision, sighting);
      else if (
        pass.decision !== null &&
        isOther(pass.decision, decision) &&
        pass.told < MOST_DECISIONS &&
        better
      )
        pass = tell(pass, decision, sighting);
    }
    const changed = pass.decision !== null && pass.best.plate !== pass.keptPlate;
    if (changed || (pass.decision !== null && sighting.crop !== undefined)) {
      pass = { ...pass, keptPlate: pass.best.plate };
      if (!effects.some((e) => e.type === "decided"))
        effects.push({ type: "updated", pass, sighting, plateChanged: changed });
    }
    if (index >= 0) passes[index] = pass;
    else passes.push(pass);
  }

  function makeRoom(): void {
    const oldest = passes.reduce((a, b) => (b.lastHeardAtMs < a.lastHeardAtMs ? b : a));
    passes = passes.filter((p) => p !== oldest);
    effects.push({ type: "ended", pass: oldest });
  }

  /** Says what nobody has said yet, once waiting does not help any more. */
  function settle(pass: OpenPass): OpenPass {
    if (pass.decision !== null) return pass;
    const late = nowMs - pass.firstHeardAtMs >= settings.settleMs;
    const stands = pass.direction === "unknown" && !(directionDueMs(pass, settings) > nowMs);
    const enough =
      (pass.direction !== "unknown" || stands) &&
      pass.best.frames >= settings.settleFrames &&
      nowMs - pass.firstHeardAtMs >= settings.settleMs / 3;
    const settled = late || enough || pass.alive.length === 0;
    if (!settled && !stands) return pass;
    const decision = decide(pass.best, pass.direction);
    // A standing vehicle may have waited only for its direction; a denial waits until it is settled.
    return settled || decision.verdict === "granted" ? tell(pass, decision, pass.best) : pass;
  }

  function tell(pass: OpenPass, decision: AccessDecision, sighting: Sighting): OpenPass {
    const decidedPlate = sighting.plate;
    const told = { ...pass, decision, decidedPlate, told: pass.told + 1, keptPlate: pass.best.plate };
    effects.push({ type: "decided", pass: told, decision, sighting, first: pass.told === 0 });
    return told;
  }
}

/** When the next tick is needed, in ms from now; null: never. */
export function nextTickMs(
  state: PassesState,
  nowMs: number,
  settings: PassSettings = passDefaults,
): number | null {
  let next: number | null = null;
  for (const pass of state) {
    const end = pass.lastHeardAtMs + (pass.alive.length === 0 ? settings.joinMs : settings.lostMs);
    const turn = directionDueMs(pass, settings);
    const waits = pass.decision === null && pass.direction === "unknown" && turn > nowMs;
    const settled = pass.decision === null ? pass.firstHeardAtMs + settings.settleMs : end;
    const due = Math.min(end, settled, waits ? turn : end);
    next = Math.min(next ?? Number.POSITIVE_INFINITY, Math.max(1, due - nowMs));
  }
  return next;
}

function directionDueMs({ best }: OpenPass, { directionMs }: PassSettings): number {
  return best.firstFrameAtMs + directionMs;
}

function begin(sighting: Sighting, id: string, nowMs: number): OpenPass {
  return {
    id,
    camera: sighting.camera,
    trackId: sighting.trackId,
    tracks: [sighting.trackId],
    alive: [],
    best: sighting,
    direction: sighting.direction,
    side: null,
    firstFrameAtMs: sighting.firstFrameAtMs,
    lastFrameAtMs: sighting.lastFrameAtMs,
    firstHeardAtMs: nowMs,
    lastHeardAtMs: nowMs,
    decision: null,
    decidedPlate: "",
    contrary: [],
    told: 0,
    keptPlate: sighting.plate,
    answered: false,
  };
}

/**
 * The same plate on two tracks is one vehicle; so is one that either track holds for likely. Who came in and stands in view of
 * the exit camera is at the gate another time: that is a decision and a lift of its own.
 */
function isSame(pass: OpenPass, sighting: Sighting, side: OpenPass["side"]): boolean {
  if (pass.side !== null && side !== null && pass.side !== side) return false;
  if (isAnother(pass, sighting)) return false;
  if (pass.best.plate === sighting.plate) return true;
  if (pass.camera !== sighting.camera) return false;
  const likely = (of: Sighting, plate: string) =>
    of.candidates.some((c) => c.text === plate && c.probability >= LIKELY);
  return likely(pass.best, sighting.plate) || likely(sighting, pass.best.plate);
}

const LIKELY = 0.1;
const SURE = 0.9;

function without(ids: readonly string[], id: string): readonly string[] {
  return ids.filter((one) => one !== id);
}

/** Surely another plate than the one that was let in. */
function isAnother({ decision, decidedPlate, best }: OpenPass, sighting: Sighting): boolean {
  if (decision?.verdict !== "granted" || sighting.probability < SURE) return false;
  return ![decidedPlate, decision.plate, best.plate].some(
    (plate) =>
      plate === sighting.plate ||
      sighting.candidates.some((c) => c.text === plate && c.probability >= LIKELY),
  );
}

function isOther(a: AccessDecision, b: AccessDecision): boolean {
  return a.verdict !== b.verdict || a.plate !== b.plate;
}

/** The sighting without what weighs much. */
export function withoutPictures(sighting: Sighting): Sighting {
  const { crop: _crop, frame: _frame, enhanced: _enhanced, appearance: _appearance, ...light } = sighting;
  return light;
}
