import type { AccessRule } from "../../core/records.js";
import type { RuleRepository } from "../../core/repositories.js";
import { MOST_USES } from "../sql/rules.js";
import type { Sync } from "../sql/sync.js";
import type { Journal } from "./journal.js";

/** Access rules in a JSON store. */
export function createJsonRules(journal: Journal): Sync<RuleRepository> {
  const rules = journal.table<AccessRule>("access_rule");
  const uses = journal.table<{ id: string; ruleId: string; isBack: boolean }>("visitor_use");
  return {
    all: () => [...rules.all()],
    save(rule) {
      if (rule.tolerance < 0 || rule.tolerance > 3) throw new RangeError("tolerance has to be 0 to 3");
      const old = rules.get(rule.id);
      rules.put(rule.id, { ...rule, createdAt: old?.createdAt ?? rule.createdAt });
    },
    remove: (id) => rules.drop(id),
    use(id, useId) {
      if (uses.get(useId) !== undefined) return true;
      const rule = rules.get(id);
      if (rule === undefined || rule.usesLeft === 0) return false;
      if (rule.usesLeft === null) return true;
      rules.put(id, { ...rule, usesLeft: rule.usesLeft - 1 });
      uses.put(useId, { id: useId, ruleId: id, isBack: false });
      if (uses.size() > MOST_USES) forgetOldest();
      return true;
    },
    giveBack(useId, isBack) {
      const use = uses.get(useId);
      if (use !== undefined) uses.put(useId, { ...use, isBack });
    },
    settleUses() {
      for (const use of [...uses.all()]) {
        const rule = rules.get(use.ruleId);
        if (use.isBack && rule !== undefined && rule.usesLeft !== null)
          rules.put(rule.id, { ...rule, usesLeft: rule.usesLeft + 1 });
        uses.drop(use.id);
      }
    },
  };

  function forgetOldest(): void {
    for (const use of uses.all()) {
      if (use.isBack) continue;
      uses.drop(use.id);
      return;
    }
  }
}
