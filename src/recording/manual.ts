import { randomUUID } from "node:crypto";
import type { ClipRecord, ClipRequest } from "../core/records.js";
import type { ClipRepository } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { type Clips, MAX_MANUAL_MS } from "./clips.js";
import type { Ring } from "./ring.js";

export interface ManualRecording {
  camera: string;
  startedAt: number;
}

export interface Manual {
  active(): readonly ManualRecording[];
  /** From now on; the one that is going on when there is one. */
  start(camera: string): Promise<ManualRecording>;
  /** The clip it became, once its last second is on the card; null when none was going on or there was no video. */
  stop(camera: string): Promise<ClipRecord | null>;
  close(): void;
}

const RETRY_MS = 30_000;

interface Going {
  id: string;
  camera: string;
  /** Wall time; moves when the clock is set. */
  startedAt: number;
  startedMonotonicMs: number;
  cancel(): void;
  /** Somebody ends it: whoever does so once more gets the same clip. */
  ending: Promise<ClipRecord | null> | null;
}

/** Recordings that somebody starts and stops by hand: a stretch of the ring is held and becomes a clip. */
export function createManual({
  ring,
  clips,
  repository,
  clock,
  log,
}: {
  ring: Pick<Ring, "onShift" | "noticeWall">;
  clips: Clips;
  repository: ClipRepository;
  clock: Clock;
  log: Log;
}): Manual {
  const going = new Map<string, Going>();
  ring.onShift((deltaMs) => {
    for (const one of going.values()) {
      one.startedAt += Math.round(deltaMs);
      // Once its end is being noted down it moves with the other promises.
      if (one.ending === null) void repository.want(requestOf(one)).catch(() => {});
    }
  });
  return {
    active: () => [...going.values()].map(({ camera, startedAt }) => ({ camera, startedAt })),
    async start(camera) {
      const already = going.get(camera);
      if (already !== undefined) return { camera, startedAt: already.startedAt };
      ring.noticeWall();
      const one: Going = {
        id: randomUUID(),
        camera,
        startedAt: Math.round(clock.wallMs()),
        startedMonotonicMs: clock.monotonicMs(),
        cancel: clock.after(MAX_MANUAL_MS, () => stopLate(camera)),
        ending: null,
      };
      going.set(camera, one);
      try {
        // The promise keeps what it will need in the ring, and lets a restart finish it.
        await repository.want(requestOf(one));
      } catch (error) {
        one.cancel();
        going.delete(camera);
        throw error;
      }
      return { camera, startedAt: one.startedAt };
    },
    stop,
    close() {
      for (const one of going.values()) one.cancel();
    },
  };

  function requestOf({ id, camera, startedAt }: Going): ClipRequest {
    return {
      id,
      passId: null,
      camera,
      from: startedAt,
      to: startedAt + MAX_MANUAL_MS,
      kind: "manual",
      createdAt: startedAt,
    };
  }

  async function stop(camera: string): Promise<ClipRecord | null> {
    const one = going.get(camera);
    if (one === undefined) return null;
    one.ending ??= end(one);
    return one.ending;
  }

  /** It goes on, and its hour is watched, until its end is noted down. */
  async function end(one: Going): Promise<ClipRecord | null> {
    ring.noticeWall();
    // Not by the wall clock: it may have been set a moment ago, and what is recorded has not moved yet.
    const lastedMs = Math.round(clock.monotonicMs() - one.startedMonotonicMs);
    try {
      return await clips.request({ ...requestOf(one), to: one.startedAt + lastedMs }, () => {
        one.cancel();
        going.delete(one.camera);
      });
    } finally {
      one.ending = null;
    }
  }

  /** The hour is over and nobody waits for an answer. */
  function stopLate(camera: string): void {
    const one = going.get(camera);
    stop(camera).catch((error: Error) => {
      log.error({ err: error.message, camera }, "A recording by hand could not be ended; it is tried again.");
      if (one !== undefined) one.cancel = clock.after(RETRY_MS, () => stopLate(camera));
    });
  }
}
