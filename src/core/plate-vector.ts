import { lookAlikes } from "./look-alikes.js";
import { ALPHABET, EMPTY } from "./plate.js";

// Three positions from the left, three from the right, two pools, eight numbers each: 64 numbers.
const SIDE_SLOTS = 3;
const SLOT_NUMBERS = 8;
const SLOT_SCALE = 0.7;
const POOL_SCALE = 1;

/**
 * A reading as a vector for the nearest-neighbour search. Each position is the mean of its characters' codes, weighted
 * with their probabilities; characters that look alike have codes near each other (their cosine is about 0.6, that of
 * others at most 0.26). The first three positions from the left end and from the right end stand by themselves; all
 * positions together are summed into two pools, one weighted towards the left end and one towards the right. So a
 * wrong character changes little, and neither does a missing or extra one. Integers, -127 to 127.
 */
export function plateVector(evidence: readonly (readonly number[])[]): Int8Array {
  return encode(
    trimmed(evidence).map((slot) => sumOf((n) => slot.reduce((sum, p, k) => sum + p * CODES[k]![n]!, 0))),
  );
}

/** The vector of a text that somebody asks for; `?` may be any character and adds nothing. */
export function queryVector(text: string): Int8Array {
  return encode([...text].map((c) => sumOf((n) => (c === "?" ? 0 : (CODES[ALPHABET.indexOf(c)]?.[n] ?? 0)))));
}

function sumOf(number: (n: number) => number): number[] {
  return Array.from({ length: SLOT_NUMBERS }, (_, n) => number(n));
}

function encode(slots: readonly (readonly number[])[]): Int8Array {
  const last = slots.length - 1;
  const none = new Array<number>(SLOT_NUMBERS).fill(0);
  const sides = Array.from({ length: SIDE_SLOTS }, (_, i) => [
    slots[i] ?? none,
    slots[last - i] ?? none,
  ]).flat();
  const share = (at: number) => (last > 0 ? at / last : 0.5);
  const left = sumOf((n) => slots.reduce((sum, slot, at) => sum + slot[n]! * (1 - share(at)), 0));
  const right = sumOf((n) => slots.reduce((sum, slot, at) => sum + slot[n]! * share(at), 0));
  const numbers = [
    ...sides.flat().map((x) => x * SLOT_SCALE),
    ...[...left, ...right].map((x) => x * POOL_SCALE),
  ];
  return Int8Array.from(numbers, (x) => Math.max(-127, Math.min(127, Math.round(x))));
}

/** Bytes of a plate code. */
export const PLATE_CODE_BYTES = 32;

/**
 * A plate vector as 256 bits whose Hamming distance grows with the angle between two vectors (SimHash, Charikar 2002):
 * four orthogonal projections, each two rounds of fixed signs and a Walsh-Hadamard transform, of which the signs are
 * kept. Four times as fast to look through as the numbers, and a quarter of the room.
 */
export function plateCode(vector: Int8Array): Uint8Array {
  const code = new Uint8Array(PLATE_CODE_BYTES);
  let random = 0x9e3779b9;
  for (let block = 0; block < 4; block++) {
    let x = Array.from(vector);
    for (let round = 0; round < 2; round++) x = hadamard(x.map((value) => (nextBit() ? value : -value)));
    x.forEach((value, i) => {
      if (value > 0) code[block * 8 + (i >> 3)]! |= 1 << (i & 7);
    });
  }
  return code;

  /** Xorshift: the same signs for ever, or codes that are stored could not be compared any more. */
  function nextBit(): boolean {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return (random & 0x10000) !== 0;
  }
}

function hadamard(values: readonly number[]): number[] {
  const x = [...values];
  for (let half = 1; half < x.length; half *= 2) {
    for (let i = 0; i < x.length; i++) {
      if (i & half) continue;
      const [a, b] = [x[i]!, x[i + half]!];
      x[i] = a + b;
      x[i + half] = a - b;
    }
  }
  return x;
}

// Probability that a character is written down, remembered or read as a look-alike, as any other one, or that one is
// missing or too many. Rough on purpose: they only order what the evidence leaves open.
const LOOK_ALIKE = 0.06;
const OTHER = 0.002;
const GAP = 0.004;

