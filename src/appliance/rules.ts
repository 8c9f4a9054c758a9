import type { AccessRule } from "../core/records.js";
import type { RuleRepository } from "../core/repositories.js";
import type { Log } from "../system/log.js";

export interface RuleBook {
  /** The rules as they are now; the same array until they change. */
  rules(): readonly AccessRule[];
  /** Reads them anew; keeps what it has when the store does not answer. */
  reload(): Promise<void>;
  /** A visitor pass was used. */
  use(ruleId: string): void;
}

/** The rules in memory, where the decision looks: the store is asked only when they have changed. */
export function createRuleBook(repository: RuleRepository, fixed: readonly AccessRule[], log: Log): RuleBook {
  let rules = fixed;

  return {
    rules: () => rules,
    reload,
    use(ruleId) {
      repository
        .use(ruleId)
        .then(reload)
        .catch((error) =>
          log.error({ ruleId, error: String(error) }, "The use of a visitor pass could not be counted."),
        );
    },
  };

  async function reload(): Promise<void> {
    try {
      rules = [...fixed, ...(await repository.all())];
    } catch (error) {
      log.error(
        { error: String(error) },
        "The access rules could not be read; the ones in memory stay in force.",
      );
    }
  }
}
