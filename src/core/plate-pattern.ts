import { lookAlikes } from "./look-alikes.js";
import { ALPHABET, type CharEvidence, EMPTY } from "./plate.js";
import {
  type Automaton,
  advance,
  automatonOf,
  chanceOfPattern,
  costOf,
  IMPOSSIBLE,
  isEnd,
  isOut,
  type PlatePattern,
  startOf,
} from "./plate-automaton.js";

/** The pattern in its one spelling: capitals, nothing but A-Z, 0-9, `?` and `*`, no `**`. */
export function normalisePattern(text: string): string {
  return text
    .normalize("NFKD")
    .toUpperCase()
    .replace(/[^A-Z0-9?*]/g, "")
    .replace(/\*[*?]*\*/g, (run) => `${run.replaceAll("*", "")}*`);
}

export function isExact(text: string): boolean {
  return !text.includes("?") && !text.includes("*");
}

/** Does the pattern accept this very text? */
export function accepts(pattern: PlatePattern, text: string): boolean {
  // Most of a long list is plates, and most of these are other ones.
  if (isExact(pattern.text) && (pattern.tolerance === 0 || pattern.text.length !== text.length))
    return pattern.text === text;
  const automaton = automatonOf(pattern);
  let state = startOf(automaton);
  for (const c of text) {
    state = advance(automaton, state, c);
    if (isOut(state)) return false;
  }
  return isEnd(automaton, state);
}

/**
 * Probability that the plate behind the evidence is one that the pattern accepts. Positions are independent;
 * an empty slot is no character. Exact: it sums over every text, by the states that the pattern can be in.
 */
export function chanceOf(pattern: PlatePattern, evidence: CharEvidence): number {
  return createMatcher(evidence)(pattern);
}

/** The same for many patterns on one evidence: lists are long, and the gate waits. */
export function createMatcher(evidence: CharEvidence): (pattern: PlatePattern) => number {
  const width = ALPHABET.length;
  const table = new Float64Array(evidence.length * width);
  evidence.forEach((slot, i) => {
    for (let k = 0; k < width; k++) table[i * width + k] = slot[k] ?? 0;
  });
  let now = new Float64Array(32);
  let next = new Float64Array(32);
  return (pattern) => {
    if (!isExact(pattern.text)) return chanceOfPattern(pattern, evidence);
    return pattern.tolerance > 0 ? chanceOfText(pattern, evidence) : chanceOfPlate(pattern.text);
  };

  function chanceOfPlate(text: string): number {
    const { length } = text;
    if (length >= now.length) return chanceOfText({ text, tolerance: 0 }, evidence);
    now.fill(0, 0, length + 1);
    next.fill(0, 0, length + 1);
    now[0] = 1;
    // After n slots no more than n characters are behind.
    for (let row = 0, reach = 1; row < table.length; row += width, reach++) {
      let alive = 0;
      const empty = table[row + EMPTY] ?? 0;
      const end = Math.min(length, reach);
      for (let at = 0; at <= end; at++) {
        const here = at === 0 ? 0 : (now[at - 1] ?? 0);
        let p = (now[at] ?? 0) * empty;
        if (here > 0) p += here * (table[row + indexOf(text.charCodeAt(at - 1))] ?? 0);
        next[at] = p;
        alive += p;
      }
      if (alive < IMPOSSIBLE) return 0;
      [now, next] = [next, now];
    }
    return Math.min(1, now[length] ?? 0);
  }
}

/** Probability that the plate behind the evidence begins with this text: no plate that does is more probable. */
export function chanceOfBeginning(text: string, evidence: CharEvidence): number {
  const { length } = text;
  const states = [1, ...new Array<number>(length).fill(0)];
  for (const slot of evidence) {
    const empty = slot[EMPTY] ?? 0;
    for (let at = length; at > 0; at--) {
      const stay = (states[at] ?? 0) * (at === length ? 1 : empty);
      states[at] = stay + (states[at - 1] ?? 0) * (slot[indexOf(text.charCodeAt(at - 1))] ?? 0);
    }
    states[0] = (states[0] ?? 0) * empty;
  }
  return states[length] ?? 0;
}

