import type { AccessRequest } from "./access.js";
import { createMatcher, isExact } from "./plate-pattern.js";
import type { AccessRule } from "./records.js";

/** A rule and the probability that the plate is one it means. */
export interface Match {
  rule: AccessRule;
  chance: number;
}

/** Below this a rule has nothing to say to the evidence. */
const NOTHING = 1e-4;

/** The rules that have something to say to a request, in their order. */
export function matchesOf(request: AccessRequest, rules: readonly AccessRule[]): Match[] {
  // The positions know nothing of dirt that spoils them all; the calibrated figure does. Never trust more than both.
  const chanceOf = createMatcher(request.evidence);
  const asRead = chanceOf({ text: request.plate, tolerance: 0 });
  const trust = asRead > 0 ? Math.min(1, request.probability / asRead) : 0;
  const matches: Match[] = [];
  for (const rule of rules) {
    const raw = chanceOf({ text: rule.plate, tolerance: rule.tolerance });
    let chance = raw * trust;
    if (isExact(rule.plate)) {
      const candidate = request.candidates.find((c) => c.text === rule.plate);
      // The vote weighs whole texts as well; it may know better, of a denied plate in any case.
      if (candidate !== undefined && (rule.effect === "deny" || rule.tolerance === 0))
        chance = rule.effect === "deny" ? Math.max(chance, candidate.probability) : candidate.probability;
    }
    if (chance >= NOTHING) matches.push({ rule, chance: Math.min(1, chance) });
  }
  return matches;
}

/** The likeliest of those wanted; null: none is. */
export function bestOf(matches: readonly Match[], wanted: (match: Match) => boolean): Match | null {
  let best: Match | null = null;
  for (const match of matches)
    if (wanted(match) && (best === null || match.chance > best.chance)) best = match;
  return best;
}
