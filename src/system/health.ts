import { statfs } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "./clock.js";

export type HealthState = "good" | "warning" | "bad" | "unknown";

/** How one part is, and when it is not well, what to do about it. */
export interface Condition {
  state: HealthState;
  sentence: string;
}

export interface HealthEntry extends Condition {
  part: string;
  name: string;
  /** Wall ms since when the state is this one. */
  sinceAt: number;
}

export interface Health {
  /** Asks every part now; cheap enough for every page refresh. */
  list(): readonly HealthEntry[];
  worst(): HealthState;
}

/** Collects what the parts say of themselves and remembers since when. */
export function createHealth(
  clock: Clock,
  parts: readonly { part: string; name: string; read: () => Condition }[],
): Health {
  const since = new Map<string, { state: HealthState; at: number }>();

  function list(): HealthEntry[] {
    return parts.map(({ part, name, read }) => {
      const condition = safely(read);
      const before = since.get(part);
      const entry =
        before?.state === condition.state ? before : { state: condition.state, at: clock.wallMs() };
      since.set(part, entry);
      return { part, name, ...condition, sinceAt: entry.at };
    });
  }

  return {
    list,
    worst: () =>
      list().reduce((worst, e) => (rank[e.state] > rank[worst] ? e.state : worst), "good" as HealthState),
  };
}

const rank: Record<HealthState, number> = { good: 0, unknown: 1, warning: 2, bad: 3 };

/** A part that throws when asked how it is, is not well; asking must never harm the gate. */
function safely(read: () => Condition): Condition {
  try {
    return read();
  } catch (error) {
    return { state: "bad", sentence: `It does not answer: ${(error as Error).message}` };
  }
}

/** Free space of the card that holds `folder`, looked up every 10 s off the hot path. */
export function watchDisk(folder: string, minFreeBytes: number, clock: Clock) {
  let freeBytes = Number.NaN;
  let problem = "";
  let isClosed = false;
  let cancel = () => {};
  const look = async () => {
    try {
      const card = await statfs(folder);
      freeBytes = card.bavail * card.bsize;
      problem = "";
    } catch (error) {
      problem = (error as Error).message;
    }
    cancel();
    if (!isClosed) cancel = clock.after(10_000, look);
  };
  return {
    start: look,
    freeBytes: () => freeBytes,
    read(): Condition {
      if (problem !== "") return { state: "bad", sentence: `${folder} cannot be looked at: ${problem}.` };
      if (Number.isNaN(freeBytes)) return { state: "unknown", sentence: "Not looked at yet." };
      const free = `${(freeBytes / 1e9).toFixed(1)} GB free`;
      if (freeBytes < minFreeBytes)
        return {
          state: "warning",
          sentence: `${free}; below ${minFreeBytes / 1e9} GB the oldest video goes.`,
        };
      return { state: "good", sentence: `${free}.` };
    },
    close() {
      isClosed = true;
      cancel();
    },
  };
}

/** Lateness of the event loop, which is what an input edge would have to wait. */
export function watchLoop() {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  return {
    /** 99th percentile and maximum since the last call, in ms. */
    take() {
      const figures = { p99Ms: histogram.percentile(99) / 1e6, maxMs: histogram.max / 1e6 };
      histogram.reset();
      return figures;
    },
    close: () => histogram.disable(),
  };
}
