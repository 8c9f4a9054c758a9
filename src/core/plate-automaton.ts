import { lookAlikes } from "./look-alikes.js";
import { ALPHABET, type CharEvidence, EMPTY } from "./plate.js";

/**
 * What a rule accepts: a plate, or a pattern with `?` (one character) and `*` (any run), of which up to
 * `tolerance` characters may be look-alikes.
 */
export interface PlatePattern {
  text: string;
  tolerance: number;
}

/**
 * A pattern as positions: how many of its characters are behind. At some of them (`*`) any character may stand between.
 * A state says for each position the least number of look-alikes with which it is reached, or `OUT`.
 */
export interface Automaton {
  wanted: readonly string[];
  loops: readonly boolean[];
  tolerance: number;
}
export type State = readonly number[];

export const OUT = 255;

export function automatonOf({ text, tolerance }: PlatePattern): Automaton {
  const wanted: string[] = [];
  const loops: boolean[] = [false];
  for (const c of text) {
    if (c === "*") loops[wanted.length] = true;
    else {
      wanted.push(c);
      loops.push(false);
    }
  }
  return { wanted, loops, tolerance };
}

export function startOf({ wanted }: Automaton): State {
  return [0, ...wanted.map(() => OUT)];
}

export function isEnd({ wanted }: Automaton, state: State): boolean {
  return (state[wanted.length] ?? OUT) !== OUT;
}

/** The state after one more character. */
export function advance(automaton: Automaton, state: State, character: string): State {
  const costs = automaton.wanted.map((wanted) => costOf(wanted, character));
  return after(automaton, state, costs, 0);
}

/** What a character costs where `wanted` is asked for: nothing, one look-alike, or `OUT`. */
export function costOf(wanted: string, character: string): 0 | 1 | typeof OUT {
  if (wanted === "?" || wanted === character) return 0;
  return lookAlikes(wanted).includes(character) ? 1 : OUT;
}

/**
 * Probability that the plate behind the evidence is one that a pattern with a `*` accepts. Positions are independent; an
 * empty slot is no character. Exact, but for less than `IMPOSSIBLE`.
 *
 * What follows the last `*` stands at the end of the plate, in one way only, and is read from there. What comes before it
 * may be found in many ways: that sums over every text, by the states that the pattern can be in. There are few of these,
 * because a state leaves out what cannot be finished with the slots that are left, and what accepts nothing that another
 * of its positions would not accept as well.
 */
export function chanceOfPattern({ text, tolerance }: PlatePattern, evidence: CharEvidence): number {
  const cut = text.lastIndexOf("*") + 1;
  const head = automatonOf({ text: text.slice(0, cut), tolerance });
  const tail = text.slice(cut);
  const last = head.wanted.length;
  if (last + tail.length > evidence.length) return 0;
  const budget = tolerance > 0 ? Math.ceil(tolerance) : 0;
  const tails = chancesOfTail(tail, budget, evidence);
  const kinds = kindsOf(head);
  let beliefs = new Map<string, Belief>([["", { state: startOf(head), p: 1 }]]);
  let sum = 0;
  for (let i = 0; ; i++) {
    for (const { state, p } of beliefs.values())
      for (let used = state[last] ?? OUT; used <= budget; used++) sum += p * (tails[i]?.[budget - used] ?? 0);
    const slot = evidence[i];
    if (slot === undefined) return Math.min(1, sum);
    const weights = kinds.map(({ characters }) => {
      let weight = 0;
      for (const k of characters) weight += slot[k] ?? 0;
      return weight;
    });
    const empty = slot[EMPTY] ?? 0;
    // Positions before this one need more characters than there are slots left.
    const first = last + tail.length - (evidence.length - i - 1);
    const next = new Map<string, Belief>();
    let alive = 0;
    const add = (state: State, p: number) => {
      if (isOut(state)) return;
      alive += p;
      const key = String.fromCharCode(...state);
      const known = next.get(key);
      if (known === undefined) next.set(key, { state, p });
      else known.p += p;
    };
    for (const { state, p } of beliefs.values()) {
      if (p * empty >= NEGLIGIBLE)
        add(
          state.map((used, at) => (at < first ? OUT : used)),
          p * empty,
        );
      kinds.forEach(({ costs }, k) => {
        const chance = p * (weights[k] ?? 0);
        if (chance >= NEGLIGIBLE) add(after(head, state, costs, first), chance);
      });
    }
    if (alive < IMPOSSIBLE) return Math.min(1, sum);
    beliefs = next;
  }
}

