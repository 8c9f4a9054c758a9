import type { PassRecord } from "../core/records.js";
import type { Clock } from "../system/clock.js";

export interface ReadRate {
  /** A pass as it was kept; those that have not ended, and those that are older than a day, are none. */
  saw(pass: Pick<PassRecord, "endedAt" | "probability">): void;
  /** Share of the last day's passes whose plate was read well enough to open for, 0 to 1; undefined: no pass. */
  rate(): number | undefined;
}

const DAY_MS = 86_400_000;
/** More passes than this a day are counted by the newest. */
const MOST = 5000;

/** How well the plates are read at this gate: the figure that falls when a camera is moved, dirty or blinded. */
export function createReadRate(deps: { clock: Clock; minProbability: number }): ReadRate {
  const ended: { at: number; well: boolean }[] = [];

  return {
    saw({ endedAt, probability }) {
      if (endedAt === null) return;
      ended.push({ at: endedAt, well: probability >= deps.minProbability });
      forget();
    },
    rate() {
      forget();
      if (ended.length === 0) return undefined;
      return ended.filter((pass) => pass.well).length / ended.length;
    },
  };

  function forget(): void {
    const from = deps.clock.wallMs() - DAY_MS;
    while (ended.length > MOST || (ended[0] !== undefined && ended[0].at < from)) ended.shift();
  }
}
