import { randomUUID } from "node:crypto";
import type { AccessRule } from "../core/records.js";

export interface Uses {
  /** The rules with the uses that the store has not counted yet taken off. */
  applied(rules: readonly AccessRule[]): readonly AccessRule[];
  /** Counts a use; null: the rule has no number of them. One that was given back is taken before the store counts another. */
  spend(rule: AccessRule): Use | null;
  /** The vehicle did not get in after all: its use, which the store has counted, is the next one's. */
  giveBack(use: Use): void;
}

export interface Use {
  id: string;
  ruleId: string;
}

/** What the store should keep of it, as `RuleRepository` does; neither may block. */
export interface StoredUses {
  use(ruleId: string, useId: string): void;
  /** A use that it has counted is given back, or (false) taken after all. */
  giveBack(useId: string, isBack: boolean): void;
}

/**
 * Counts visitor passes in memory at once: the store counts them too, but a moment later, and two vehicles in that
 * moment must not both use the last one. A use is given back only when it is known that the arm let nobody through: one whose
 * lift a restart has cut short stays counted, because nobody saw what the arm did, and one use never opens twice.
 */
export function createUses(stored?: StoredUses): Uses {
  /** By rule: the store's figure when it was looked at last, and the uses that this figure does not know of yet. */
  const spent = new Map<string, { seen: number; pending: number }>();
  const givenBack = new Map<string, readonly Use[]>();
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
        return { ...rule, usesLeft: left + (givenBack.get(rule.id)?.length ?? 0) };
      });
      return result;
    },
    spend(rule) {
      if (rule.usesLeft === null) return null;
      of = null;
      const [back, ...others] = givenBack.get(rule.id) ?? [];
      if (others.length > 0) givenBack.set(rule.id, others);
      else givenBack.delete(rule.id);
      if (back !== undefined) {
        stored?.giveBack(back.id, false);
        return back;
      }
      spent.set(rule.id, { seen: rule.usesLeft, pending: pendingOf(rule.id, rule.usesLeft) + 1 });
      const use = { id: randomUUID(), ruleId: rule.id };
      stored?.use(rule.id, use.id);
      return use;
    },
    giveBack(use) {
      givenBack.set(use.ruleId, [...(givenBack.get(use.ruleId) ?? []), use]);
      of = null;
      stored?.giveBack(use.id, true);
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
