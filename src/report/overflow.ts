import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { OutboxPort } from "./ports.js";

export interface Overflow {
  start(): void;
  status(): { queued: number; overflowed: number };
  close(): void;
}

const LOOK_MS = 10_000;
const PAGE = 500;

/**
 * Keeps the outbox bounded: above `most` events the oldest are given up and counted. Passes and decisions
 * themselves stay in the database; only the telling of them is given up.
 */
export function createOverflow(deps: { outbox: OutboxPort; most: number; clock: Clock; log: Log }): Overflow {
  const { outbox, most, clock, log } = deps;
  let queued = 0;
  let overflowed = 0;
  let closed = false;
  let cancel = () => {};

  return {
    start: () => void look(),
    status: () => ({ queued, overflowed }),
    close() {
      closed = true;
      cancel();
    },
  };

  async function look(): Promise<void> {
    try {
      queued = await outbox.count();
      let given = 0;
      while (queued > most && !closed) {
        const oldest = await outbox.pending(0, Math.min(PAGE, queued - most));
        if (oldest.length === 0) break;
        await outbox.acknowledge(oldest.map((e) => e.seq));
        given += oldest.length;
        queued -= oldest.length;
      }
      overflowed += given;
      if (given > 0)
        log.error({ given, most }, "the outbox was full: the oldest events will not be reported");
    } catch (error) {
      log.warn({ error: (error as Error).message }, "the outbox cannot be counted");
    }
    if (!closed) cancel = clock.after(LOOK_MS, () => void look());
  }
}
