import type { Clock } from "./clock.js";

// Smaller steps are the slewing of a time server and the jitter of reading two clocks.
const JUMP_MS = 2000;
const STEADY_AFTER_MS = 3_600_000;

export interface WallWatch {
  /** How far the wall clock jumped since the last call, in ms; 0 when it just went on. */
  jumped(): number;
  /** False for an hour after a jump: ages by the wall clock are not to be believed then. */
  isSteady(): boolean;
}

/** Notices when the wall clock is set. `lastKnownWallMs`: the newest wall time known from before the start; null: none. */
export function watchWall(clock: Clock, lastKnownWallMs: number | null, maxOffMs: number): WallWatch {
  let offset = clock.wallMs() - clock.monotonicMs();
  const gap = lastKnownWallMs === null ? 0 : clock.wallMs() - lastKnownWallMs;
  // Back from 1970, or off for longer than anything is kept: maybe true, maybe a clock that is not set yet.
  let jumpedAtMs = gap < -JUMP_MS || gap > maxOffMs ? clock.monotonicMs() : Number.NEGATIVE_INFINITY;
  return {
    jumped() {
      const now = clock.wallMs() - clock.monotonicMs();
      const delta = now - offset;
      if (Math.abs(delta) < JUMP_MS) {
        offset = now;
        return 0;
      }
      offset = now;
      jumpedAtMs = clock.monotonicMs();
      return delta;
    },
    isSteady: () => clock.monotonicMs() - jumpedAtMs >= STEADY_AFTER_MS,
  };
}
