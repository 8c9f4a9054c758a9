import { randomUUID } from "node:crypto";
import type { ClipRecord } from "../core/records.js";
import type { ClipRepository } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import { type Clips, MAX_MANUAL_MS } from "./clips.js";

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

/** Recordings that somebody starts and stops by hand: a stretch of the ring is held and becomes a clip. */
export function createManual({
  clips,
  repository,
  clock,
}: {
  clips: Clips;
  repository: ClipRepository;
  clock: Clock;
}): Manual {
  const going = new Map<string, ManualRecording & { id: string; cancel(): void }>();
  return {
    active: () => [...going.values()].map(({ camera, startedAt }) => ({ camera, startedAt })),
    async start(camera) {
      const already = going.get(camera);
      if (already !== undefined) return { camera, startedAt: already.startedAt };
      const startedAt = Math.round(clock.wallMs());
      const id = randomUUID();
      going.set(camera, {
        id,
        camera,
        startedAt,
        cancel: clock.after(MAX_MANUAL_MS, () => void stop(camera)),
      });
      try {
        // The promise keeps what it will need in the ring, and lets a restart finish it.
        await repository.want({
          id,
          passId: null,
          camera,
          from: startedAt,
          to: startedAt + MAX_MANUAL_MS,
          kind: "manual",
          createdAt: startedAt,
        });
      } catch (error) {
        going.get(camera)?.cancel();
        going.delete(camera);
        throw error;
      }
      return { camera, startedAt };
    },
    stop,
    close() {
      for (const one of going.values()) one.cancel();
    },
  };

  async function stop(camera: string): Promise<ClipRecord | null> {
    const one = going.get(camera);
    if (one === undefined) return null;
    one.cancel();
    going.delete(camera);
    return clips.request({
      id: one.id,
      passId: null,
      camera,
      from: one.startedAt,
      to: clock.wallMs(),
      kind: "manual",
    });
  }
}
