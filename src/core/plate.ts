/** Characters a plate can have, in the order of the reader's output; index 0 is the empty slot. */
export const ALPHABET = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const EMPTY = 0;

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
