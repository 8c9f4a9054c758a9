import { type Calendar, compareMoment, parseMoment } from "./local-time.js";
import type { AccessRule } from "./records.js";
import { isInside, parseSchedule } from "./schedule.js";

export type InactiveReason =
  | "rule-broken"
  | "not-yet-valid"
  | "expired"
  | "outside-schedule"
  | "wrong-direction"
  | "no-uses-left"
  | "clock-untrusted";

export interface Inactive {
  reason: InactiveReason;
  sentence: string;
}

/** What of a rule cannot be understood; one sentence each. A rule with problems lets nobody in. */
export function ruleProblems(rule: AccessRule): readonly string[] {
  const problems: string[] = [];
  if (rule.plate === "") problems.push("the plate is empty");
  else if (/^[?*]*$/.test(rule.plate))
    problems.push(`the pattern ${rule.plate} names no character and would mean every plate`);
  else if (!/^[A-Z0-9?*]{1,16}$/.test(rule.plate))
    problems.push(`the plate “${rule.plate}” has other signs than A-Z, 0-9, ? and *, or more than 16`);
  if (!Number.isInteger(rule.tolerance) || rule.tolerance < 0 || rule.tolerance > MOST_TOLERANCE)
    problems.push(`the tolerance ${rule.tolerance} is not 0 to ${MOST_TOLERANCE}`);
  if (rule.usesLeft !== null && !(Number.isInteger(rule.usesLeft) && rule.usesLeft >= 0))
    problems.push(`the number of uses ${rule.usesLeft} is not a whole number`);
  for (const [name, text, side] of [
    ["start", rule.validFrom, "from"],
    ["end", rule.validTo, "to"],
  ] as const) {
    if (text !== "" && parseMoment(text, side) === null)
      problems.push(`the ${name} of validity “${text}” is no date; write 2026-03-01 or 2026-03-01 18:30`);
  }
  if (endsBeforeItBegins(rule))
    problems.push(`its validity ends (${rule.validTo}) before it begins (${rule.validFrom})`);
  const schedule = parseSchedule(rule.schedule);
  if ("problem" in schedule) problems.push(schedule.problem);
  return problems;
}

function endsBeforeItBegins({ validFrom, validTo }: AccessRule): boolean {
  const [from, to] = [parseMoment(validFrom, "from"), parseMoment(validTo, "to")];
  if (from === null || to === null) return false;
  // A local time and an absolute one are compared nowhere but at the gate.
  if ("local" in from && "local" in to) return to.local < from.local;
  return "wallMs" in from && "wallMs" in to && to.wallMs < from.wallMs;
}

export const MOST_TOLERANCE = 3;

export interface Circumstances {
  wallMs: number;
  clockTrusted: boolean;
  /** What the vehicle wants. */
  wants: "entry" | "exit" | "unknown";
}

/** Why the rule does not count now; null: it counts. */
export function inactiveBecause(rule: AccessRule, now: Circumstances, calendar: Calendar): Inactive | null {
  const problems = ruleProblems(rule);
  if (problems.length > 0)
    return { reason: "rule-broken", sentence: `its rule is inactive: ${problems.join("; ")}` };
  const timed = rule.validFrom !== "" || rule.validTo !== "" || rule.schedule !== "";
  if (timed && !now.clockTrusted)
    return {
      reason: "clock-untrusted",
      sentence: "its rule has dates or hours, and the clock cannot be trusted yet",
    };
  if (timed) {
    const local = calendar.local(now.wallMs);
    const at = { wallMs: now.wallMs, local };
    const from = rule.validFrom === "" ? null : parseMoment(rule.validFrom, "from");
    const to = rule.validTo === "" ? null : parseMoment(rule.validTo, "to");
    if (from !== null && compareMoment(at, from) < 0)
      return { reason: "not-yet-valid", sentence: `its rule is valid from ${rule.validFrom}` };
    if (to !== null && compareMoment(at, to) > 0)
      return { reason: "expired", sentence: `its rule was valid until ${rule.validTo}` };
    const schedule = parseSchedule(rule.schedule);
    if ("windows" in schedule && !isInside(schedule.windows, local))
      return { reason: "outside-schedule", sentence: `it is outside its hours (${rule.schedule})` };
  }
  if (rule.direction !== "any" && rule.direction !== now.wants)
    return { reason: "wrong-direction", sentence: `its rule is for ${rule.direction} only` };
  if (rule.usesLeft === 0) return { reason: "no-uses-left", sentence: "its visitor pass is used up" };
  return null;
}
