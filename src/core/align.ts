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

/** Slots that are empty with at least this probability at the end of a reading are not aligned. */
const SURELY_EMPTY = 0.85;

/** How far a character may have moved from its own slot, in slots. */
const BAND = 4;

/** One frame's reading prepared for alignment: `logs[i][k]` is the logarithm of the doubted probability. */
export interface Slots {
  logs: readonly Float64Array[];
  /** Number of leading slots that are worth aligning; the rest is empty beyond doubt. */
  used: number;
  /** Cost of taking a slot for no character of the plate: in the middle, and at either end. */
  skip: Float64Array;
  skipAtEnd: Float64Array;
}

export function toSlots(evidence: CharEvidence): Slots {
  const classes = ALPHABET.length;
  const logs = evidence.map((row) => {
    const out = new Float64Array(classes);
    for (let k = 0; k < classes; k++) out[k] = Math.log((1 - DOUBT) * (row[k] ?? 0) + DOUBT / classes);
    return out;
  });
  let used = evidence.length;
  while (used > 0 && (evidence[used - 1]![EMPTY] ?? 0) > SURELY_EMPTY) used--;
  return withCosts(logs, used);
}

/** Weighted mean of two readings of the same text. */
export function mixSlots(a: Slots, b: Slots, shareOfB: number): Slots {
  const logs = a.logs.map((row, i) => row.map((v, k) => v + shareOfB * ((b.logs[i]?.[k] ?? v) - v)));
  return withCosts(logs, Math.max(a.used, b.used));
}

function withCosts(logs: readonly Float64Array[], used: number): Slots {
  const skip = Float64Array.from({ length: used }, (_, i) => skipCost(logs[i]![EMPTY]!, odds.extra));
  const skipAtEnd = Float64Array.from({ length: used }, (_, i) =>
    skipCost(logs[i]![EMPTY]!, odds.extraAtEnd),
  );
  return { logs, used, skip, skipAtEnd };
}

/** `slotOf[j]` is the slot that shows character j, -1 where it was lost. */
export interface Alignment {
  logLikelihood: number;
  slotOf: Int8Array;
}

/**
 * The likeliest explanation of a reading by a text: Viterbi over matching, lost and extra characters (edit alignment with
 * probabilities, Durbin et al. 1998, "Biological Sequence Analysis", chapter 4).
 */
export function align(text: readonly number[], { logs, used, skip, skipAtEnd }: Slots): Alignment {
  const m = text.length;
  const wide = used + 1;
  const band = BAND + Math.abs(m - used);
  const best = new Float64Array((m + 1) * wide).fill(Number.NEGATIVE_INFINITY);
  const step = new Uint8Array((m + 1) * wide);
  best[0] = 0;
  for (let j = 0; j <= m; j++) {
    const lost = j > 0 ? lostCost(j - 1, m) : 0;
    const character = j > 0 ? text[j - 1]! : 0;
    const skips = j === 0 || j === m ? skipAtEnd : skip;
    for (let i = Math.max(0, j - band), last = Math.min(used, j + band); i <= last; i++) {
      const at = j * wide + i;
      let top = best[at]!;
      let how = 0;
      if (j > 0 && i > 0) {
        const match = best[at - wide - 1]! + logs[i - 1]![character]!;
        if (match > top) {
          top = match;
          how = 1;
        }
      }
      if (j > 0) {
        const without = best[at - wide]! + lost;
        if (without > top) {
          top = without;
          how = 2;
        }
      }
      if (i > 0) {
        const extra = best[at - 1]! + skips[i - 1]!;
        if (extra > top) {
          top = extra;
          how = 3;
        }
      }
      best[at] = top;
      step[at] = how;
    }
  }
  const slotOf = new Int8Array(m).fill(-1);
  for (let j = m, i = used; j > 0 || i > 0; ) {
    const how = step[j * wide + i];
    if (how === 1) slotOf[--j] = --i;
    else if (how === 2) j--;
    else i--;
  }
  return { logLikelihood: best[m * wide + used]!, slotOf };
}

function lostCost(j: number, m: number): number {
  if (j === 0 || j === m - 1) return odds.lostAtEnd;
  return j === 1 || j === m - 2 ? odds.lostNextToEnd + odds.lostAtEnd / 2 : odds.lost;
}

/** A slot that belongs to no character: either it is empty, or it shows something that is not on the plate. */
function skipCost(empty: number, extra: number): number {
  return Math.max(empty, Math.log(1.0001 - Math.exp(empty)) + extra);
}
