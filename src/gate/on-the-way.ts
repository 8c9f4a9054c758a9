import type { OpenPass } from "../core/pass.js";
import type { Gate } from "./gate-types.js";
import type { Grants } from "./grants.js";

/**
 * Vehicles out of view that may yet reach the loop that the gate waits for: their passes end with their grants, so that a
 * lift which is given then still counts.
 */
export interface OnTheWay {
  /** Takes over a pass whose grant waits for its vehicle; false: none does, and the pass is over. */
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
  gate: Pick<Gate, "subscribe">;
  grants: Pick<Grants, "progress">;
  end: (pass: OpenPass) => void;
}): OnTheWay {
  const passes = new Map<string, OpenPass>();
  const unsubscribe = deps.gate.subscribe(look);
  return {
    take(pass) {
      if (deps.grants.progress(pass.id) !== "waiting") return false;
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
      const progress = deps.grants.progress(pass.id);
      if (progress !== "waiting" && progress !== "lifting") finish(pass);
    }
  }

  function finish(pass: OpenPass): void {
    passes.delete(pass.id);
    deps.end(pass);
  }
}
