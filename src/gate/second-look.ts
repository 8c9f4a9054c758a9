import type { AccessDecision, AccessRequest } from "../core/access.js";

/**
 * Whether a grant that the barrier has not carried out still holds: rules and time move on while the vehicle stands there.
 * `made` is what it was granted for: its reading counts, a poorer one since then is no reason. Null: it may still pass.
 */
export function refusedSince(
  made: AccessRequest,
  now: AccessRequest,
  decide: (request: AccessRequest) => AccessDecision,
  pass: { answered: boolean; isCounted: boolean },
): AccessDecision | null {
  const { plate, probability, candidates, evidence, looks = {} } = made;
  const decision = decide({ ...now, plate, probability, candidates, evidence, looks });
  // What it has used up itself is no reason, nor is a question that a person has answered.
  if (pass.isCounted && (decision.reason === "no-uses-left" || decision.reason === "passback")) return null;
  const holds = decision.verdict === "granted" || (decision.verdict === "ask" && pass.answered);
  return holds ? null : decision;
}
