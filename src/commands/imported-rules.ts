import type { AccessRule } from "../core/records.js";
import { createRuleIndex } from "../core/rule-index.js";
import { auditRule } from "../core/rules-audit.js";

/**
 * What the audit says of rules that an import has put among the others as they were: an export has to come back whole, so
 * none is refused, but whoever imports has to hear of what could let the wrong one in. `warnings`: one sentence for each
 * rule that is wrong by itself and each two that collide; `notes`: how many it would only have noted.
 */
export function auditImported(
  all: readonly AccessRule[],
  imported: ReadonlySet<string>,
): { warnings: readonly string[]; notes: number } {
  const index = createRuleIndex(all);
  const warned = new Map<string, string>();
  const noted = new Set<string>();
  for (const rule of all) {
    if (!imported.has(rule.id)) continue;
    for (const { severity, sentence, otherId } of auditRule(rule, index.near(rule))) {
      // Two rules that are both imported are looked at from either side.
      const about = otherId === null ? `${rule.id} ${sentence}` : [rule.id, otherId].sort().join(" ");
      if (severity === "note") noted.add(about);
      else if (!warned.has(about)) warned.set(about, sentence);
    }
  }
  const notes = [...noted].filter((about) => !warned.has(about)).length;
  return { warnings: [...warned.values()], notes };
}
