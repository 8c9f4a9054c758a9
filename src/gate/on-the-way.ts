import type { OpenPass } from "../core/pass.js";
import type { Gate } from "./gate-types.js";
import type { Grants } from "./grants.js";

/**
 * Vehicles out of view that may yet reach the loop that the gate waits for, or for which the arm still rises: their passes
 * end with their grants, so that a lift which is given then counts, and one that comes to nothing does not.
 */
export interface OnTheWay {
  /** Takes over a pass whose grant is still to come to something; false: it has none such, and is over. */
  take(pass: OpenPass): boolean;
  all(): readonly OpenPass[];
  /** The plate is in view again, as the pass `seenAs`, which stands for the vehicle from now on. */
  back(plate: string, seenAs: string): void;
  /** Ends those whose grants have come to something, or to nothing. */
  look(): void;
  close(): void;
}

/** Built after `grants`: it has to hear of the barrier first. `end` ends a pass. */
export function createOnTheWay(deps: {
  gate: Pick<Gate, "state" | "subscribe">;
  grants: Pick<Grants, "progress">;
  end: (pass: OpenPass) => void;
}): OnTheWay {
  const passes = new Map<string, OpenPass>();
  const unsubscribe = deps.gate.subscribe(look);
  return {
    take(pass) {
      if (!isOnItsWay(pass)) return false;
      passes.set(pass.id, pass);
      return true;
    },
    all: () => [...passes.values()],
    back(plate, seenAs) {
      for (const pass of passes.values())
        if (pass.id !== seenAs && pass.decision?.plate === plate) finish(pass);
    },
    look,
    close() {
      unsubscribe();
      for (const pass of passes.values()) finish(pass);
    },
  };

  function look(): void {
    for (const pass of passes.values()) {
      if (!isOnItsWay(pass)) finish(pass);
    }
  }

  function isOnItsWay({ id }: OpenPass): boolean {
    const progress = deps.grants.progress(id);
    // Contacts that contradict each other say nothing of the lift until somebody has mended them.
    return progress === "waiting" || (progress === "lifting" && deps.gate.state().cause !== "contacts");
  }

  function finish(pass: OpenPass): void {
    passes.delete(pass.id);
    deps.end(pass);
  }
}
