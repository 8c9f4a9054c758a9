import type { AlarmFacts, BarrierFacts } from "../../src/core/events.js";
import { ALPHABET } from "../../src/core/plate.js";
import {
  type AccessRule,
  type ClipRecord,
  type DecisionRecord,
  type PassRecord,
  type PlateReadRecord,
  plainRule,
} from "../../src/core/records.js";
import type { PassEntry } from "../../src/core/repositories.js";

export const noon = Date.UTC(2026, 0, 5, 12);

export const barrierFacts: BarrierFacts = {
  state: "opening",
  from: "closed",
  cause: null,
  sentence: "Opening.",
  by: "plate AB12CDE",
  dryRun: false,
};

export const alarmFacts: AlarmFacts = {
  code: "held-open",
  input: null,
  on: true,
  sentence: "It has been open for an hour.",
};

export function passRecord(part: Partial<PassRecord> = {}): PassRecord {
  return {
    id: "pass-1",
    site: "demo",
    gate: "main",
    camera: "front",
    trackId: "track-1",
    startedAt: noon,
    endedAt: null,
    plate: "AB12CDE",
    probability: 0.97,
    direction: "approaching",
    frames: 12,
    verdict: "granted",
    reason: "on-allow-list",
    sentence: "AB12CDE is on the allow list.",
    clipId: null,
    ...part,
  };
}

export function decisionRecord(part: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    id: "decision-1",
    passId: "pass-1",
    at: noon,
    verdict: "granted",
    reason: "on-allow-list",
    sentence: "AB12CDE is on the allow list.",
    ruleId: "rule-1",
    plate: "AB12CDE",
    probability: 0.97,
    evidence: "{}",
    ...part,
  };
}

export function accessRule(part: Partial<AccessRule> = {}): AccessRule {
  return {
    id: "rule-1",
    plate: "AB12CDE",
    ...plainRule,
    owner: "Flat 3",
    group: "residents",
    createdAt: noon,
    ...part,
  };
}

export function clipRecord(part: Partial<ClipRecord> = {}): ClipRecord {
  return {
    id: "clip-1",
    passId: null,
    camera: "front",
    path: `_clips/${part.id ?? "clip-1"}.mp4`,
    startedAt: noon,
    endedAt: noon + 10_000,
    bytes: 100,
    pinned: false,
    kind: "unknown",
    ...part,
  };
}

/** Evidence that is sure of every character. */
export function evidenceOf(text: string, sure = 1): number[][] {
  return [...text].map((char) =>
    Array.from(ALPHABET, (c) => (c === char ? sure : (1 - sure) / (ALPHABET.length - 1))),
  );
}

export function plateRead(part: Partial<PlateReadRecord> = {}): PlateReadRecord {
  const text = part.text ?? "AB12CDE";
  return {
    passId: "pass-1",
    at: noon,
    text,
    probability: 0.97,
    chars: [...text].map(() => 1),
    evidence: evidenceOf(text),
    ...part,
  };
}

/** A pass with everything that belongs to it. */
export function passEntry(id: string, plate: string, part: Partial<PassRecord> = {}): PassEntry {
  const pass = passRecord({ id, plate, trackId: `track-${id}`, ...part });
  return {
    pass,
    decision: decisionRecord({ id: `decision-${id}`, passId: id, plate }),
    read: plateRead({ passId: id, text: plate, at: pass.startedAt }),
    pictures: [{ kind: "crop", jpeg: new TextEncoder().encode(`crop of ${id}`) }],
    events: [{ id: `event-${id}`, kind: "pass", at: pass.startedAt, payload: JSON.stringify({ id, plate }) }],
  };
}
