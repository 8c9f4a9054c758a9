/**
 * What the rest of the appliance asks of the store, in domain words. Every call crosses to the store thread:
 * a promise that fulfils has been committed durably.
 */
import type {
  AccessRule,
  ClipRecord,
  DecisionRecord,
  OutboxEvent,
  PassRecord,
  PictureKind,
  PlateReadRecord,
  SegmentRecord,
} from "./records.js";

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
  pictures?: { kind: PictureKind; jpeg: Uint8Array }[];
  events: Omit<OutboxEvent, "seq">[];
}

export interface PassRepository {
  /** Inserts the pass or updates it by id; adds the rest. One transaction. */
  save(entry: PassEntry): Promise<void>;
  find(id: string): Promise<PassRecord | null>;
  list(filter: PassFilter): Promise<Page<PassRecord>>;
  decisions(passId: string): Promise<readonly DecisionRecord[]>;
  reads(passId: string): Promise<readonly PlateReadRecord[]>;
  picture(passId: string, kind: PictureKind): Promise<Uint8Array | null>;
}

export interface RuleRepository {
  all(): Promise<readonly AccessRule[]>;
  save(rule: AccessRule): Promise<void>;
  remove(id: string): Promise<boolean>;
  /** Counts one use of a visitor pass; false when none was left. */
  use(id: string): Promise<boolean>;
}

export interface SegmentRepository {
  add(segment: SegmentRecord): Promise<void>;
  /** Segments of a camera that overlap [from, to], oldest first. */
  overlapping(camera: string, from: number, to: number): Promise<readonly SegmentRecord[]>;
  oldest(limit: number): Promise<readonly SegmentRecord[]>;
  all(): Promise<readonly SegmentRecord[]>;
  /** Moves the row to `garbage`: the file may go now. */
  discard(ids: readonly string[]): Promise<void>;
  garbage(): Promise<readonly string[]>;
  /** The file of this path is gone. */
  forget(paths: readonly string[]): Promise<void>;
  totalBytes(): Promise<number>;
}

export interface ClipRepository {
  /** Adds the clip, links its pass, and adds the event in one transaction. */
  add(clip: ClipRecord, events: Omit<OutboxEvent, "seq">[]): Promise<void>;
  find(id: string): Promise<ClipRecord | null>;
  list(filter: { from?: number; to?: number; limit?: number; before?: string }): Promise<Page<ClipRecord>>;
  pin(id: string, pinned: boolean): Promise<boolean>;
  remove(id: string): Promise<ClipRecord | null>;
}

export interface OutboxRepository {
  /** Adds events that belong to no pass (alarms, barrier). */
  add(events: Omit<OutboxEvent, "seq">[]): Promise<void>;
  /** The oldest events after `afterSeq`, in order. */
  pending(afterSeq: number, limit: number): Promise<readonly OutboxEvent[]>;
  /** These were acknowledged by the receiver. */
  acknowledge(seqs: readonly number[]): Promise<void>;
  count(): Promise<number>;
}

export interface Repositories {
  passes: PassRepository;
  rules: RuleRepository;
  segments: SegmentRepository;
  clips: ClipRepository;
  outbox: OutboxRepository;
}
