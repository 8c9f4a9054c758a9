import { randomUUID } from "node:crypto";
import type { AuditRepository, RuleRepository } from "../core/repositories.js";
import { userName } from "../system/user.js";

/** Writes what somebody did on the command line into the chained log of changes, under the name of who is logged in here. */
export function commandLineLog(audit: AuditRepository, wallMs: () => number) {
  return (action: string, subject: string, detail: object): Promise<void> =>
    audit.add({
      id: randomUUID(),
      at: Math.round(wallMs()),
      actor: `${userName()} (command line)`,
      action,
      subject,
      detail: JSON.stringify(detail),
    });
}

/** The rules, with every change of them in that log. */
export function auditedRules(
  rules: RuleRepository,
  audit: AuditRepository,
  wallMs: () => number,
): RuleRepository {
  const note = commandLineLog(audit, wallMs);
  return {
    all: () => rules.all(),
    use: (id, useId) => rules.use(id, useId),
    giveBack: (useId, isBack) => rules.giveBack(useId, isBack),
    settleUses: () => rules.settleUses(),
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
}
