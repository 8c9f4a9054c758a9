import type { AccessRule } from "../../core/records.js";
import type { RuleRepository } from "../../core/repositories.js";
import type { Sync } from "../sql/sync.js";
import type { Journal } from "./journal.js";

/** Access rules in a JSON store. */
export function createJsonRules(journal: Journal): Sync<RuleRepository> {
  const rules = journal.table<AccessRule>("access_rule");
  return {
    all: () => [...rules.all()],
    save(rule) {
      if (rule.tolerance < 0 || rule.tolerance > 3) throw new RangeError("tolerance has to be 0 to 3");
      const old = rules.get(rule.id);
      rules.put(rule.id, { ...rule, createdAt: old?.createdAt ?? rule.createdAt });
    },
    remove: (id) => rules.drop(id),
    use(id) {
      const rule = rules.get(id);
      if (rule === undefined || rule.usesLeft === 0) return false;
      if (rule.usesLeft !== null) rules.put(id, { ...rule, usesLeft: rule.usesLeft - 1 });
      return true;
    },
  };
}
