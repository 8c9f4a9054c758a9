import { align, mixSlots, type Slots, toSlots } from "./align.js";
import {
  ALPHABET,
  type Candidate,
  type CharEvidence,
  EMPTY,
  indices,
  type PlateRead,
  textOf,
} from "./plate.js";

/** All that was read of one track so far. Bounded, however long a car stands at the gate. */
export interface Vote {
  /** One entry for each different text that was read, with the mean of its frames' log-probabilities. */
  groups: readonly Group[];
  /** Readings that went in. */
  frames: number;
}

export interface Group {
  text: string;
  slots: Slots;
  /** Sum of the weights of its frames. */
  weight: number;
  frames: number;
}

/** What the frames say together. */
export interface Tally {
  plate: string;
  /** Probability that `plate` is right, calibrated on tracks. */
  probability: number;
  /** Best first, at most ten, with the winner. */
  candidates: readonly Candidate[];
  /** Fused character probabilities of the winner's positions. */
  evidence: CharEvidence;
  frames: number;
  /** More frames would hardly change the answer: reading may pause. */
  settled: boolean;
}

export const emptyVote: Vote = { groups: [], frames: 0 };

const MAX_GROUPS = 20;
const MAX_ANCHORS = 6;
/** Frames of one track err together (dirt, glare, a bent plate): n frames count as n / (1 + LIKENESS (n - 1)). */
const LIKENESS = 0.5;
/**
 * Weight of all frames together that is remembered: beyond it the older ones fade. A vehicle that has waited far off for an
 * hour is read in seconds once it stands near, and of whoever takes its place it is not said that it still stands there.
 */
const MEMORY = 30;
/** Below this the frames of a smudge would only vote for each other's noise. */
const LEAST_LEGIBLE = 0.4;
/** Probability that all of the candidates are wrong, whatever the frames say. */
const SOMETHING_ELSE = 0.0005;

/**
 * Takes one reading in. `novelty` 0..1 says how much of it is new: a frame of a car that has not moved since the last
 * one shows the same dirt in the same light and proves little. A reading that is hardly better than a guess is left out.
 */
export function addRead(vote: Vote, read: PlateRead, novelty = 1): Vote {
  const clear = legibility(read);
  if (clear < LEAST_LEGIBLE) return vote;
  const weight = novelty * clear;
  const slots = toSlots(read.evidence);
  const known = vote.groups.find((g) => g.text === read.text);
  const group =
    known === undefined ? { text: read.text, slots, weight, frames: 1 } : join(known, slots, weight);
  const groups = [...vote.groups.filter((g) => g !== known), group].sort(byWeight);
  // The newest stays even when it is the lightest, or a late better view could never get in.
  const cut =
    groups.length > MAX_GROUPS
      ? groups.filter((g) => g === group || g !== groups.at(-1)).slice(0, MAX_GROUPS)
      : groups;
  return { groups: faded(cut), frames: vote.frames + 1 };
}

/** Geometric mean of what the reader gives its characters, 0..1; 0 for an empty reading. */
export function legibility({ text, score }: PlateRead): number {
  return text === "" ? 0 : score ** (1 / text.length);
}

/** Two votes on the same plate made one: a track that was lost and found again. */
export function joinVotes(a: Vote, b: Vote): Vote {
  let groups = [...a.groups];
  for (const g of b.groups) {
    const known = groups.find((k) => k.text === g.text);
    groups =
      known === undefined
        ? [...groups, g]
        : [...groups.filter((k) => k !== known), join(known, g.slots, g.weight, g.frames)];
  }
  groups.sort(byWeight);
  return { groups: faded(groups.slice(0, MAX_GROUPS)), frames: a.frames + b.frames };
}

function faded(groups: readonly Group[]): readonly Group[] {
  const total = groups.reduce((sum, g) => sum + g.weight, 0);
  return total <= MEMORY ? groups : groups.map((g) => ({ ...g, weight: (g.weight * MEMORY) / total }));
}

