/** The records the appliance keeps, in domain words. Wall times are ms since 1970 UTC. */
import type { Direction } from "./sighting.js";

export type Verdict = "granted" | "denied" | "ask";

export interface AccessRule {
  id: string;
  /** Normalised plate, or a pattern with `?` (one character) and `*` (any run). */
  plate: string;
  effect: "allow" | "deny";
  owner: string;
  group: string;
  note: string;
  /** ISO dates or date-times as entered, kept verbatim; empty when unbounded. An unparsable one makes the rule inactive. */
  validFrom: string;
  validTo: string;
  /** Weekly windows in local time, such as `mo-fr 07:00-18:30`; empty: always. */
  schedule: string;
  direction: "any" | "entry" | "exit";
  /** How many look-alike or wrong characters are forgiven; 0 unless somebody asked for more. */
  tolerance: number;
  /** Uses left of a visitor pass; null: no limit. */
  usesLeft: number | null;
  antiPassback: "off" | "soft" | "hard";
  createdAt: number;
}

export interface DecisionRecord {
  id: string;
  passId: string;
  at: number;
  verdict: Verdict;
  /** Machine-readable reason code, such as `on-allow-list`. */
  reason: string;
  /** One sentence for people. */
  sentence: string;
  ruleId: string | null;
  plate: string;
  probability: number;
  /** Everything the decision was made from, as JSON, so that it can be replayed to the same answer. */
  evidence: string;
}

export interface PassRecord {
  id: string;
  site: string;
  gate: string;
  camera: string;
  trackId: string;
  startedAt: number;
  /** null while the vehicle is in view. */
  endedAt: number | null;
  plate: string;
  probability: number;
  direction: Direction;
  frames: number;
  verdict: Verdict;
  reason: string;
  sentence: string;
  /** Set when the clip has been written. */
  clipId: string | null;
}

export interface PlateReadRecord {
  passId: string;
  at: number;
  text: string;
  probability: number;
  /** One probability for each character of `text`. */
  chars: readonly number[];
  /** Fused evidence, slots of 37 probabilities. */
  evidence: readonly (readonly number[])[];
}

/** Picture kinds kept with a pass: the straightened crop and the very frame it was read from. */
export type PictureKind = "crop" | "frame";

export interface SegmentRecord {
  id: string;
  camera: string;
  /** Relative to the recording folder. */
  path: string;
  startedAt: number;
  endedAt: number;
  bytes: number;
}

export interface ClipRecord {
  id: string;
  passId: string | null;
  camera: string;
  path: string;
  startedAt: number;
  endedAt: number;
  bytes: number;
  pinned: boolean;
}

/** An event to be reported once it is committed. `id` is stable; `seq` is the order of commit. */
export interface OutboxEvent {
  seq: number;
  id: string;
  kind: "pass" | "decision" | "clip" | "barrier" | "alarm";
  at: number;
  /** JSON text. */
  payload: string;
}
