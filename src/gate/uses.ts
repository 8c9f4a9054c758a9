import type { AccessRule } from "../core/records.js";

export interface Uses {
  /** The rules with the uses that the store has not counted yet taken off. */
  applied(rules: readonly AccessRule[]): readonly AccessRule[];
  spend(rule: AccessRule): void;
}

/**
 * Counts visitor passes in memory at once: the store counts them too, but a moment later, and two vehicles in that
 * moment must not both use the last one.
 */
export function createUses(): Uses {
  const spent = new Map<string, { seen: number; left: number }>();
  let of: readonly AccessRule[] | null = null;
  let result: readonly AccessRule[] = [];
  return {
    applied(rules) {
      if (spent.size === 0) return rules;
      if (of === rules) return result;
      of = rules;
      result = rules.map((rule) => {
        const known = spent.get(rule.id);
        // Another figure than the one it was spent from: the store has counted, or somebody has given more.
        if (known === undefined || rule.usesLeft !== known.seen) return rule;
        return { ...rule, usesLeft: known.left };
      });
      return result;
    },
    spend(rule) {
      if (rule.usesLeft === null) return;
      const known = spent.get(rule.id);
      const seen = rule.usesLeft;
      const before = known !== undefined && known.seen === seen ? known.left : seen;
      spent.set(rule.id, { seen, left: Math.max(0, before - 1) });
      of = null;
    },
  };
}
