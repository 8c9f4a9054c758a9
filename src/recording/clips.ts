import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config.js";
import {
  CLIP_FOLDER,
  type ClipKind,
  type ClipRecord,
  type ClipRequest,
  clipPath,
  type OutboxEvent,
} from "../core/records.js";
import { type ClipRepository, type SegmentRepository, StoreError } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { removeFiles } from "./files.js";
import { joinFilm } from "./film.js";
import type { Ring } from "./ring.js";

export interface ClipWish {
  /** Takes the place of an earlier promise of this id; default: a new one. */
  id?: string;
  passId: string | null;
  camera: string;
  /** Wall times, pre-roll and post-roll included. */
  from: number;
  to: number;
  /** `known`: the plate is on a list. */
  kind?: ClipKind;
}

export interface ClipParts {
  ring: Ring;
  repositories: { clips: ClipRepository; segments: SegmentRepository };
  config: Config["recording"];
  clock: Clock;
  log: Log;
  /** The outbox event of a written clip. */
  event(clip: ClipRecord): Omit<OutboxEvent, "seq">;
}

export interface Clips {
  /** Takes up what was promised before the last stop. */
  start(): Promise<void>;
  /**
   * Promises the clip of a stretch of time; fulfils when it is written, with null when there was no video of it. The
   * promise outlives a restart. Rejects only when it could not even be noted down; `noted` is called as soon as it is.
   */
  request(wish: ClipWish, noted?: () => void): Promise<ClipRecord | null>;
  /** Row and file go, by way of the garbage. Throws a sentence for a pinned one; null: there is no such clip. */
  remove(id: string): Promise<ClipRecord | null>;
  onClip(listener: (clip: ClipRecord) => void): void;
  status(): { open: number; written: number; failed: number; writtenBytes: number; problem: string };
  close(): Promise<void>;
}

// Nobody waits at a gate for longer; a vehicle parked in view must not become a film of hours.
export const MAX_CLIP_MS = 600_000;
// A card that stalls, or a store that cannot write for a moment, lets segments come late.
export const LATE_MS = 60_000;
const RETRY_MS = 30_000;
// Five minutes; only for reasons that do not go away by themselves.
const MAX_TRIES = 10;
const OWN_LEAST = 50;
/** A recording by hand ends by itself after this long. */
export const MAX_MANUAL_MS = 3_600_000;

