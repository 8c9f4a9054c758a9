import type { OpenPass } from "../core/pass.js";
import type { AccessRule } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import { type Passages, sideDriven } from "./passages.js";
import type { Use, Uses } from "./uses.js";

export interface CountDeps {
  clock: Clock;
  cameras: ReadonlyMap<string, "entry" | "exit" | "both">;
  rules: () => readonly AccessRule[];
  passages: Passages;
  uses: Uses;
}

/** Use and passage of each pass that the barrier let through: counted once, and taken back when it did not after all. */
export interface Counts {
  has(passId: string): boolean;
  /** False: it is counted already, and that was never in doubt. */
  count(pass: OpenPass): boolean;
  /** The vehicle was seen again: which way it drives may be known by now, and with it where it went. */
  follow(pass: OpenPass): void;
  /** `isDown` false: the arm may have let it through, so it stays counted, and another lift for it counts nothing more. */
  takeBack(passId: string, isDown: boolean): void;
  /** The vehicle has gone; what is counted remains. */
  end(passId: string): void;
}

interface Counted {
  use: Use | null;
  /** The direction was known: where it went does not change any more. */
  isSettled: boolean;
  /** Its lift was broken off. */
  inDoubt?: true;
  forget: () => void;
}

export function createCounts(deps: CountDeps): Counts {
  const { passages, uses } = deps;
  const counted = new Map<string, Counted>();
  return {
    has: (passId) => counted.has(passId),
    count(pass) {
      const known = counted.get(pass.id);
      if (known !== undefined) {
        const { inDoubt, ...sure } = known;
        counted.set(pass.id, sure);
        return inDoubt === true;
      }
      if (pass.decision === null) return true;
      const { ruleId } = pass.decision;
      const rule = deps.rules().find((r) => r.id === ruleId && r.usesLeft !== null);
      counted.set(pass.id, { use: rule === undefined ? null : uses.spend(rule), ...wentBy(pass) });
      return true;
    },
    follow(pass) {
      const known = counted.get(pass.id);
      if (known === undefined || known.isSettled || pass.direction === "unknown") return;
      known.forget();
      counted.set(pass.id, { ...known, ...wentBy(pass) });
    },
    takeBack(passId, isDown) {
      const known = counted.get(passId);
      if (known !== undefined && !isDown) {
        counted.set(passId, { ...known, inDoubt: true });
        return;
      }
      counted.delete(passId);
      known?.forget();
      if (known !== undefined && known.use !== null) uses.giveBack(known.use);
    },
    end: (passId) => void counted.delete(passId),
  };

  function wentBy({ camera, direction, decision }: OpenPass): Pick<Counted, "isSettled" | "forget"> {
    const side = sideDriven(deps.cameras.get(camera) ?? "both", direction);
    const forget =
      side === null || decision === null
        ? () => {}
        : passages.remember(decision.plate, side, deps.clock.wallMs());
    return { isSettled: direction !== "unknown", forget };
  }
}
