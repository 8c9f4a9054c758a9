import type { AccessSettings } from "../../src/core/access.js";
import { ALPHABET, type CharEvidence } from "../../src/core/plate.js";
import { type AccessRule, plainRule } from "../../src/core/records.js";
import type { Sighting } from "../../src/core/sighting.js";

/** Strict settings of access: the clock is asked for, and nobody is asked about strangers. */
export const plainAccess: AccessSettings = {
  minProbability: 0.9,
  denyProbability: 0.1,
  maxFrameAgeMs: 1500,
  unknown: "deny",
  clockUntrusted: "deny",
  timeZone: "UTC",
  antiPassbackResetMs: 0,
};

/** Evidence for a text: each character with probability `p`, what is left goes to `rivals` of that position or to all. */
export function evidenceFor(
  text: string,
  p = 0.995,
  rivals: Record<number, string> = {},
  slots = 10,
): CharEvidence {
  return Array.from({ length: slots }, (_, i) => {
    const right = i < text.length ? ALPHABET.indexOf(text[i]!) : 0;
    const rival = rivals[i] === undefined ? -1 : ALPHABET.indexOf(rivals[i]!);
    const rest = 1 - p;
    return Array.from({ length: 37 }, (_, k) => {
      if (k === right) return p;
      if (rival >= 0) return k === rival ? rest : 0;
      return rest / 36;
    });
  });
}

export function rule(plate: string, more: Partial<AccessRule> = {}): AccessRule {
  return {
    ...plainRule,
    id: `rule-${plate}`,
    plate,
    ...more,
  };
}

export function sightingOf(plate: string, atMs: number, more: Partial<Sighting> = {}): Sighting {
  return {
    trackId: "front-1",
    camera: "front",
    phase: "new",
    plate,
    probability: 0.97,
    candidates: [{ text: plate, probability: 0.97 }],
    evidence: evidenceFor(plate),
    direction: "approaching",
    frames: 4,
    firstFrameAtMs: atMs - 200,
    lastFrameAtMs: atMs,
    box: [0, 0, 100, 30],
    quad: [
      [0, 0],
      [100, 0],
      [100, 30],
      [0, 30],
    ],
    confidence: 0.9,
    frameWidth: 1280,
    frameHeight: 720,
    ...more,
  };
}