/**
 * Fuses the readings: every text that was read is a skeleton, all readings are aligned to it, and their probabilities
 * multiplied position by position. Skeletons of different length compete by likelihood. Null before the first reading.
 */
export function tally(vote: Vote): Tally | null {
  if (vote.groups.length === 0) return null;
  const total = vote.groups.reduce((sum, g) => sum + g.weight, 0);
  const power = 1 / (1 + LIKENESS * Math.max(0, total - 1));
  const skeletons = skeletonsOf(vote.groups, power);
  const top = skeletons[0]!.score;
  const mass = skeletons.reduce((sum, s) => sum + Math.exp(s.score - top) * s.spread, 0);
  const listed = new Map<string, { probability: number; from: Skeleton }>();
  for (const s of skeletons) {
    for (const { text, score } of variants(s)) {
      const probability = (Math.exp(score - top) / mass) * (1 - SOMETHING_ELSE);
      if (probability > (listed.get(text)?.probability ?? 0)) listed.set(text, { probability, from: s });
    }
  }
  const candidates = [...listed]
    .map(([text, { probability }]) => ({ text, probability }))
    .sort((a, b) => b.probability - a.probability);
  const winner = candidates[0]!;
  const settled = vote.frames >= 3 && total >= 1.5 && winner.probability >= 0.985;
  return {
    plate: winner.text,
    probability: winner.probability,
    candidates: candidates.slice(0, 10),
    evidence: listed.get(winner.text)!.from.logs.map(toProbabilities),
    frames: vote.frames,
    settled,
  };
}

/**
 * The same with what was read of the frames laid over each other. That is no frame more and not independent of them, so it
 * has no say where the frames alone are sure, and its weight in the vote is that of one frame.
 */
export function tallyWith(vote: Vote, overlaid: PlateRead | null): Tally | null {
  const alone = tally(vote);
  if (overlaid === null || alone === null || alone.settled) return alone;
  const together = tally(addRead(vote, overlaid));
  return together === null ? null : { ...together, frames: vote.frames };
}

/** One length and alignment of the plate. */
interface Skeleton {
  text: string;
  /** Log-likelihood of its best text. */
  score: number;
  /** Sum over all its texts of the likelihood relative to the best one, at least 1. */
  spread: number;
  /** Fused log-probabilities of every position. */
  logs: readonly Float64Array[];
}

/** Best first; of those that say the same but for look-alikes only the best. */
function skeletonsOf(groups: readonly Group[], power: number): Skeleton[] {
  const found = new Map<string, Skeleton>();
  for (const anchor of groups.slice(0, MAX_ANCHORS)) {
    let text = anchor.text;
    // A fused text may align differently from the one it came from: twice is enough in practice.
    for (let round = 0; round < 2 && !found.has(text); round++) {
      const skeleton = fuse(text, groups, power);
      if (round > 0 || skeleton.text === text) {
        if (skeleton.score > (found.get(skeleton.text)?.score ?? Number.NEGATIVE_INFINITY))
          found.set(skeleton.text, skeleton);
        break;
      }
      text = skeleton.text;
    }
  }
  const sorted = [...found.values()].sort((a, b) => b.score - a.score);
  const kept: Skeleton[] = [];
  for (const s of sorted)
    if (!kept.some((k) => k.text.length === s.text.length && differing(k.text, s.text) <= 3)) kept.push(s);
  return preferWhole(kept, groups);
}

function fuse(anchor: string, groups: readonly Group[], power: number): Skeleton {
  const wanted = indices(anchor);
  const logs = wanted.map(() => new Float64Array(ALPHABET.length));
  const alignments = groups.map((g) => align(wanted, g.slots));
  for (const [g, { slots, weight }] of groups.entries()) {
    for (const [j, i] of alignments[g]!.slotOf.entries()) {
      if (i < 0) continue;
      const [sum, row, share] = [logs[j]!, slots.logs[i]!, power * weight];
      for (let k = 0; k < sum.length; k++) sum[k]! += share * row[k]!;
    }
  }
  const best = logs.map((row) => likeliestCharacter(row));
  const text = textOf(best);
  let spread = 1;
  for (const [j, row] of logs.entries()) {
    let sum = 0;
    for (let k = 1; k < row.length; k++) sum += Math.exp(row[k]! - row[best[j]!]!);
    spread *= sum;
  }
  let score = 0;
  for (const [g, { weight, slots }] of groups.entries()) {
    score += power * weight * (text === anchor ? alignments[g]! : align(best, slots)).logLikelihood;
  }
  return { text, score, spread, logs };
}

