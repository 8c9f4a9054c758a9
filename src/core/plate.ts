/** Characters a plate can have, in the order of the reader's output; index 0 is the empty slot. */
export const ALPHABET = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const EMPTY = 0;
/** Of a plate the reader tells so many characters at most: it has no more slots. */
export const MOST_CHARACTERS = 12;

/**
 * What the reader believes of one plate: `slots[i][k]` is the probability that position i (reading order,
 * top line first, left aligned) holds `ALPHABET[k]`. Every row sums to 1.
 */
export type CharEvidence = readonly (readonly number[])[];

/** One reading of one crop. `chars` has one probability for each character of `text`. */
export interface PlateRead {
  text: string;
  /** Probability that the whole text is right, 0..1. */
  score: number;
  chars: readonly number[];
  evidence: CharEvidence;
}

export interface Candidate {
  text: string;
  probability: number;
}

/** Plates are compared upper case, without anything but A-Z and 0-9. */
export function normalisePlate(text: string): string {
  return text
    .normalize("NFKD")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "");
}

/**
 * What is wrong with a plate as somebody wrote it; null: nothing. Letters and digits of other alphabets are no part of a plate
 * in its one spelling: left out, they would make it another one, and a Cyrillic А looks like an A.
 */
export function spellingProblem(text: string): string | null {
  const foreign = Array.from(text.normalize("NFC")).filter(
    (c) => /[\p{L}\p{N}]/u.test(c) && normalisePlate(c) === "",
  );
  if (foreign.length === 0) return null;
  return `the plate “${text}” has “${[...new Set(foreign)].join("")}”, none of A-Z and 0-9 even where it looks so; write it with Latin letters and digits`;
}

/** The likeliest reading of the evidence: empty slots are dropped wherever they stand. */
export function decode(evidence: CharEvidence): PlateRead {
  let text = "";
  let score = 1;
  const chars: number[] = [];
  for (const row of evidence) {
    const best = likeliest(row);
    const p = row[best] ?? 0;
    score *= p;
    if (best === EMPTY) continue;
    text += ALPHABET[best];
    chars.push(p);
  }
  return { text, score, chars, evidence };
}

/** Index of the greatest number of a row. */
export function likeliest(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if (row[k]! > row[best]!) best = k;
  return best;
}

/** Positions in `ALPHABET` of a normalised text. */
export function indices(text: string): number[] {
  return Array.from(text, (c) => ALPHABET.indexOf(c));
}

export function textOf(characters: readonly number[]): string {
  return characters.map((k) => ALPHABET[k]).join("");
}

/** Least number of characters to change, add or drop to turn one text into the other (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, change));
    }
    above = row;
  }
  return above[b.length]!;
}