/** Position in the alphabet of a character code of A-Z or 0-9. */
function indexOf(code: number): number {
  return code >= 65 ? code - 54 : code - 47;
}

/** Probability that the plate is this one, or one with so many look-alikes at most. */
function chanceOfText({ text, tolerance }: PlatePattern, evidence: CharEvidence): number {
  const width = tolerance + 1;
  let now = new Float64Array((text.length + 1) * width);
  now[0] = 1;
  for (const slot of evidence) {
    const next = new Float64Array(now.length);
    let alive = 0;
    for (let at = 0; at <= text.length; at++) {
      for (let used = 0; used < width; used++) {
        const p = now[at * width + used] ?? 0;
        if (p === 0) continue;
        add(at, used, p * (slot[EMPTY] ?? 0));
        const wanted = text[at];
        if (wanted === undefined) continue;
        add(at + 1, used, p * (slot[ALPHABET.indexOf(wanted)] ?? 0));
        if (used === tolerance) continue;
        for (const other of lookAlikes(wanted))
          add(at + 1, used + 1, p * (slot[ALPHABET.indexOf(other)] ?? 0));
      }
    }
    if (alive < IMPOSSIBLE) return 0;
    now = next;

    function add(at: number, used: number, p: number): void {
      next[at * width + used] = (next[at * width + used] ?? 0) + p;
      alive += p;
    }
  }
  let sum = 0;
  for (let used = 0; used < width; used++) sum += now[text.length * width + used] ?? 0;
  return Math.min(1, sum);
}

/**
 * The first in the alphabet of the shortest texts that both accept; null when there is none. It looks for one way through
 * both patterns, by pairs of positions: the first text that reaches a pair stands for all that reach it.
 */
export function overlap(a: PlatePattern, b: PlatePattern): string | null {
  const [one, other] = [automatonOf(a), automatonOf(b)];
  const seen = new Set<number>();
  let wave: readonly Pair[] = [{ one: { at: 0, used: 0 }, other: { at: 0, used: 0 }, text: "" }];
  for (let length = 1; length <= LONGEST && wave.length > 0; length++) {
    const next = new Map<number, Pair>();
    for (const from of wave) {
      for (const c of ALPHABET.slice(1)) {
        const text = from.text + c;
        for (const x of spotsAfter(one, from.one, c)) {
          for (const y of spotsAfter(other, from.other, c)) {
            const key = ((x.at * 8 + x.used) * 128 + y.at) * 8 + y.used;
            if (!seen.has(key) && text < (next.get(key)?.text ?? "~"))
              next.set(key, { one: x, other: y, text });
          }
        }
      }
    }
    for (const key of next.keys()) seen.add(key);
    wave = [...next.values()];
    const ends = wave.filter((p) => p.one.at === one.wanted.length && p.other.at === other.wanted.length);
    if (ends.length > 0) return ends.map((p) => p.text).sort()[0] ?? null;
  }
  return null;
}

const LONGEST = 16;

interface Pair {
  one: Spot;
  other: Spot;
  text: string;
}

/** One way that a pattern was followed: so many of its characters are behind, so many of them as look-alikes. */
interface Spot {
  at: number;
  used: number;
}

function spotsAfter({ wanted, loops, tolerance }: Automaton, { at, used }: Spot, c: string): Spot[] {
  const spots: Spot[] = loops[at] === true ? [{ at, used }] : [];
  const here = wanted[at];
  if (here === undefined) return spots;
  const cost = costOf(here, c);
  if (cost === 0 || (cost === 1 && used < tolerance)) spots.push({ at: at + 1, used: used + cost });
  return spots;
}
