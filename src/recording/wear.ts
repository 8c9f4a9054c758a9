import type { WearRepository } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";

export interface WearStatus {
  /** UTC date. */
  day: string;
  /** Bytes written today, by subsystem. */
  bytes: Readonly<Record<string, number>>;
  totalBytes: number;
  /** 0: no limit. */
  limitBytes: number;
  /** Over the budget: video rests and only pictures are kept, until the day is over. */
  isOver: boolean;
}

export interface WearParts {
  repository: WearRepository;
  /** Bytes each subsystem has written since its start; only ever grows. */
  sources: Readonly<Record<string, () => number>>;
  limitBytes: number;
  clock: Clock;
  log: Log;
}

export interface Wear {
  /** Takes up what was written earlier today and counts on, once a minute. */
  start(): Promise<void>;
  /** Counts now. */
  count(): Promise<void>;
  status(): WearStatus;
  /** Called when the budget is used up (true) and when a new day begins (false). */
  onOver(listener: (isOver: boolean) => void): void;
  close(): Promise<void>;
}

const EVERY_MS = 60_000;

/** Counts what is written to the card each day; a card dies of writing. */
export function createWear({ repository, sources, limitBytes, clock, log }: WearParts): Wear {
  const listeners: ((isOver: boolean) => void)[] = [];
  const seen: Record<string, number> = {};
  let day = dayOf(clock.wallMs());
  let bytes: Record<string, number> = {};
  let isOver = false;
  let isClosed = false;
  let cancel = () => {};

  return {
    async start() {
      for (const entry of await repository.since(day))
        if (entry.day === day) bytes[entry.subsystem] = entry.bytes;
      judge();
      cancel();
      if (!isClosed) cancel = clock.after(EVERY_MS, tick);
    },
    count,
    status: () => ({ day, bytes, totalBytes: total(), limitBytes, isOver }),
    onOver(listener) {
      listeners.push(listener);
    },
    async close() {
      isClosed = true;
      cancel();
      await count();
    },
  };

  function tick(): void {
    void count();
    cancel = clock.after(EVERY_MS, tick);
  }

  async function count(): Promise<void> {
    const today = dayOf(clock.wallMs());
    if (today !== day) {
      day = today;
      bytes = {};
    }
    const entries = Object.entries(sources).flatMap(([subsystem, read]) => {
      const grown = Math.max(0, read() - (seen[subsystem] ?? 0));
      return grown === 0 ? [] : [{ day, subsystem, bytes: grown }];
    });
    for (const entry of entries) {
      seen[entry.subsystem] = (seen[entry.subsystem] ?? 0) + entry.bytes;
      bytes = { ...bytes, [entry.subsystem]: (bytes[entry.subsystem] ?? 0) + entry.bytes };
    }
    judge();
    if (entries.length > 0) await repository.add(entries).catch(() => {});
  }

  function judge(): void {
    const over = limitBytes > 0 && total() >= limitBytes;
    if (over === isOver) return;
    isOver = over;
    if (over)
      log.warn(
        { bytes: total(), limitBytes },
        "Today's writing budget is used up: video rests until midnight UTC, pictures are kept.",
      );
    else log.info({}, "A new day: video is recorded again.");
    for (const listener of listeners) listener(over);
  }

  function total(): number {
    return Object.values(bytes).reduce((n, b) => n + b, 0);
  }
}

function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}