interface Belief {
  state: State;
  p: number;
}

/**
 * `[i][u]`: probability that the slots from i on hold this text, without a `*`, with u look-alikes, `budget` at most, and
 * that its first character is in slot i.
 */
function chancesOfTail(text: string, budget: number, evidence: CharEvidence): number[][] {
  const width = budget + 1;
  const none = () => new Array<number>(width).fill(0);
  const tails = [...evidence.map(none), none()];
  /** By the number of characters that are behind, from the end, and of look-alikes among them. */
  let now = [[1, ...none().slice(1)], ...Array.from(text, none)];
  if (text === "") return [...evidence.map(none), now[0] ?? []];
  for (let i = evidence.length - 1; i >= 0; i--) {
    const slot = evidence[i] ?? [];
    const next = now.map((row) => row.map((p) => p * (slot[EMPTY] ?? 0)));
    if (now.flat().reduce((all, p) => all + p, 0) < IMPOSSIBLE) return tails;
    for (let behind = 0; behind < text.length; behind++) {
      const wanted = text[text.length - 1 - behind] ?? "";
      const to = behind + 1 === text.length ? tails[i] : next[behind + 1];
      const [same, alike] = chancesOf(wanted, slot);
      for (let used = 0; used < width; used++) {
        const p = now[behind]?.[used] ?? 0;
        if (to === undefined || p === 0) continue;
        to[used] = (to[used] ?? 0) + p * same;
        if (used + 1 < width) to[used + 1] = (to[used + 1] ?? 0) + p * alike;
      }
    }
    now = next;
  }
  return tails;
}

/** Probability that a slot holds what is wanted, and that it holds a look-alike of it. */
function chancesOf(wanted: string, slot: readonly number[]): [same: number, alike: number] {
  const of = (character: string) => slot[ALPHABET.indexOf(character)] ?? 0;
  if (wanted === "?") return [slot.reduce((all, p, k) => (k === EMPTY ? all : all + p), 0), 0];
  return [of(wanted), lookAlikes(wanted).reduce((all, other) => all + of(other), 0)];
}

const NEGLIGIBLE = 1e-9;
/** Less is taken for nothing, which spares most of a list after two characters. */
export const IMPOSSIBLE = 1e-5;

export function isOut(state: State): boolean {
  return state.every((used) => used === OUT);
}

/** The state after a character of these costs, one for each position; without what stands before `first`. */
function after(
  { loops, tolerance }: Automaton,
  state: State,
  costs: readonly number[],
  first: number,
): State {
  const next = new Array<number>(state.length).fill(OUT);
  // What a `*` further on has reached with as few look-alikes accepts all that an earlier position would.
  let least = OUT;
  for (let at = state.length - 1; at >= Math.max(0, first); at--) {
    const here = loops[at] === true ? (state[at] ?? OUT) : OUT;
    const before = at === 0 ? OUT : (state[at - 1] ?? OUT);
    const cost = costs[at - 1] ?? OUT;
    const isPayable = before !== OUT && (cost === 0 || (cost === 1 && before < tolerance));
    const used = Math.min(here, isPayable ? before + cost : OUT);
    if (used >= least) continue;
    next[at] = used;
    if (loops[at] === true) least = used;
  }
  return next;
}

interface Kind {
  characters: number[];
  /** What each of them costs at each position. */
  costs: readonly number[];
}

/** The characters that this pattern does not tell apart: taken together, they are one step. */
function kindsOf({ wanted, tolerance }: Automaton): Kind[] {
  const named = new Set(wanted);
  if (tolerance > 0) for (const c of wanted) for (const other of lookAlikes(c)) named.add(other);
  const others: Kind = { characters: [], costs: wanted.map((c) => costOf(c, "")) };
  const kinds = new Map<string, Kind>();
  for (let k = EMPTY + 1; k < ALPHABET.length; k++) {
    const character = ALPHABET[k] ?? "";
    if (!named.has(character)) {
      others.characters.push(k);
      continue;
    }
    const costs = wanted.map((c) => costOf(c, character));
    const key = String.fromCharCode(...costs);
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { characters: [k], costs });
    else known.characters.push(k);
  }
  return [others, ...kinds.values()];
}
