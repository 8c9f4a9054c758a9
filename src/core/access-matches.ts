import type { AccessRequest } from "./access.js";
import type { Candidate } from "./plate.js";
import { accepts, chanceOfBeginning, createMatcher, isExact } from "./plate-pattern.js";
import type { AccessRule } from "./records.js";

/** A rule and the probability that the plate is one it means. */
export interface Match {
  rule: AccessRule;
  chance: number;
}

/** Below this a rule has nothing to say to the evidence. */
const NOTHING = 1e-4;

/** A list of rules by what has to be looked at: plates by their beginning, and what any plate might meet. */
interface Index {
  plates: Map<string, number[]>;
  others: number[];
}

/** Characters that plates are told apart by before they are looked at. */
const BEGINNING = 2;

const indexes = new WeakMap<readonly AccessRule[], Index>();

/** The rules that have something to say to a request, in their order. */
export function matchesOf(request: AccessRequest, rules: readonly AccessRule[]): Match[] {
  // The positions know nothing of dirt that spoils them all; the calibrated figure does. Never trust more than both.
  const chanceOf = createMatcher(request.evidence);
  const asRead = chanceOf({ text: request.plate, tolerance: 0 });
  const trust = asRead > 0 ? Math.min(1, request.probability / asRead) : 0;
  const matches: Match[] = [];
  for (const at of worthALook(request, rules)) {
    const rule = rules[at]!;
    const raw = chanceOf({ text: rule.plate, tolerance: rule.tolerance });
    let chance = raw * trust;
    // The vote weighs whole texts as well, longer and shorter ones too; it may know better, of denied plates in any case.
    if (rule.effect === "deny") chance = Math.max(chance, chanceAmong(request.candidates, rule));
    else if (isExact(rule.plate) && rule.tolerance === 0)
      chance = request.candidates.find((c) => c.text === rule.plate)?.probability ?? chance;
    if (chance >= NOTHING) matches.push({ rule, chance: Math.min(1, chance) });
  }
  return matches;
}

/** Probability that the plate is one of those candidates that the rule means. */
function chanceAmong(candidates: readonly Candidate[], { plate, tolerance }: AccessRule): number {
  const isPlain = tolerance === 0 && isExact(plate);
  const isMeant = (text: string) => (isPlain ? text === plate : accepts({ text: plate, tolerance }, text));
  return candidates.reduce((sum, c) => (isMeant(c.text) ? sum + c.probability : sum), 0);
}

/** Places in the list, ascending: long lists are mostly plates that begin quite otherwise, and the gate waits. */
function worthALook(request: AccessRequest, rules: readonly AccessRule[]): number[] {
  const { plates, others } = indexOf(rules);
  const named = new Set(request.candidates.map((c) => c.text.slice(0, BEGINNING)));
  const places = [...others];
  for (const [beginning, some] of plates)
    if (named.has(beginning) || chanceOfBeginning(beginning, request.evidence) >= NOTHING)
      for (const at of some) places.push(at);
  return places.sort((a, b) => a - b);
}

function indexOf(rules: readonly AccessRule[]): Index {
  const known = indexes.get(rules);
  if (known !== undefined) return known;
  const index: Index = { plates: new Map(), others: [] };
  rules.forEach(({ plate, tolerance }, at) => {
    const beginning = plate.slice(0, BEGINNING);
    const same = index.plates.get(beginning);
    if (tolerance > 0 || plate.length < BEGINNING || !isExact(plate)) index.others.push(at);
    else if (same === undefined) index.plates.set(beginning, [at]);
    else same.push(at);
  });
  indexes.set(rules, index);
  return index;
}

/** The likeliest of those wanted; null: none is. */
export function bestOf(matches: readonly Match[], wanted: (match: Match) => boolean): Match | null {
  let best: Match | null = null;
  for (const match of matches)
    if (wanted(match) && (best === null || match.chance > best.chance)) best = match;
  return best;
}
