import type { Config } from "../config.js";
import type { PassRecord } from "../core/records.js";

/** The video that shows a pass, in wall ms; of one that has not ended, until `openUntil`. */
export function stretchOf(
  { startedAt, endedAt }: Pick<PassRecord, "startedAt" | "endedAt">,
  { preRollMs, postRollMs }: Pick<Config["recording"], "preRollMs" | "postRollMs">,
  openUntil = startedAt,
): { from: number; to: number } {
  return { from: startedAt - preRollMs, to: (endedAt ?? openUntil) + postRollMs };
}
