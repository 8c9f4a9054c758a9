import { randomUUID } from "node:crypto";
import type { AccessDecision } from "../core/access.js";
import { decisionEvent, type GrantAnswer, type NewEvent, passEvent } from "../core/events.js";
import type { OpenPass } from "../core/pass.js";
import type {
  DecisionRecord,
  DetectionRecord,
  PassRecord,
  PlateReadRecord,
  TrackRecord,
} from "../core/records.js";
import type { Sighting } from "../core/sighting.js";

/** The row of a pass as it stands now; `wallOf` turns monotonic ms into wall ms. */
export function passRecord(
  pass: OpenPass,
  place: { site: string; gate: string; wallOf: (atMs: number) => number },
): PassRecord {
  return {
    id: pass.id,
    site: place.site,
    gate: place.gate,
    camera: pass.camera,
    trackId: pass.trackId,
    startedAt: place.wallOf(pass.firstFrameAtMs),
    endedAt: null,
    plate: pass.decision?.verdict === "granted" ? pass.decision.plate : pass.best.plate,
    probability: pass.best.probability,
    direction: pass.direction,
    frames: pass.best.frames,
    verdict: pass.decision?.verdict ?? "ask",
    reason: pass.decision?.reason ?? "unsettled",
    sentence: pass.decision?.sentence ?? "The plate is still being read.",
    clipId: null,
  };
}

export function decisionRecord(
  pass: PassRecord,
  decision: AccessDecision,
  evidence: string,
  at: number,
): DecisionRecord {
  return {
    id: randomUUID(),
    passId: pass.id,
    at,
    verdict: decision.verdict,
    reason: decision.reason,
    sentence: decision.sentence,
    ruleId: decision.ruleId,
    plate: decision.plate,
    probability: decision.probability,
    evidence,
  };
}

export function readRecord(pass: PassRecord, best: Sighting, at: number): PlateReadRecord {
  return {
    passId: pass.id,
    at,
    text: best.plate,
    probability: best.probability,
    chars: charsOf(best),
    evidence: best.evidence,
  };
}

type WallOf = (atMs: number) => number;

/** The track behind a sighting as it stands now. */
export function trackRecord(s: Sighting, passId: string, wallOf: WallOf): TrackRecord {
  return {
    id: s.trackId,
    passId,
    camera: s.camera,
    firstAt: wallOf(s.firstFrameAtMs),
    lastAt: wallOf(s.lastFrameAtMs),
    frames: s.frames,
  };
}

/** Where the plate was found in the newest frame behind a sighting. */
export function detectionRecord(s: Sighting, wallOf: WallOf): DetectionRecord {
  const { trackId, box, quad, confidence } = s;
  return { trackId, at: wallOf(s.lastFrameAtMs), box, quad, confidence };
}

/** What is reported of an entry. The ids are stable: the same event handed in twice is one event. */
export function passEvents(
  pass: PassRecord,
  phase: "NEW" | "UPDATE" | "END",
  decision: DecisionRecord | undefined,
  at: number,
  gate: GrantAnswer | null = null,
): NewEvent[] {
  const events = [passEvent(pass, phase, at, at)];
  return decision === undefined ? events : [...events, decisionEvent(decision, gate)];
}

/** The probability of each character of the winner, from the evidence at its position. */
function charsOf(best: Sighting): readonly number[] {
  const filled = best.evidence.filter((slot) => (slot[0] ?? 0) < 0.5);
  const slots = filled.length === best.plate.length ? filled : best.evidence;
  return Array.from(best.plate, (_, i) => Math.max(...(slots[i] ?? [0]).slice(1), 0));
}
