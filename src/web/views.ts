import { z } from "zod";
import { replayDecision } from "../core/access.js";
import { ALPHABET, type Candidate, type CharEvidence } from "../core/plate.js";
import type { ClipRecord, DecisionRecord, PassRecord, PlateReadRecord } from "../core/records.js";
import type { WebDeps } from "./ports.js";

/** The pass as pages get it: with the probability of each character. */
export type PassWithChars = (pass: PassRecord) => Promise<ReturnType<typeof passView>>;

/**
 * Remembers the characters of passes that are over. A reading is thousands of numbers and comes across a thread: asked
 * for again with each page of passes it would hold up the gate's own loop.
 */
export function createPassWithChars(passes: Pick<WebDeps["passes"], "reads">, limit = 500): PassWithChars {
  const known = new Map<string, readonly number[]>();
  return async (pass) => {
    const key = `${pass.id} ${pass.plate} ${pass.frames}`;
    const chars = known.get(key) ?? charsIn(pass, await passes.reads(pass.id));
    // Not known yet is not remembered: the reading may be on its way to the store.
    if (chars !== null) known.set(key, chars);
    if (known.size > limit) known.delete(known.keys().next().value as string);
    return passView(pass, chars);
  };
}

/** The clip without the place of its file. */
export function clipView({ path: _, ...clip }: ClipRecord) {
  return clip;
}

export function charsIn(pass: PassRecord, reads: readonly PlateReadRecord[]): readonly number[] | null {
  return reads.findLast((read) => read.text === pass.plate)?.chars ?? null;
}

export function passView(pass: PassRecord, chars: readonly number[] | null) {
  const { id, site, gate, camera, trackId, startedAt, endedAt, plate, probability, direction, frames } = pass;
  const { verdict, reason, sentence, clipId, looks = null } = pass;
  const facts = {
    id,
    site,
    gate,
    camera,
    trackId,
    startedAt,
    endedAt,
    plate,
    probability,
    direction,
    frames,
  };
  return { ...facts, verdict, reason, sentence, clipId, looks, chars };
}

/** What the decision looked at; of an older record, what the reading leaves open. */
export function candidatesOf(
  decision: DecisionRecord | undefined,
  read: PlateReadRecord | undefined,
): Candidate[] {
  const kept = kepts.safeParse(parsed(decision?.evidence ?? "{}"));
  const all = kept.success ? kept.data.request.candidates : candidates(read?.evidence ?? [], 8);
  return all.filter((c) => c.probability >= 0.003).slice(0, 5);
}

const kepts = z.object({
  request: z.object({ candidates: z.array(z.object({ text: z.string(), probability: z.number() })).min(1) }),
});

/** Decides again: a decision that cannot be repeated is worth knowing of. */
export function replayOf(decision: DecisionRecord | undefined) {
  if (decision === undefined) return null;
  try {
    const { verdict, reason } = replayDecision(decision.evidence);
    return { same: verdict === decision.verdict && reason === decision.reason, verdict, reason };
  } catch {
    return null;
  }
}

/** The likeliest texts of this evidence: the winner, then one character changed at a time. */
export function candidates(evidence: CharEvidence, limit: number): Candidate[] {
  const slots = evidence.map((slot) =>
    slot
      .map((probability, k) => ({ char: ALPHABET[k]!, probability }))
      .sort((a, b) => b.probability - a.probability),
  );
  if (slots.length === 0) return [];
  const best = slots.reduce((product, slot) => product * slot[0]!.probability, 1);
  const text = (change = -1, by = 0) =>
    slots
      .map((slot, i) => slot[i === change ? by : 0]!.char)
      .join("")
      .replaceAll("-", "");
  const others = slots.flatMap((slot, i) =>
    slot.slice(1, 4).map((choice, k) => ({
      text: text(i, k + 1),
      probability: (best * choice.probability) / slot[0]!.probability,
    })),
  );
  return [{ text: text(), probability: best }, ...others.sort((a, b) => b.probability - a.probability)].slice(
    0,
    limit,
  );
}

export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
