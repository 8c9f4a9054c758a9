import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import type { AuditRepository, RuleRepository } from "../core/repositories.js";

/** The rules, with every change of them in the chained log of changes, under the name of who is logged in here. */
export function auditedRules(
  rules: RuleRepository,
  audit: AuditRepository,
  wallMs: () => number,
): RuleRepository {
  return {
    all: () => rules.all(),
    use: (id) => rules.use(id),
    async save(rule) {
      await rules.save(rule);
      await note("rule.save", rule.plate, rule);
    },
    async remove(id) {
      const rule = (await rules.all()).find((r) => r.id === id);
      const isGone = await rules.remove(id);
      if (isGone) await note("rule.remove", rule?.plate ?? id, rule ?? { id });
      return isGone;
    },
  };

  function note(action: string, subject: string, detail: object): Promise<void> {
    const actor = `${userInfo().username} (command line)`;
    return audit.add({
      id: randomUUID(),
      at: Math.round(wallMs()),
      actor,
      action,
      subject,
      detail: JSON.stringify(detail),
    });
  }
}
