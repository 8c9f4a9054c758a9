import { mkdir, stat, statfs } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { Config } from "../config.js";
import type { SegmentRecord } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { watchWall } from "../system/wall-watch.js";
import { removeFiles, syncFile, syncFolder } from "./files.js";
import { readVideo, VideoError } from "./mp4-read.js";
import { type RepairParts, type RepairReport, repairFolder } from "./repair.js";
import { createRotation } from "./rotation.js";
import { segmentId } from "./segment-name.js";

/** A finished file of the recorder; the path may be absolute or relative to the recording folder. */
export interface FinishedSegment {
  path: string;
  startedAt: number;
  endedAt: number;
  /** Monotonic ms of its first picture, in this boot; its times are reckoned from it where it is known. */
  startedMonotonicMs?: number;
}

export interface RingStatus {
  segments: number;
  bytes: number;
  maxBytes: number;
  oldestAt: number | null;
  clipBytes: number;
  freeBytes: number;
  minFreeBytes: number;
  /** Segments whose row could not be written yet; their files are kept and taken up as soon as it can. */
  waiting: number;
  /** Files without a usable picture, removed since the start. */
  unusable: number;
  rotated: number;
  writtenBytes: number;
  /** One sentence: what is wrong and what happens next; empty when nothing is. */
  problem: string;
}

export interface RingParts {
  /** Absolute path of the recording folder; each camera records into a folder of its name in it. */
  folder: string;
  repositories: RepairParts["repositories"];
  config: Config["recording"];
  clock: Clock;
  log: Log;
  /** Identity of this boot of the machine; another one after each. */
  bootId: string;
  /** Free bytes of the file system; handed in by tests. */
  freeBytes?: () => Promise<number>;
  /** How long the repair looks whether fresh files still grow; 0 in tests. */
  settleMs?: number;
}

export interface Ring {
  folder: string;
  /** Identity of this boot of the machine. */
  bootId: string;
  /** Where the eye of this camera records; made when missing. */
  cameraFolder(camera: string): Promise<string>;
  /** Takes a finished segment into the ring and makes room. Never rejects: what cannot be stored now waits. */
  addSegment(camera: string, segment: FinishedSegment): Promise<void>;
  /** Makes rows and files agree after any kind of end, and from then on makes room by itself. Before the eyes start. */
  repair(): Promise<RepairReport>;
  /** Removes what is over the limits. Runs after each segment and twice a minute by itself. */
  rotate(): Promise<void>;
  /** Another process changed the store: what is in the ring is counted anew with the next rotation. */
  recount(): void;
  /** Called with each stored segment. */
  onSegment(listener: (segment: SegmentRecord) => void): void;
  /**
   * Looks whether the wall clock was set, and lets everything move with it that was recorded by the old one. To be called
   * before a time by the present clock is noted.
   */
  noticeWall(): void;
  /** Called when the wall clock was set; the rows move with it before anything else is asked of the store. */
  onShift(listener: (deltaMs: number) => void): void;
  status(): RingStatus;
  close(): Promise<void>;
}

// Fragments come every second: a file that did not grow for longer is finished.
const SETTLE_MS = 1500;
const ROTATE_MS = 30_000;
// No row of the store can be older than the card: a machine that was off for this long may as well have a wrong clock.
const MAX_OFF_MS = 2 * 86_400_000;

