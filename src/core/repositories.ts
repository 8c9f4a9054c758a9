/**
 * What the rest of the appliance asks of the store, in domain words. Every call crosses to the store thread:
 * a promise that fulfils has been committed durably.
 */
import type { Appearance } from "./appearance.js";
import type {
  AccessRule,
  AuditRecord,
  ClipKind,
  ClipRecord,
  ClipRequest,
  DecisionRecord,
  DetectionRecord,
  EdgeRecord,
  OutboxEvent,
  PassPicture,
  PassRecord,
  PersonRecord,
  PictureKind,
  PlateReadRecord,
  SegmentRecord,
  TrackRecord,
  VehicleRecord,
  WearRecord,
} from "./records.js";

/**
 * Why the store did not do what it was asked. `cannot-write`: disk full, read-only or broken; `busy`: more waits than
 * fits in memory; `refused`: the call itself was wrong; `closed`: the appliance is stopping.
 */
export type StoreErrorCode = "cannot-write" | "busy" | "refused" | "closed";

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface PassFilter {
  /** Exact or with `?` and `*`; empty: all. */
  plate?: string;
  from?: number;
  to?: number;
  verdict?: string;
  limit?: number;
  /** Opaque cursor from the page before. */
  before?: string;
}

export interface Page<T> {
  items: readonly T[];
  /** Cursor of the next page; null at the end. */
  next: string | null;
}

/** What one pass adds in one transaction: the row itself, its decision, reads, pictures and the events to report. */
export interface PassEntry {
  pass: PassRecord;
  decision?: DecisionRecord;
  read?: PlateReadRecord;
  pictures?: PassPicture[];
  /** The tracks behind the pass so far, and plates found on them; the same one twice is kept once. */
  tracks?: readonly TrackRecord[];
  detections?: readonly DetectionRecord[];
  /** What the vehicle looks like; a later one replaces it. */
  appearance?: Appearance;
  events: Omit<OutboxEvent, "seq">[];
}

export interface PassRepository {
  /** Inserts the pass or updates it by id; adds the rest. One transaction. */
  save(entry: PassEntry): Promise<void>;
  find(id: string): Promise<PassRecord | null>;
  list(filter: PassFilter): Promise<Page<PassRecord>>;
  decisions(passId: string): Promise<readonly DecisionRecord[]>;
  reads(passId: string): Promise<readonly PlateReadRecord[]>;
  /** `enhanced`: what the enhancer made of the crop. null: there is none. */
  picture(passId: string, kind: PictureKind | "enhanced"): Promise<Uint8Array | null>;
  /** What the vehicles of the newest granted passes looked like, oldest first. */
  looks(limit: number): Promise<readonly PassAppearance[]>;
}

export interface PassAppearance {
  passId: string;
  plate: string;
  appearance: Appearance;
}

export interface RuleRepository {
  all(): Promise<readonly AccessRule[]>;
  save(rule: AccessRule): Promise<void>;
  remove(id: string): Promise<boolean>;
  /** Counts one use of a visitor pass, each `useId` once; false when none was left. */
  use(id: string, useId: string): Promise<boolean>;
  /** The vehicle of this use did not get in after all, or (false) another one got in on it. `uses_left` stays until `settleUses`. */
  giveBack(useId: string, isBack: boolean): Promise<void>;
  /** Adds to the rules what was given back. Only before a lane runs: a lane has that in its own count. */
  settleUses(): Promise<void>;
}

export interface SegmentRepository {
  add(segment: SegmentRecord): Promise<void>;
  /** Segments of a camera that overlap [from, to], oldest first. */
  overlapping(camera: string, from: number, to: number): Promise<readonly SegmentRecord[]>;
  /** In order of arrival, without the first `skip`. */
  oldest(limit: number, skip?: number): Promise<readonly SegmentRecord[]>;
  all(): Promise<readonly SegmentRecord[]>;
  /** Moves the row to `garbage`: the file may go now. */
  discard(ids: readonly string[]): Promise<void>;
  garbage(): Promise<readonly string[]>;
  /** The file of this path is gone. */
  forget(paths: readonly string[]): Promise<void>;
  count(): Promise<number>;
  totalBytes(): Promise<number>;
  /** The wall clock was set: the times of this boot's segments move with it. */
  shift(bootId: string, deltaMs: number): Promise<void>;
}