/** Cuts clips out of the ring as soon as their last second has been recorded. */
export function createClips({ ring, repositories, config, clock, log, event }: ClipParts): Clips {
  const { clips, segments } = repositories;
  const pending = new Map<string, Pending>();
  /** Clips of this run and this boot: they are as wrong as the clock was, and move when it is set. */
  const own = new Set<string>();
  /** Beyond this many it is looked which of them are still there. */
  let ownLimit = OWN_LEAST;
  const listeners: ((clip: ClipRecord) => void)[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  let written = 0;
  let failed = 0;
  let writtenBytes = 0;
  let problem = "";
  let closed = false;

  ring.onSegment((segment) => {
    for (const p of pending.values()) {
      if (p.request.camera === segment.camera && segment.endedAt >= p.request.to) finish(p);
    }
  });
  ring.onShift((deltaMs) => {
    const delta = Math.round(deltaMs);
    if (own.size > 0)
      void clips
        .shift([...own], delta)
        .catch((error: Error) =>
          log.error({ err: error.message }, "Clips keep the times of the wrong clock."),
        );
    for (const p of pending.values()) {
      // The video of an earlier boot keeps its times.
      if (!p.isOfThisBoot) continue;
      p.request = { ...p.request, from: p.request.from + delta, to: p.request.to + delta };
      void clips.want(p.request).catch(() => {});
    }
  });

  return {
    async start() {
      for (const request of await clips.wanted()) {
        // A start that failed later on is made again.
        if (pending.has(request.id)) continue;
        const parts = await segments.overlapping(request.camera, request.from, request.to);
        // All of its video is there: the last stop ended it. The clock has no say, it may be behind after a power cut,
        // and then new video carries the same times.
        const end = parts.reduce((latest, s) => Math.max(latest, s.endedAt), request.from);
        const isOfThisBoot = parts.some((s) => s.bootId === ring.bootId);
        const p = open({ ...request, to: Math.min(request.to, end) }, isOfThisBoot, () => {});
        finish(p);
      }
    },
    async request(wish, noted = () => {}) {
      // The wish is of the clock as it is now: it must not be moved as well.
      ring.noticeWall();
      const from = Math.round(wish.from);
      const to = Math.max(
        from,
        Math.min(Math.round(wish.to), from + (wish.kind === "manual" ? MAX_MANUAL_MS : MAX_CLIP_MS)),
      );
      const request = {
        id: wish.id ?? randomUUID(),
        passId: wish.passId,
        camera: wish.camera,
        from,
        to,
        kind: wish.kind ?? "unknown",
        createdAt: clock.wallMs(),
      };
      await clips.want(request);
      noted();
      return follow(request);
    },
    async remove(id) {
      const clip = await clips.find(id);
      if (clip === null) return null;
      if (clip.pinned) throw new Error("This clip is pinned; unpin it before it is removed.");
      await clips.remove(id);
      own.delete(id);
      await ring.rotate();
      return clip;
    },
    onClip(listener) {
      listeners.push(listener);
    },
    status: () => ({ open: pending.size, written, failed, writtenBytes, problem }),
    async close() {
      closed = true;
      for (const p of pending.values()) p.cancel();
      await queue;
      for (const p of pending.values()) p.done(null);
      pending.clear();
    },
  };

  /** Waits until the end of the stretch has been recorded, or for so long that it never will be. */
  function follow(request: ClipRequest): Promise<ClipRecord | null> {
    if (closed) return Promise.resolve(null);
    const lateMs = config.segmentSeconds * 2000 + LATE_MS;
    return new Promise((done) => {
      const p = open(request, true, done);
      p.cancel = clock.after(Math.max(0, request.to - clock.wallMs()) + lateMs, () => finish(p));
    });
  }

  function open(request: ClipRequest, isOfThisBoot: boolean, done: Pending["done"]): Pending {
    const p: Pending = { request, isOfThisBoot, done, cancel: () => {}, isQueued: false, tries: 0 };
    pending.set(request.id, p);
    return p;
  }

  function finish(p: Pending): void {
    if (p.isQueued || closed) return;
    p.isQueued = true;
    p.cancel();
    queue = queue.then(async () => {
      try {
        const clip = await write(p);
        settle(p, clip);
      } catch (error) {
        p.tries++;
        if (p.tries < MAX_TRIES || isPassing(error)) again(p, error as Error);
        else await giveUp(p, error as Error).catch((refusal: Error) => again(p, refusal));
      }
    });
  }

  function settle(p: Pending, clip: ClipRecord | null): void {
    pending.delete(p.request.id);
    p.done(clip);
  }

  /** What a promise holds must not stay in the ring for ever. */
  async function giveUp(p: Pending, error: Error): Promise<void> {
    const { id, passId, camera } = p.request;
    await clips.unwant(id);
    await removeFiles([join(ring.folder, clipPath(id))]);
    problem = `A clip could not be written (${error.message}); it was given up after ${p.tries} tries.`;
    log.error({ err: error.message, passId, camera }, problem);
    settle(p, null);
  }

  /** The promise stands: most likely the disk is full, and that passes. */
  function again(p: Pending, error: Error): void {
    problem = `A clip could not be written (${error.message}); it is tried again.`;
    if (p.tries === 1) {
      log.error({ err: error.message, passId: p.request.passId }, problem);
      failed++;
    }
    p.isQueued = false;
    if (!closed) p.cancel = clock.after(RETRY_MS, () => finish(p));
  }

  /** Clips go by age, space and erasure; what has gone needs no new time. Looked at whenever they have doubled. */
  async function forgetRemoved(): Promise<void> {
    const kept = new Set((await clips.all()).map((clip) => clip.id));
    for (const id of own) if (!kept.has(id)) own.delete(id);
    ownLimit = Math.max(OWN_LEAST, 2 * own.size);
  }

  async function write({ request, isOfThisBoot }: Pending): Promise<ClipRecord | null> {
    const folder = join(ring.folder, CLIP_FOLDER);
    await mkdir(folder, { recursive: true });
    const path = clipPath(request.id);
    // Two boots may have recorded the same wall times; adopted segments are of an unknown one.
    const parts = (await segments.overlapping(request.camera, request.from, request.to)).filter((s) =>
      isOfThisBoot ? s.bootId === undefined || s.bootId === ring.bootId : s.bootId !== ring.bootId,
    );
    const film =
      parts.length === 0
        ? null
        : await joinFilm(ring.folder, parts, request.from, request.to, join(ring.folder, path));
    if (film === null) {
      await clips.unwant(request.id);
      log.warn(
        { passId: request.passId, camera: request.camera },
        "There is no video of a pass; it has no clip.",
      );
      failed++;
      return null;
    }
    if (film.notes.length > 0)
      log.warn({ notes: film.notes, passId: request.passId }, "A clip is not complete.");
    const { id, passId, camera, kind } = request;
    const clip: ClipRecord = {
      id,
      passId,
      camera,
      path,
      startedAt: film.startedAt,
      endedAt: film.endedAt,
      bytes: film.bytes,
      pinned: false,
      kind,
    };
    if (!(await clips.wanted()).some((r) => r.id === id)) {
      // It is kept already: a start that is made again may have found the promise just before.
      const kept = await clips.find(id);
      if (kept !== null) return kept;
      // The promise was taken back while it was kept: the plate was erased, and so must its video be.
      await removeFiles([join(ring.folder, path)]);
      return null;
    }
    await clips.add(clip, [event(clip)]);
    if (isOfThisBoot) own.add(id);
    if (own.size > ownLimit) await forgetRemoved().catch(() => {});
    written++;
    writtenBytes += clip.bytes;
    problem = "";
    for (const listener of listeners) listener(clip);
    return clip;
  }
}

interface Pending {
  request: ClipRequest;
  /** Its video was recorded in this boot of the machine, so its times move with the clock. */
  isOfThisBoot: boolean;
  done(clip: ClipRecord | null): void;
  cancel(): void;
  isQueued: boolean;
  tries: number;
}

/** A full disk or a busy store goes away by itself or when somebody helps; all other errors come back with every try. */
function isPassing(error: unknown): boolean {
  if (error instanceof StoreError) return error.code !== "refused";
  return /^E(?!RR_|IO$)/.test((error as NodeJS.ErrnoException).code ?? "");
}
