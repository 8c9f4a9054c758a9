import type { Config } from "../config.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { type WallWatch, watchWall } from "../system/wall-watch.js";
import type { Served } from "./protocol.js";

const DAY_MS = 86_400_000;
const EVERY_MS = 600_000;
const BETWEEN_BATCHES_MS = 250;
const MAX_OFF_MS = 2 * DAY_MS;
const LAST_WALL = "last_wall";

/**
 * Removes what is too old, in small batches between which the store serves others. While the wall clock is not to be
 * believed nothing is removed: it would take everything.
 */
export function runUpkeep(parts: {
  config: Partial<Config["store"]>;
  served: Served;
  clock: Clock;
  log: Log;
}) {
  const { config, served, clock, log } = parts;
  let wall: WallWatch | null = null;
  let cancel = () => {};
  let closed = false;
  return {
    start(): void {
      cancel = clock.after(60_000, () => void round());
    },
    close(): void {
      closed = true;
      cancel();
    },
  };

  async function round(): Promise<void> {
    try {
      if (wall === null) {
        const last = await served.settings.get(LAST_WALL);
        wall = watchWall(clock, last === null ? null : Number(last), MAX_OFF_MS);
      }
      if (wall.jumped() !== 0) log.warn({}, "The clock was set; nothing is removed for its age for an hour.");
      if (wall.isSteady()) {
        await served.settings.set(LAST_WALL, String(Math.round(clock.wallMs())));
        await prune();
      }
    } catch (error) {
      log.warn({ err: (error as Error).message }, "Old rows could not be removed; it is tried again later.");
    }
    if (!closed) cancel = clock.after(EVERY_MS, () => void round());
  }

  async function prune(): Promise<void> {
    const before = (days: number) => Math.round(clock.wallMs() - days * DAY_MS);
    const limits = {
      passesBefore: before(config.passDays ?? 90),
      picturesBefore: before(config.pictureDays ?? 30),
      edgesBefore: before(config.edgeDays ?? 30),
      auditBefore: before(config.auditDays ?? 400),
    };
    while (!closed && (await served.upkeep.prune(limits)) > 0) {
      await new Promise<void>((resolve) => {
        cancel = clock.after(BETWEEN_BATCHES_MS, resolve);
      });
    }
  }
}
