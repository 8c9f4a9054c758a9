import type { AccessRule } from "../core/records.js";

export interface Uses {
  /** The rules with the uses that the store has not counted yet taken off. */
  applied(rules: readonly AccessRule[]): readonly AccessRule[];
  /** True when the store has to count it too; false: it has counted a use that was given back since. */
  spend(rule: AccessRule): boolean;
  /** The vehicle did not get in after all: its use, which the store has counted, is the next one's. */
  giveBack(ruleId: string): void;
}

/**
 * Counts visitor passes in memory at once: the store counts them too, but a moment later, and two vehicles in that
 * moment must not both use the last one.
 */
export function createUses(): Uses {
  const spent = new Map<string, { seen: number; left: number }>();
  const givenBack = new Map<string, number>();
  let of: readonly AccessRule[] | null = null;
  let result: readonly AccessRule[] = [];
  return {
    applied(rules) {
      if (spent.size === 0 && givenBack.size === 0) return rules;
      if (of === rules) return result;
      of = rules;
      result = rules.map((rule) => {
        if (rule.usesLeft === null) return rule;
        const known = spent.get(rule.id);
        // Another figure than the one it was spent from: the store has counted, or somebody has given more.
        const left = known === undefined || rule.usesLeft !== known.seen ? rule.usesLeft : known.left;
        return { ...rule, usesLeft: left + (givenBack.get(rule.id) ?? 0) };
      });
      return result;
    },
    spend(rule) {
      if (rule.usesLeft === null) return false;
      of = null;
      const back = givenBack.get(rule.id) ?? 0;
      if (back > 1) givenBack.set(rule.id, back - 1);
      else givenBack.delete(rule.id);
      if (back > 0) return false;
      const known = spent.get(rule.id);
      const seen = rule.usesLeft;
      const before = known !== undefined && known.seen === seen ? known.left : seen;
      spent.set(rule.id, { seen, left: Math.max(0, before - 1) });
      return true;
    },
    giveBack(ruleId) {
      givenBack.set(ruleId, (givenBack.get(ruleId) ?? 0) + 1);
      of = null;
    },
  };
}
