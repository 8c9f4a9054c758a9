import { ALPHABET, type CharEvidence, EMPTY } from "./plate.js";

/** Costs of what can happen to a plate between the street and the reader, as natural logarithms of probabilities. */
const odds = {
  /** A character in the middle was lost, or one too many was seen there. */
  lost: -4.5,
  extra: -7.5,
  /** The same at either end, where plates are cut by the picture and bolts or band letters are read as characters. */
  lostAtEnd: -2.5,
  lostNextToEnd: -0.9,
  extraAtEnd: -6,
} as const;

/** Share of every probability that is spread over all characters: no single frame is ever certain. */
const DOUBT = 0.02;

/** One frame's reading prepared for alignment: `logs[i][k]` is the logarithm of the doubted probability. */
export interface Slots {
  logs: readonly Float64Array[];
  /** Number of leading slots that are worth aligning; the rest is empty beyond doubt. */
  used: number;
}

export function toSlots(evidence: CharEvidence): Slots {
  const classes = ALPHABET.length;
  const logs = evidence.map((row) => {
    const out = new Float64Array(classes);
    for (let k = 0; k < classes; k++) out[k] = Math.log((1 - DOUBT) * (row[k] ?? 0) + DOUBT / classes);
    return out;
  });
  let used = evidence.length;
  while (used > 0 && (evidence[used - 1]![EMPTY] ?? 0) > 0.98) used--;
  return { logs, used };
}

/**
 * The likeliest explanation of a reading by a text: `slotOf[j]` is the slot that shows character j, -1 where it was lost;
 * `logLikelihood` is its logarithm. Viterbi over match, lost and extra characters (edit alignment with probabilities,
 * Durbin et al. 1998, "Biological Sequence Analysis", chapter 4).
 */
export function align(
  text: readonly number[],
  { logs, used }: Slots,
): { logLikelihood: number; slotOf: number[] } {
  const m = text.length;
  const wide = used + 1;
  const best = new Float64Array((m + 1) * wide).fill(Number.NEGATIVE_INFINITY);
  const step = new Uint8Array((m + 1) * wide);
  best[0] = 0;
  for (let j = 0; j <= m; j++) {
    for (let i = 0; i <= used; i++) {
      const at = j * wide + i;
      if (j > 0 && i > 0) consider(at, best[at - wide - 1]! + logs[i - 1]![text[j - 1]!]!, 1);
      if (j > 0) consider(at, best[at - wide]! + lostCost(j - 1, m), 2);
      if (i > 0) consider(at, best[at - 1]! + skipCost(logs[i - 1]!, j === 0 || j === m), 3);
    }
  }
  const slotOf = new Array<number>(m).fill(-1);
  for (let j = m, i = used; j > 0 || i > 0; ) {
    const how = step[j * wide + i];
    if (how === 1) slotOf[--j] = --i;
    else if (how === 2) j--;
    else i--;
  }
  return { logLikelihood: best[m * wide + used]!, slotOf };

  function consider(at: number, value: number, how: number): void {
    if (value <= best[at]!) return;
    best[at] = value;
    step[at] = how;
  }
}

function lostCost(j: number, m: number): number {
  if (j === 0 || j === m - 1) return odds.lostAtEnd;
  return j === 1 || j === m - 2 ? odds.lostNextToEnd + odds.lostAtEnd / 2 : odds.lost;
}

/** A slot that belongs to no character: either it is empty, or it shows something that is not on the plate. */
function skipCost(logs: Float64Array, atEnd: boolean): number {
  const empty = logs[EMPTY]!;
  return Math.max(empty, Math.log(1.0001 - Math.exp(empty)) + (atEnd ? odds.extraAtEnd : odds.extra));
}