/** The ring of recorded files: a row for every file and a file for every row, oldest out first. */
export function createRing(parts: RingParts): Ring {
  const { folder, clock, log } = parts;
  const { segments } = parts.repositories;
  const listeners: ((segment: SegmentRecord) => void)[] = [];
  const shiftListeners: ((deltaMs: number) => void)[] = [];
  const freeBytes = parts.freeBytes ?? (async () => await statfs(folder).then((s) => s.bavail * s.bsize));
  const rotation = createRotation({ ...parts, freeBytes });
  let wall = watchWall(clock, null, MAX_OFF_MS);
  let waiting: SegmentRecord[] = [];
  let unusable = 0;
  let problem = "";
  let writtenBytes = 0;
  let queue: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  let cancel = () => {};

  return {
    folder,
    bootId: parts.bootId,
    async cameraFolder(camera) {
      const path = join(folder, camera);
      await mkdir(path, { recursive: true });
      await syncFolder(folder);
      return path;
    },
    addSegment: (camera, segment) => inTurn(() => add(camera, segment)),
    repair: () =>
      inTurn(async () => {
        await mkdir(folder, { recursive: true });
        const report = await repairFolder({ settleMs: SETTLE_MS, ...parts });
        wall = watchWall(clock, report.newestAt, MAX_OFF_MS);
        await rotation.run(wall.isSteady());
        cancel();
        if (!isClosed) cancel = clock.after(ROTATE_MS, tick);
        return report;
      }),
    rotate: () => inTurn(makeRoom),
    recount: rotation.recount,
    noticeWall,
    onSegment(listener) {
      listeners.push(listener);
    },
    onShift(listener) {
      shiftListeners.push(listener);
    },
    status: () => ({
      ...rotation.figures(),
      waiting: waiting.length,
      unusable,
      writtenBytes,
      problem: problem || rotation.problem(),
    }),
    async close() {
      isClosed = true;
      cancel();
      await queue;
    },
  };

  /** A full disk lets no segment come that would make room. */
  function tick(): void {
    void inTurn(makeRoom).catch(() => {});
    cancel = clock.after(ROTATE_MS, tick);
  }

  /** One change at a time: adding and removing look at the same totals. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = queue.then(task);
    queue = result.catch(() => {});
    return result;
  }

  async function add(camera: string, file: FinishedSegment): Promise<void> {
    const path = isAbsolute(file.path) ? relative(folder, file.path) : file.path;
    try {
      const segment = await take(camera, path, file);
      writtenBytes += segment.bytes;
      waiting.push(segment);
    } catch (error) {
      unusable++;
      // Nothing would count it, and nobody remove it before the next start.
      if (error instanceof VideoError) await removeFiles([join(folder, path)]);
      log.warn({ err: String(error), path }, "A segment is gone or cannot be played; recording goes on.");
      return;
    }
    await storeWaiting();
    await makeRoom();
  }

  /** Looks at the file itself: its length in time is what it holds, not what two wall times differ by. */
  async function take(camera: string, path: string, file: FinishedSegment): Promise<SegmentRecord> {
    const absolute = join(folder, path);
    const video = await readVideo(absolute);
    await syncFile(absolute);
    await syncFolder(join(absolute, ".."));
    const { size } = await stat(absolute);
    noticeWall();
    const now = clock.wallMs();
    const end = Math.round(endOf(file, video.durationMs, now));
    return {
      id: segmentId(path),
      camera,
      path,
      startedAt: Math.round(end - video.durationMs),
      endedAt: end,
      bytes: size,
      bootId: parts.bootId,
      monotonicEndMs: Math.round(clock.monotonicMs() - (now - end)),
    };
  }

  /** Wall ms. The clock may have been set since the file was begun, and a file that was left lying is told of late. */
  function endOf({ endedAt, startedMonotonicMs }: FinishedSegment, lengthMs: number, now: number): number {
    if (startedMonotonicMs !== undefined) return now - clock.monotonicMs() + startedMonotonicMs + lengthMs;
    // An end in the future or long ago was taken from another clock than ours.
    return Math.abs(now - endedAt) > 120_000 ? now : endedAt;
  }

  async function storeWaiting(): Promise<void> {
    while (waiting[0] !== undefined) {
      try {
        await segments.add(waiting[0]);
      } catch (error) {
        problem = `Recorded video cannot be entered in the store (${(error as Error).message}); it is kept and entered later.`;
        return;
      }
      const stored = waiting.shift()!;
      rotation.added(stored);
      for (const listener of listeners) listener(stored);
    }
    problem = "";
  }

  async function makeRoom(): Promise<void> {
    noticeWall();
    if (waiting.length > 0) await storeWaiting();
    await rotation.run(wall.isSteady());
  }

  /** At once: what is measured by the new clock from now on must not be moved as if it were of the old one. */
  function noticeWall(): void {
    const delta = wall.jumped();
    if (delta === 0) return;
    log.warn({ deltaMs: Math.round(delta) }, "The clock was set; the recordings of this run move with it.");
    waiting = waiting.map((s) => ({
      ...s,
      startedAt: s.startedAt + Math.round(delta),
      endedAt: s.endedAt + Math.round(delta),
    }));
    void segments.shift(parts.bootId, Math.round(delta)).catch(() => {});
    for (const listener of shiftListeners) listener(delta);
  }
}
