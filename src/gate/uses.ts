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
  /** By rule: the store's figure when it was looked at last, and the uses that this figure does not know of yet. */
  const spent = new Map<string, { seen: number; pending: number }>();
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
        const left = Math.max(0, rule.usesLeft - pendingOf(rule.id, rule.usesLeft));
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
      spent.set(rule.id, { seen: rule.usesLeft, pending: pendingOf(rule.id, rule.usesLeft) + 1 });
      return true;
    },
    giveBack(ruleId) {
      givenBack.set(ruleId, (givenBack.get(ruleId) ?? 0) + 1);
      of = null;
    },
  };

  /** A lower figure has counted as many uses as it is lower by, and perhaps not all; with a higher one somebody has given more. */
  function pendingOf(ruleId: string, figure: number): number {
    const known = spent.get(ruleId);
    if (known === undefined) return 0;
    const pending = figure > known.seen ? 0 : Math.max(0, known.pending - (known.seen - figure));
    spent.set(ruleId, { seen: figure, pending });
    return pending;
  }
}