/**
 * Probability that what was read is what is asked for: the best alignment of the text with the evidence, each pair of
 * positions as probable as the evidence makes it, `?` always, one gap at a small price.
 */
export function likelihood(text: string, evidence: readonly (readonly number[])[]): number {
  const slots = trimmed(evidence);
  let above = Array.from({ length: slots.length + 1 }, (_, j) => GAP ** j);
  for (let i = 1; i <= text.length; i++) {
    const row = [GAP ** i];
    for (let j = 1; j <= slots.length; j++) {
      const pair = above[j - 1]! * match(text[i - 1]!, slots[j - 1]!);
      row.push(Math.max(pair, above[j]! * GAP, row[j - 1]! * GAP));
    }
    above = row;
  }
  return above[slots.length]!;
}

function match(character: string, slot: readonly number[]): number {
  if (character === "?") return 1;
  const own = slot[ALPHABET.indexOf(character)] ?? 0;
  const alike = lookAlikes(character).reduce((sum, other) => sum + (slot[ALPHABET.indexOf(other)] ?? 0), 0);
  return Math.min(1, own + LOOK_ALIKE * alike + OTHER);
}

/** Without the positions that are most probably empty: readers have a fixed number of them. */
function trimmed(evidence: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return evidence.filter((slot) => (slot[EMPTY] ?? 0) < 0.5);
}

/** One code of length 60 for each character of the alphabet, spread out by repulsion with look-alikes attracted. */
const CODES: readonly (readonly number[])[] = [
  [20, -25, 40, 5, -3, -9, -24, 16], // -
  [-13, -9, 9, -7, 4, -22, 46, 25], // 0
  [20, 33, -26, 26, 0, 12, 22, -10], // 1
  [24, 17, 15, -26, 8, -41, -4, -7], // 2
  [-26, -2, 12, 34, 19, 15, -9, 30], // 3
  [35, -23, -30, -8, -17, -10, -19, -7], // 4
  [31, 5, 14, -23, 1, 33, -9, -28], // 5
  [-27, 34, 3, -30, 21, 14, 13, 3], // 6
  [29, 2, -18, -3, 38, 10, -11, 27], // 7
  [0, 4, 39, 12, 30, 2, 19, -24], // 8
  [-2, 14, -16, -28, -42, -7, 17, -16], // 9
  [13, -23, -22, 17, -35, 16, -25, -2], // A
  [-19, 22, 32, 5, 34, 20, 6, 11], // B
  [8, 24, 8, -20, -22, 14, -25, 34], // C
  [-9, -27, -16, 1, 0, 13, 48, 10], // D
  [-9, -23, -5, 49, 19, -9, -5, 6], // E
  [1, -26, -3, 33, 0, -37, 7, -19], // F
  [-8, 31, -11, -42, -18, 13, 2, 11], // G
  [-17, -32, -8, -23, 37, -6, -11, -12], // H
  [-3, 43, -3, 32, -15, -14, 14, 10], // I
  [10, 16, -32, -1, 20, -12, 24, -34], // J
  [-26, 3, -46, -1, 0, -19, -8, 18], // K
  [37, 27, 10, 34, -13, -3, 4, 4], // L
  [-20, -35, -1, -27, 9, 26, -20, 11], // M
  [-15, -38, 10, -40, 0, -5, -2, -16], // N
  [26, -13, 9, -20, 4, 7, 43, 19], // O
  [4, -3, 22, -3, -46, -6, 21, -23], // P
  [12, -22, -8, 3, -17, -4, 28, 43], // Q
  [-13, -4, 32, 10, -36, 28, 13, 2], // R
  [24, -19, 18, 12, 18, 26, 4, -34], // S
  [14, 12, -34, 11, 15, 40, 1, 13], // T
  [2, 21, -6, 10, 14, -1, -50, -18], // U
  [-27, 16, 7, 7, -8, -3, -31, -38], // V
  [-39, -1, -16, 13, -6, 22, 1, -34], // W
  [-30, -6, -9, -3, -21, -34, -21, 23], // X
  [-39, 9, 26, -2, -11, -30, -17, -4], // Y
  [21, 14, -1, -7, 34, -33, -8, 23], // Z
];