export interface ClipRepository {
  /** Adds the clip, links its pass, and adds the event in one transaction. */
  add(clip: ClipRecord, events: Omit<OutboxEvent, "seq">[]): Promise<void>;
  find(id: string): Promise<ClipRecord | null>;
  list(filter: ClipFilter): Promise<Page<ClipRecord>>;
  pin(id: string, pinned: boolean): Promise<boolean>;
  /** Moves the row to `garbage` (the file may go now, then `segments.forget([path])`) and gives it; null: not there. */
  remove(id: string): Promise<ClipRecord | null>;
  /** Promises a clip: what it needs stays in the ring, over restarts too. `add` with the same id keeps the promise. */
  want(request: ClipRequest): Promise<void>;
  wanted(): Promise<readonly ClipRequest[]>;
  /** The promise cannot be kept: there is no video. */
  unwant(id: string): Promise<void>;
  /** The wall clock was set: the times of these clips move with it. */
  shift(ids: readonly string[], deltaMs: number): Promise<void>;
  /** Not pinned, oldest first; of one class. */
  oldest(kind: ClipKind, limit: number): Promise<readonly ClipRecord[]>;
  all(): Promise<readonly ClipRecord[]>;
  /** Of all clips that are not pinned. */
  totalBytes(): Promise<number>;
}

export interface ClipFilter {
  from?: number;
  to?: number;
  camera?: string;
  passId?: string;
  pinned?: boolean;
  kind?: ClipKind;
  /** Exact or with `?` and `*`: clips of passes of this plate. */
  plate?: string;
  limit?: number;
  before?: string;
}

export interface OutboxRepository {
  /** Adds events that belong to no pass (alarms, barrier). */
  add(events: Omit<OutboxEvent, "seq">[]): Promise<void>;
  /** The oldest events after `afterSeq`, in order. */
  pending(afterSeq: number, limit: number): Promise<readonly OutboxEvent[]>;
  /** These were acknowledged by the receiver. */
  acknowledge(seqs: readonly number[]): Promise<void>;
  count(): Promise<number>;
  /** The highest number that an event was ever given here, also of events that are gone; 0: none yet. */
  lastSeq(): Promise<number>;
}

export interface Repositories {
  passes: PassRepository;
  rules: RuleRepository;
  segments: SegmentRepository;
  clips: ClipRepository;
  outbox: OutboxRepository;
}

/** Levels that lines took, newest first. */
export interface EdgeRepository {
  add(edges: readonly EdgeRecord[]): Promise<void>;
  list(filter: {
    line?: string;
    from?: number;
    to?: number;
    limit?: number;
    before?: string;
  }): Promise<Page<EdgeRecord>>;
}

/** Small facts that outlive a restart; values are text. */
export interface SettingRepository {
  get(name: string): Promise<string | null>;
  set(name: string, value: string): Promise<void>;
  all(): Promise<Readonly<Record<string, string>>>;
}

export interface AuditRepository {
  add(entry: AuditRecord): Promise<void>;
  list(filter: {
    actor?: string;
    action?: string;
    limit?: number;
    before?: string;
  }): Promise<Page<AuditRecord>>;
}

/** Who lives or works here and what they drive. */
export interface RegisterRepository {
  people(): Promise<readonly PersonRecord[]>;
  savePerson(person: PersonRecord): Promise<void>;
  removePerson(id: string): Promise<boolean>;
  vehicles(): Promise<readonly VehicleRecord[]>;
  findVehicle(plate: string): Promise<VehicleRecord | null>;
  saveVehicle(vehicle: VehicleRecord): Promise<void>;
  removeVehicle(id: string): Promise<boolean>;
}

export interface WearRepository {
  add(entries: readonly WearRecord[]): Promise<void>;
  /** All entries from this day (`2026-01-31`) on. */
  since(day: string): Promise<readonly WearRecord[]>;
}

/** A pass that a search found; `likelihood` is comparable within one answer, best first. */
export interface SearchHit {
  pass: PassRecord;
  likelihood: number;
}

export interface SearchRepository {
  /**
   * Passes whose characters could have been `plate`: `?` is any one character. Look-alikes cost less than other
   * mistakes, one missing or extra character is forgiven. Rejects with `refused` while the search is off.
   */
  soft(plate: string, limit: number): Promise<readonly SearchHit[]>;
  /**
   * Passes of vehicles that look like the one of this pass, best first, without itself; the likelihood is the likeness, -1
   * to 1. Only passes seen by the same detector can be compared.
   */
  alike(passId: string, limit: number): Promise<readonly SearchHit[]>;
}

/** Everything the store can do; `Repositories` is the part that the gate needs. */
export interface AllRepositories extends Repositories {
  edges: EdgeRepository;
  settings: SettingRepository;
  audit: AuditRepository;
  register: RegisterRepository;
  wear: WearRepository;
  search: SearchRepository;
}
