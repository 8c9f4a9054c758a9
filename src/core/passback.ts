import type { AccessRequest } from "./access.js";
import { isExact } from "./plate-pattern.js";
import type { AccessRule } from "./records.js";

/**
 * Whether a vehicle wants the same once more, as far as the rule asks. `unclear`: it went in last, and may be coming in again
 * or want out; it is neither let in nor locked in by a guess.
 */
export function passbackOf(
  rule: AccessRule,
  request: AccessRequest,
  resetMs: number,
): "no" | "yes" | "unclear" {
  if (rule.antiPassback === "off") return "no";
  const last = request.passages[isExact(rule.plate) ? rule.plate : request.plate];
  if (last === undefined) return "no";
  const ageMs = request.wallMs - last.at;
  // A clock that was ahead for a while has remembered moments that are yet to come: they do not hold longer than others.
  if (resetMs !== 0 && Math.abs(ageMs) >= resetMs) return "no";
  if (request.wants === "unknown") return last.side === "entry" ? "unclear" : "no";
  return last.side === request.wants ? "yes" : "no";
}

export function passbackSentence(plate: string, wants: AccessRequest["wants"]): string {
  if (wants === "entry") return `${plate} is already inside and has not left.`;
  if (wants === "exit") return `${plate} has already left and has not come back.`;
  return `${plate} has not left, and it is not clear which way it drives; somebody has to decide.`;
}
