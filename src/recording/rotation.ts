import { join } from "node:path";
import type { Config } from "../config.js";
import type { ClipRequest, SegmentRecord } from "../core/records.js";
import type { ClipRepository, SegmentRepository } from "../core/repositories.js";
import { StoreError } from "../core/repositories.js";
import { type Ages, CLIP_ORDER, clipsToDrop, isHeld, segmentsToDrop } from "../core/retention.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { removeFiles } from "./files.js";

export interface RotationParts {
  folder: string;
  repositories: { segments: SegmentRepository; clips: ClipRepository };
  config: Config["recording"];
  clock: Clock;
  log: Log;
  bootId: string;
  freeBytes(): Promise<number>;
}

const DAY_MS = 86_400_000;
const BATCH = 50;
// What another process removes, such as an erasure beside the appliance, is told; an hour bounds what was not.
const RECOUNT_MS = 3_600_000;
// Below this the store itself could not write, whatever the configuration says.
const HARD_FLOOR_BYTES = 2_000_000;

/** Removes what is over the limits: first the row becomes a garbage row, then the file goes, then the garbage row. */
export function createRotation({
  folder,
  repositories,
  config,
  clock,
  log,
  bootId,
  freeBytes,
}: RotationParts) {
  const { segments, clips } = repositories;
  let known: { count: number; bytes: number; oldestAt: number | null } | null = null;
  let isCountDue = false;
  let countedAtMs = 0;
  let clipBytes = 0;
  let free = 0;
  let rotated = 0;
  /** Rows whose files had to go before them. */
  const fileless = new Set<string>();
  let problem = "";

  return {
    /** A segment was entered. */
    added(segment: SegmentRecord): void {
      if (known === null) return;
      known.count++;
      known.bytes += segment.bytes;
      known.oldestAt ??= segment.startedAt;
    },
    /** Somebody else changed the rows. */
    recount(): void {
      isCountDue = true;
    },
    async run(isWallSteady: boolean): Promise<void> {
      try {
        await sweep();
        await rotate({ monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), bootId, isWallSteady });
        problem = "";
      } catch (error) {
        if (!(error instanceof StoreError))
          problem = `Old recordings cannot be removed: ${(error as Error).message}`;
        else if (error.code === "cannot-write") await emergency();
      }
    },
    problem: () => problem,
    figures: () => ({
      segments: known?.count ?? 0,
      bytes: known?.bytes ?? 0,
      maxBytes: config.maxBytes,
      oldestAt: known?.oldestAt ?? null,
      clipBytes,
      freeBytes: free,
      minFreeBytes: config.minFreeBytes,
      rotated,
    }),
  };

  async function rotate(now: Ages): Promise<void> {
    if (fileless.size > 0) {
      await segments.discard([...fileless]);
      fileless.clear();
      await sweep();
    }
    if (known === null || isCountDue || clock.monotonicMs() - countedAtMs > RECOUNT_MS) known = await count();
    free = await freeBytes();
    clipBytes = await clips.totalBytes();
    const shortBytes = Math.max(0, Math.max(config.minFreeBytes, HARD_FLOOR_BYTES) - free);
    const requests = await clips.wanted();
    const excess = Math.max(known.bytes - config.maxBytes, shortBytes, 0);
    const drop = await due(requests, excess, config.maxAgeDays * DAY_MS, now);
    const freed = drop.reduce((n, s) => n + s.bytes, 0);
    if (drop.length > 0) {
      await segments.discard(drop.map((s) => s.id));
      rotated += drop.length;
      known.count -= drop.length;
      known.bytes -= freed;
    }
    known.oldestAt = (await segments.oldest(1))[0]?.startedAt ?? null;
    const clipsGone = await rotateClips(Math.max(0, shortBytes - freed), now);
    if (drop.length === 0 && !clipsGone) return;
    await sweep();
    free = await freeBytes();
    if (drop.length >= BATCH) await rotate(now);
  }

  /** What has to go, some batches at most. Rows that a promise holds are passed over, however many there are. */
  async function due(
    requests: readonly ClipRequest[],
    excess: number,
    maxAgeMs: number,
    now: Ages,
  ): Promise<SegmentRecord[]> {
    const drop: SegmentRecord[] = [];
    for (let skip = 0, left = excess; ; skip += BATCH) {
      const page = await segments.oldest(BATCH, skip);
      const here = page.filter((s) => !fileless.has(s.id));
      for (const segment of segmentsToDrop(here, requests, left, maxAgeMs, now)) {
        drop.push(segment);
        left -= segment.bytes;
      }
      // What stays though nothing holds it is young enough and fits: so does all that follows.
      const isEnd = here.some((s) => !drop.includes(s) && !isHeld(s, requests));
      if (isEnd || page.length < BATCH || drop.length >= BATCH) return drop;
    }
  }

  async function rotateClips(shortBytes: number, now: Ages): Promise<boolean> {
    let excess = Math.max(clipBytes - config.clipMaxBytes, shortBytes, 0);
    let gone = false;
    for (const kind of CLIP_ORDER) {
      const days = kind === "unknown" ? config.unknownClipDays : config.clipDays;
      const oldest = await clips.oldest(kind, BATCH + 1);
      const hasMore = oldest.length > BATCH;
      const here = oldest.slice(0, BATCH);
      const drop = clipsToDrop(here, excess, hasMore || shortBytes > 0, days * DAY_MS, now);
      for (const clip of drop) {
        await clips.remove(clip.id);
        excess -= clip.bytes;
        clipBytes -= clip.bytes;
        gone = true;
      }
      // The others of a class go before more important ones, with the next rotations.
      if (hasMore) excess = Math.min(excess, 0);
      // What a class keeps over the budget, a long recording by hand perhaps, is not taken from the more important ones.
      const newest = here.at(-1);
      if (!hasMore && newest !== undefined && !drop.includes(newest)) excess -= newest.bytes;
    }
    return gone;
  }

  /** Files whose row is gone already. */
  async function sweep(): Promise<void> {
    const paths = await segments.garbage();
    if (paths.length === 0) return;
    const absolute = new Map(paths.map((path) => [join(folder, path), path]));
    const gone = await removeFiles([...absolute.keys()]);
    await segments.forget(gone.map((path) => absolute.get(path)!));
  }

  /**
   * The disk is so full that not even a garbage row can be written. The oldest files go first this once and their rows
   * when there is room again: the start repairs it if we do not get that far.
   */
  async function emergency(): Promise<void> {
    free = await freeBytes();
    const requests = await clips.wanted();
    const shortBytes = Math.max(config.minFreeBytes, HARD_FLOOR_BYTES) - free;
    const drop = await due(requests, shortBytes, Number.POSITIVE_INFINITY, {
      monotonicMs: 0,
      wallMs: 0,
      bootId: "",
      isWallSteady: false,
    });
    if (drop.length === 0) {
      problem = "The disk is full and there is no old video left to remove; free some space on it.";
      return;
    }
    problem = "The disk is full; the oldest video was removed to go on.";
    log.error({ files: drop.length }, problem);
    await removeFiles(drop.map((s) => join(folder, s.path)));
    for (const segment of drop) fileless.add(segment.id);
    rotated += drop.length;
    known = null;
  }

  /** Seldom; in between it is counted along: the store must not read through thousands of rows for each segment. */
  async function count() {
    const counted = {
      count: await segments.count(),
      bytes: await segments.totalBytes(),
      oldestAt: known?.oldestAt ?? null,
    };
    isCountDue = false;
    countedAtMs = clock.monotonicMs();
    return counted;
  }
}
