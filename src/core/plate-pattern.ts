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
  let states = start(pattern);
  for (const c of text) states = advance(pattern, states, c);
  return hasEnd(pattern, states);
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

function chanceOfPattern(pattern: PlatePattern, evidence: CharEvidence): number {
  let beliefs = new Map<string, { states: States; p: number }>([["", { states: start(pattern), p: 1 }]]);
  for (const slot of evidence) {
    const next = new Map<string, { states: States; p: number }>();
    let alive = 0;
    for (const { states, p } of beliefs.values()) {
      for (let k = 0; k < slot.length; k++) {
        const chance = p * (slot[k] ?? 0);
        if (chance < NEGLIGIBLE) continue;
        const after = k === EMPTY ? states : advance(pattern, states, ALPHABET[k] ?? "");
        if (after.size === 0) continue;
        const key = [...after].sort((a, b) => a - b).join();
        const known = next.get(key);
        if (known === undefined) next.set(key, { states: after, p: chance });
        else known.p += chance;
        alive += chance;
      }
    }
    if (alive < IMPOSSIBLE) return 0;
    beliefs = next;
  }
  let sum = 0;
  for (const { states, p } of beliefs.values()) if (hasEnd(pattern, states)) sum += p;
  return Math.min(1, sum);
}

/** The same for a plate without `?` and `*`. */
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

/** Some text that both accept; null when there is none. */
export function overlap(a: PlatePattern, b: PlatePattern): string | null {
  const seen = new Set<string>();
  let wave: { a: States; b: States; text: string }[] = [{ a: start(a), b: start(b), text: "" }];
  while (wave.length > 0) {
    const next: typeof wave = [];
    for (const at of wave) {
      if (at.text !== "" && hasEnd(a, at.a) && hasEnd(b, at.b)) return at.text;
      for (const c of ALPHABET.slice(1)) {
        const to = { a: advance(a, at.a, c), b: advance(b, at.b, c), text: at.text + c };
        if (to.a.size === 0 || to.b.size === 0 || to.text.length > LONGEST) continue;
        const key = `${[...to.a].sort((x, y) => x - y)}/${[...to.b].sort((x, y) => x - y)}`;
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(to);
      }
    }
    wave = next;
  }
  return null;
}

const NEGLIGIBLE = 1e-9;
/** Less is taken for nothing, which spares most of a list after two characters. */
const IMPOSSIBLE = 1e-5;
const LONGEST = 16;
/** A state is a position in the pattern and the number of look-alikes used up to there. */
const WIDTH = 8;
type States = ReadonlySet<number>;

function start(pattern: PlatePattern): States {
  return closure(pattern, [0]);
}

function advance(pattern: PlatePattern, states: States, c: string): States {
  const next: number[] = [];
  for (const state of states) {
    const at = Math.floor(state / WIDTH);
    const used = state % WIDTH;
    const wanted = pattern.text[at];
    if (wanted === undefined) continue;
    if (wanted === "*") next.push(state);
    else if (wanted === "?" || wanted === c) next.push(state + WIDTH);
    else if (used < pattern.tolerance && lookAlikes(wanted).includes(c)) next.push(state + WIDTH + 1);
  }
  return closure(pattern, next);
}

/** A `*` may also be nothing. */
function closure(pattern: PlatePattern, from: readonly number[]): States {
  const all = new Set(from);
  for (const state of all) if (pattern.text[Math.floor(state / WIDTH)] === "*") all.add(state + WIDTH);
  return all;
}

function endOf(pattern: PlatePattern): number {
  return pattern.text.length * WIDTH;
}

function hasEnd(pattern: PlatePattern, states: States): boolean {
  for (const state of states) if (state >= endOf(pattern)) return true;
  return false;
}
