/** What has to go so that recordings stay within their limits. Pure: the ring carries it out. */
import type { ClipKind, ClipRecord, ClipRequest, SegmentRecord } from "./records.js";

export interface RetentionLimits {
  maxBytes: number;
  maxAgeMs: number;
  clipMaxBytes: number;
  clipMaxAgeMs: Readonly<Record<ClipKind, number>>;
}

export interface Ages {
  /** Monotonic now and the boot it counts from. */
  monotonicMs: number;
  bootId: string;
  wallMs: number;
  /** Whether the wall clock has been steady for long enough that ages from earlier boots may be believed. */
  isWallSteady: boolean;
}

/**
 * Age of a recording in ms; null when nobody can know: it is from an earlier boot and the clock was just set. What was
 * recorded in this boot is as old as the monotonic clock says, whatever happened to the wall clock since.
 */
export function ageOf(
  segment: Pick<SegmentRecord, "endedAt" | "bootId" | "monotonicEndMs">,
  now: Ages,
): number | null {
  if (segment.bootId === now.bootId && segment.monotonicEndMs !== undefined)
    return now.monotonicMs - segment.monotonicEndMs;
  return now.isWallSteady ? now.wallMs - segment.endedAt : null;
}

/** Whether a promised clip still needs this segment. */
export function isHeld(segment: SegmentRecord, requests: readonly ClipRequest[]): boolean {
  return requests.some(
    (r) => r.camera === segment.camera && r.from < segment.endedAt && r.to > segment.startedAt,
  );
}

/** Segments that go now: oldest first (as given), until `excessBytes` are freed, and all that are too old; held ones never. */
export function segmentsToDrop(
  oldestFirst: readonly SegmentRecord[],
  requests: readonly ClipRequest[],
  excessBytes: number,
  maxAgeMs: number,
  now: Ages,
): SegmentRecord[] {
  const drop: SegmentRecord[] = [];
  let freed = 0;
  for (const segment of oldestFirst) {
    const age = ageOf(segment, now);
    const isTooOld = age !== null && age > maxAgeMs;
    if (freed >= excessBytes && !isTooOld) continue;
    if (isHeld(segment, requests)) continue;
    drop.push(segment);
    freed += segment.bytes;
  }
  return drop;
}

/** The order in which classes of clips give way when space is short. */
export const CLIP_ORDER: readonly ClipKind[] = ["unknown", "manual", "known"];

/**
 * Clips of one class, oldest first, that are too old, or that have to go to free `excessBytes`. The last one of them goes
 * for that only when `lastGoes`, as there are newer ones or the card itself is short: a clip that was just made must not
 * be gone before anybody has seen it.
 */
export function clipsToDrop(
  oldestFirst: readonly ClipRecord[],
  excessBytes: number,
  lastGoes: boolean,
  maxAgeMs: number,
  now: Pick<Ages, "wallMs" | "isWallSteady">,
): ClipRecord[] {
  const drop: ClipRecord[] = [];
  const newest = oldestFirst.at(-1);
  let freed = 0;
  for (const clip of oldestFirst) {
    if (clip.pinned) continue;
    const isTooOld = now.isWallSteady && now.wallMs - clip.endedAt > maxAgeMs;
    if ((freed >= excessBytes || (clip === newest && !lastGoes)) && !isTooOld) continue;
    drop.push(clip);
    freed += clip.bytes;
  }
  return drop;
}
