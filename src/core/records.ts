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

/** A rule that says no more than that its plate may pass: always, and in either direction. */
export const plainRule: Readonly<Omit<AccessRule, "id" | "plate">> = {
  effect: "allow",
  owner: "",
  group: "",
  note: "",
  validFrom: "",
  validTo: "",
  schedule: "",
  direction: "any",
  tolerance: 0,
  usesLeft: null,
  antiPassback: "off",
  createdAt: 0,
};

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
  /** How much the vehicle looks like those that came with this plate before; absent or null: nothing can be said. */
  looks?: PassLooks | null;
  /** Whether the barrier took the grant, which it does not while stopped or locked; absent: no grant, or an older record. */
  letThrough?: boolean;
}

export interface PassLooks {
  /** Earlier passes it was compared with. */
  compared: number;
  /** To the most alike of them, -1 to 1. */
  likeness: number;
  /** It looks like none of them: perhaps the plate is on another vehicle. */
  isOdd: boolean;
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

/** A JPEG kept with a pass; of a crop that is hard to read, also what the enhancer made of it, for people. */
export interface PassPicture {
  kind: PictureKind;
  jpeg: Uint8Array;
  enhanced?: Uint8Array;
}

export interface SegmentRecord {
  id: string;
  camera: string;
  /** Relative to the recording folder. */
  path: string;
  startedAt: number;
  endedAt: number;
  bytes: number;
  /** The machine's boot in which it was recorded, and its end on that boot's monotonic clock; absent when adopted. */
  bootId?: string;
  monotonicEndMs?: number;
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
  /** Retention class: plate on a list, plate on none, or started by hand. Absent counts as `unknown`. */
  kind?: ClipKind;
}

/** Folder of finished clips within the recording folder; no camera can have this name. */
export const CLIP_FOLDER = "_clips";

/** Where a clip lies, relative to the recording folder. */
export function clipPath(id: string): string {
  return `${CLIP_FOLDER}/${id}.mp4`;
}

export type ClipKind = "known" | "unknown" | "manual";

/** A clip that has been promised and not been written yet; its stretch of the ring is held until it is. */
export interface ClipRequest {
  id: string;
  passId: string | null;
  camera: string;
  from: number;
  to: number;
  kind: ClipKind;
  createdAt: number;
}

/** One vehicle followed by one camera; a pass can have several. */
export interface TrackRecord {
  id: string;
  passId: string;
  camera: string;
  firstAt: number;
  lastAt: number;
  frames: number;
}

/** A plate found in one frame of a track, in pixels of that frame. */
export interface DetectionRecord {
  trackId: string;
  at: number;
  box: readonly [number, number, number, number];
  quad: readonly (readonly [number, number])[];
  confidence: number;
}

/** A level that a line took: what went in, what went out, and why. */
export interface EdgeRecord {
  at: number;
  line: string;
  kind: "input" | "output";
  active: boolean;
  cause: string;
}

export interface PersonRecord {
  id: string;
  name: string;
  /** Flat, house, company. */
  unit: string;
  phone: string;
  note: string;
}

export interface VehicleRecord {
  id: string;
  plate: string;
  personId: string | null;
  make: string;
  colour: string;
  note: string;
}

/** Who did what; part of a hash chain like the decisions. */
export interface AuditRecord {
  id: string;
  at: number;
  /** The name of who it was as given with the command, and the way it came; or `appliance`. */
  actor: string;
  /** Such as `rule.save`, `setting.set`, `gate.open`, `erase`. */
  action: string;
  subject: string;
  /** JSON text. */
  detail: string;
}

/** Bytes that one part of the appliance wrote on one day (UTC date), for the flash-wear budget. */
export interface WearRecord {
  day: string;
  subsystem: string;
  bytes: number;
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
