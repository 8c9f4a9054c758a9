import type { AccessRule } from "../core/records.js";
import type { RuleRepository } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";

export interface RuleBookDeps {
  repository: Pick<RuleRepository, "all" | "use" | "giveBack" | "settleUses">;
  /** Rules that are in force beside those of the store. */
  fixed: readonly AccessRule[];
  clock: Clock;
  log: Log;
}

export interface RuleBook {
  /** The rules as they are now; the same array until they change. */
  rules(): readonly AccessRule[];
  /** Before a lane counts: adds what was given back before the last stop, and reads the rules. */
  start(): Promise<void>;
  /** Reads them anew. Where the store does not answer it keeps what it has, and goes on trying after this fulfils. */
  reload(): Promise<void>;
  /** A visitor pass was used. */
  use(ruleId: string, useId: string): void;
  /** A use was given back, or (false) taken by another vehicle. */
  giveBack(useId: string, isBack: boolean): void;
  close(): void;
}

const RETRY_MS = 2000;

/** The rules in memory, where the decision looks: the store is asked only when they have changed. */
export function createRuleBook({ repository, fixed, clock, log }: RuleBookDeps): RuleBook {
  let rules = fixed;
  let isTold = false;
  let closed = false;
  /** Readings that were begun, counted, and the one whose answer is in force. */
  let begun = 0;
  let inForce = 0;
  let cancelRetry = () => {};

  return {
    rules: () => rules,
    async start() {
      await repository
        .settleUses()
        .catch((error) =>
          log.error(
            { error: String(error) },
            "Uses of visitor passes that were given back wait for the next start.",
          ),
        );
      await reload();
    },
    reload,
    use(ruleId, useId) {
      repository
        .use(ruleId, useId)
        .then(reload)
        .catch((error) =>
          log.error({ ruleId, error: String(error) }, "The use of a visitor pass could not be counted."),
        );
    },
    giveBack(useId, isBack) {
      repository
        .giveBack(useId, isBack)
        .catch((error) =>
          log.error(
            { useId, isBack, error: String(error) },
            "What became of the use of a visitor pass could not be kept.",
          ),
        );
    },
    close() {
      closed = true;
      cancelRetry();
    },
  };

  async function reload(): Promise<void> {
    cancelRetry();
    const mine = ++begun;
    try {
      const stored = await repository.all();
      // Of several readings the newest knows most; an older one that answers late changes nothing and settles nothing.
      if (mine < inForce) return;
      inForce = mine;
      rules = [...fixed, ...stored];
      if (mine < begun) return;
      if (isTold) log.info({}, "The access rules could be read again.");
      isTold = false;
      cancelRetry();
    } catch (error) {
      if (closed || mine < inForce) return;
      if (!isTold)
        log.error(
          { error: String(error) },
          "The access rules could not be read; the ones in memory stay in force, and it is tried on.",
        );
      isTold = true;
      // Of several readings that fail at the same time one is tried again.
      cancelRetry();
      cancelRetry = clock.after(RETRY_MS, () => void reload());
    }
  }
}