/**
 * A plate that is cut by the picture or by what stands before it reads well and is wrong. When the winner is a part of
 * a longer text which was itself clearly read more than once, the longer one is the plate.
 */
function preferWhole(sorted: Skeleton[], groups: readonly Group[]): Skeleton[] {
  const winner = sorted[0]!;
  const total = groups.reduce((sum, g) => sum + g.weight, 0);
  const longer = sorted.find((s) => {
    if (s.text.length <= winner.text.length || !s.text.includes(winner.text)) return false;
    const own = groups.find((g) => g.text === s.text);
    return own !== undefined && own.frames >= 2 && own.weight >= 0.12 * total && clearlyRead(own);
  });
  if (longer === undefined) return sorted;
  const raised = { ...longer, score: winner.score + Math.log(winner.spread / longer.spread) + Math.log(4) };
  return [raised, ...sorted.filter((s) => s !== longer)];
}

/** Every character of the text had at least 0.8 on average over the frames that read it. */
function clearlyRead(group: Group): boolean {
  const slotOf = align(indices(group.text), group.slots).slotOf;
  return indices(group.text).every(
    (k, j) => slotOf[j]! >= 0 && group.slots.logs[slotOf[j]!]![k]! > Math.log(0.8),
  );
}

/** The best text of a skeleton and its look-alikes: one position changed, or the two cheapest changes together. */
function variants({ text, score, logs }: Skeleton): { text: string; score: number }[] {
  const characters = indices(text);
  const changes: { j: number; k: number; loss: number }[] = [];
  for (const [j, row] of logs.entries()) {
    for (let k = 1; k < row.length; k++) {
      const loss = row[characters[j]!]! - row[k]!;
      if (k !== characters[j] && loss < 12) changes.push({ j, k, loss });
    }
  }
  changes.sort((a, b) => a.loss - b.loss);
  const out = [{ text, score }];
  const add = (...chosen: typeof changes) => {
    const next = [...characters];
    for (const c of chosen) next[c.j] = c.k;
    out.push({ text: textOf(next), score: score - chosen.reduce((sum, c) => sum + c.loss, 0) });
  };
  for (const c of changes.slice(0, 10)) add(c);
  for (const [i, a] of changes.slice(0, 5).entries())
    for (const b of changes.slice(i + 1, 6)) if (a.j !== b.j) add(a, b);
  return out;
}

function join(group: Group, slots: Slots, weight: number, frames = 1): Group {
  const sum = group.weight + weight;
  const mixed = mixSlots(group.slots, slots, sum > 0 ? weight / sum : 0);
  return { text: group.text, slots: mixed, weight: sum, frames: group.frames + frames };
}

/** Heaviest first; equals by text, so that the order of the frames is no vote. */
function byWeight(a: Group, b: Group): number {
  return b.weight - a.weight || (a.text < b.text ? -1 : 1);
}

function likeliestCharacter(row: Float64Array): number {
  let best = 1;
  for (let k = 2; k < row.length; k++) if (row[k]! > row[best]!) best = k;
  return best;
}

function toProbabilities(row: Float64Array): number[] {
  const top = Math.max(...row);
  const sum = row.reduce((s, v) => s + Math.exp(v - top), 0);
  return Array.from(row, (v, k) => (k === EMPTY && row[EMPTY] === 0 ? 0 : Math.exp(v - top) / sum));
}

function differing(a: string, b: string): number {
  let n = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) n++;
  return n;
}
