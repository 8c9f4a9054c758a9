import { lookAlikes } from "./look-alikes.js";
import { MOST_CHARACTERS } from "./plate.js";
import { accepts, isExact, overlap } from "./plate-pattern.js";
import type { AccessRule } from "./records.js";
import { ruleProblems } from "./rule-activity.js";

export interface RuleFinding {
  /** `refuse`: the rule must not be saved; `note`: worth knowing. */
  severity: "refuse" | "note";
  sentence: string;
  /** The rule it collides with; null when it is wrong by itself. */
  otherId: string | null;
}

/**
 * Looks at a rule that is to be saved beside the others. A rule that could let a listed other plate in, one that is
 * denied or belongs to somebody else, is refused and the other one named. A deny rule is never refused for a collision.
 */
export function auditRule(rule: AccessRule, rules: readonly AccessRule[]): readonly RuleFinding[] {
  const findings: RuleFinding[] = ruleProblems(rule).map((problem) => ({
    severity: "refuse",
    sentence: `${rule.plate || "The rule"} cannot be saved: ${problem}.`,
    otherId: null,
  }));
  if (findings.length > 0) return findings;
  const characters = rule.plate.replaceAll("*", "").length;
  if (characters > MOST_CHARACTERS)
    findings.push({
      severity: "note",
      sentence: `${rule.plate} has ${characters} characters; of a plate ${MOST_CHARACTERS} are read at most, so this rule meets none.`,
      otherId: null,
    });
  for (const other of rules) {
    if (other.id === rule.id) continue;
    const finding = collision(rule, other);
    // A broken rule lets nobody in; looked at last, because lists are long and collisions rare.
    if (finding !== null && ruleProblems(other).length === 0) findings.push(finding);
  }
  return findings;
}

/**
 * Whether two rules say the same of the same plate for the same owner. Uses left, group and note may differ: uses are
 * counted down, and a visitor pass that is used up is still the one that was given out.
 */
export function isSameRule(a: AccessRule, b: AccessRule): boolean {
  return (
    a.plate === b.plate &&
    a.effect === b.effect &&
    a.direction === b.direction &&
    a.tolerance === b.tolerance &&
    a.antiPassback === b.antiPassback &&
    a.owner.trim() === b.owner.trim() &&
    a.validFrom.trim() === b.validFrom.trim() &&
    a.validTo.trim() === b.validTo.trim() &&
    a.schedule.trim().toLowerCase() === b.schedule.trim().toLowerCase()
  );
}

/** Every text that, read with certainty, would be taken for the plate; the plate itself is not among them. */
export function misreadsAccepted(rule: Pick<AccessRule, "plate" | "tolerance">): readonly string[] {
  let texts: { text: string; used: number }[] = [{ text: "", used: 0 }];
  for (const c of rule.plate) {
    texts = texts.flatMap(({ text, used }) => [
      { text: text + c, used },
      ...(used < rule.tolerance
        ? lookAlikes(c).map((other) => ({ text: text + other, used: used + 1 }))
        : []),
    ]);
  }
  return texts.map((t) => t.text).filter((text) => text !== rule.plate);
}

function collision(rule: AccessRule, other: AccessRule): RuleFinding | null {
  const found = (severity: RuleFinding["severity"], sentence: string): RuleFinding => ({
    severity,
    sentence,
    otherId: other.id,
  });
  const sameOwner = rule.owner !== "" && rule.owner === other.owner;
  const bothDeny = rule.effect === "deny" && other.effect === "deny";
  if (bothDeny || (rule.effect === "allow" && other.effect === "allow" && sameOwner)) {
    if (!isSameRule(rule, other)) return null;
    const count = rule.usesLeft === null ? "" : ", and the uses of both count";
    return found(
      "note",
      `${name(rule)}${ownerOf(rule)} is on the ${rule.effect} list twice; the other rule is ${other.id}${count}.`,
    );
  }
  const bothPlain = !isWide(rule) && !isWide(other);
  const shared = bothPlain
    ? rule.plate === other.plate
      ? rule.plate
      : null
    : overlap(patternOf(rule), patternOf(other));
  if (shared === null) return nearMiss(rule, other);
  const wide = isWide(rule);
  const otherWide = isWide(other);
  if (rule.effect === "deny")
    return found("note", `${name(rule)} also denies what ${name(other)} allows; deny wins.`);
  if (!wide && !otherWide) {
    return other.effect === "deny"
      ? found("note", `${rule.plate} is on the deny list as well${ownerOf(other)}; deny wins.`)
      : found("refuse", `${rule.plate} is listed already${ownerOf(other)}; change that rule instead.`);
  }
  if (other.effect === "deny" && !wide)
    return found("note", `${rule.plate} is denied by ${name(other)}${ownerOf(other)}; deny wins.`);
  const whose =
    other.effect === "deny" ? "which is denied" : `which belongs to ${other.owner || "somebody else"}`;
  if (wide)
    return found(
      "refuse",
      `${name(rule)} could let ${isExact(other.plate) ? other.plate : shared} in, ${whose}; ${advice(rule)}.`,
    );
  return found(
    "refuse",
    `${name(other)}${ownerOf(other)} could let ${rule.plate} in; ${advice(other)} there before this one is saved.`,
  );
}

/** Plates that differ by one look-alike are not refused, but people should know that a reader has to tell them apart. */
function nearMiss(rule: AccessRule, other: AccessRule): RuleFinding | null {
  if (rule.effect === other.effect || rule.plate.length !== other.plate.length) return null;
  if (!isExact(rule.plate) || !isExact(other.plate)) return null;
  if (!accepts({ text: other.plate, tolerance: other.tolerance + 1 }, rule.plate)) return null;
  const [denied, allowed] = rule.effect === "deny" ? [rule, other] : [other, rule];
  return {
    severity: "note",
    sentence: `${denied.plate} (denied) and ${allowed.plate} (allowed) look alike; a doubtful reading will ask instead of opening.`,
    otherId: other.id,
  };
}

function isWide(rule: AccessRule): boolean {
  return rule.tolerance > 0 || !isExact(rule.plate);
}

function name(rule: AccessRule): string {
  return rule.tolerance > 0 ? `${rule.plate} with tolerance ${rule.tolerance}` : rule.plate;
}

function ownerOf(rule: AccessRule): string {
  return rule.owner === "" ? "" : ` (${rule.owner})`;
}

function advice(rule: AccessRule): string {
  return rule.tolerance > 0 ? "lower the tolerance" : "make the pattern narrower";
}

function patternOf(rule: AccessRule): { text: string; tolerance: number } {
  return { text: rule.plate, tolerance: rule.tolerance };
}
