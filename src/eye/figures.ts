import type { Clock } from "../system/clock.js";
import type { EyeFigures } from "./protocol.js";

/** What an eye counts between two reports. */
export interface Tally {
  frame(looked: boolean, stages: Readonly<Record<string, number>>, ageMs: number): void;
  figures(camera: EyeFigures["camera"]): EyeFigures;
}

const windowMs = 60_000;
/** At most this many times per stage are kept; at 15 frames a second it is a minute. */
const maxTimes = 1800;

/** Frame rate over the last five seconds, and the times of each stage over the last minute. */
export function createTally(clock: Clock, rssBytes: () => number = () => process.memoryUsage.rss()): Tally {
  const stages = new Map<string, { atMs: number; ms: number }[]>();
  let arrivals: number[] = [];
  let idleFrames = 0;
  let lookedFrames = 0;

  return {
    frame(looked, times, ageMs) {
      const nowMs = clock.monotonicMs();
      if (looked) lookedFrames++;
      else idleFrames++;
      arrivals.push(nowMs);
      for (const [stage, ms] of [...Object.entries(times), ["age", ageMs] as const]) {
        const list = stages.get(stage) ?? [];
        stages.set(stage, list);
        list.push({ atMs: nowMs, ms });
        if (list.length > maxTimes) list.shift();
      }
    },
    figures(camera) {
      const nowMs = clock.monotonicMs();
      arrivals = arrivals.filter((at) => nowMs - at <= 5000);
      const summary: EyeFigures["stages"] = {};
      for (const [stage, list] of stages) {
        const recent = list.filter((t) => nowMs - t.atMs <= windowMs);
        stages.set(stage, recent);
        if (recent.length === 0) continue;
        const sorted = recent.map((t) => t.ms).sort((a, b) => a - b);
        summary[stage] = { p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95) };
      }
      return {
        camera,
        fps: arrivals.length / 5,
        idleFrames,
        lookedFrames,
        stages: summary,
        rssBytes: rssBytes(),
      };
    },
  };
}

function quantile(sorted: readonly number[], q: number): number {
  const at = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  return Math.round(at * 100) / 100;
}
