import type { AccessDecision } from "../core/access.js";
import { type OpenPass, type PassesState, passDefaults } from "../core/pass.js";
import type { GateAnswer } from "./gate-types.js";
import { answerSentence } from "./sentences.js";

/** A vehicle that was not seen for longer than this is not at the gate any more: an answer for it comes too late. */
const STILL_THERE_MS = passDefaults.joinMs;

/**
 * The open question that a person answers, or why there is none. Only a vehicle that stands there now, and only a pass that
 * the rules left open: an answer that comes late, twice, or after the rules have decided opens nothing.
 */
export function openQuestion(
  passes: PassesState,
  passId: string,
  nowMs: number,
): { pass: OpenPass; decision: AccessDecision } | GateAnswer {
  const no = (reason: "gone" | "not-asked", more = ""): GateAnswer => ({
    accepted: false,
    reason,
    sentence: `${answerSentence(reason)}${more}`,
  });
  const pass = passes.find((p) => p.id === passId);
  if (pass === undefined) return no("gone");
  const ageMs = nowMs - pass.lastFrameAtMs;
  if (pass.alive.length === 0 || !(ageMs >= 0 && ageMs <= STILL_THERE_MS)) return no("gone");
  const { decision } = pass;
  if (decision === null) return no("not-asked", " It is still being read.");
  // No plate in these sentences: they go out on a topic where plates may have to be masked.
  if (decision.verdict === "granted") return no("not-asked", " It has been let in.");
  if (decision.verdict === "denied")
    return no("not-asked", pass.answered ? " It was refused already." : " The rules have refused it.");
  return { pass, decision };
}
