import { ALPHABET, type CharEvidence, EMPTY, likeliest, textOf } from "./plate.js";

/** What the plates of one country look like. */
export interface Grammar {
  /** ISO 3166 code, such as `DE`. */
  country: string;
  /** `A` a letter, `9` a digit, anything else stands for itself. */
  patterns: readonly string[];
  /** Letters that are handed out there; all of them when absent. */
  letters?: string;
  /** How common these plates are beside those of other countries; greater than 0. */
  share: number;
}

/** What a plate probably says when it is known where the cars here come from. */
export interface Supposition {
  text: string;
  /** Of all texts looked at, 0..1; holds only as far as the grammars are right about the place. */
  probability: number;
  /** Country and pattern that speak for the text; null: it follows none and is taken as it was read. */
  fits: { country: string; pattern: string } | null;
}

/** Chance that a plate follows none of the patterns: wish texts, guests, old series. */
const NO_PATTERN = 0.1;
/**
 * How much of the prior counts. The reader has learned what plates look like too, so its probabilities hold a part of the same
 * knowledge already; counting it whole would count it twice.
 */
const TEMPER = 0.4;
const IMPOSSIBLE = 1e-6;
const DIGITS = indicesOf("0123456789");
const LETTERS = indicesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ");

/**
 * Weighs a reading by Bayes' rule against the patterns of the countries at hand. A prior beside the reading, never in its
 * place: the caller shows both, and an access decision looks at the evidence alone. Null for an empty reading.
 */
export function suppose(evidence: CharEvidence, grammars: readonly Grammar[]): Supposition | null {
  const rows = evidence.filter((row) => likeliest(row) !== EMPTY);
  if (rows.length === 0) return null;
  const logs = rows.map((row) => row.map((p) => Math.log(p + IMPOSSIBLE)));
  const best = rows.map((row) => likeliest(row));
  const free = Math.log(NO_PATTERN) - TEMPER * rows.length * Math.log(ALPHABET.length - 1);
  const found: { text: string; score: number; fits: Supposition["fits"] }[] = [
    { text: textOf(best), score: best.reduce((sum, k, i) => sum + logs[i]![k]!, free), fits: null },
  ];
  const shares = grammars.reduce((sum, g) => sum + g.share, 0);
  for (const { country, patterns, letters, share } of grammars) {
    const own = letters === undefined ? LETTERS : indicesOf(letters);
    const prior = Math.log(((1 - NO_PATTERN) * share) / shares / patterns.length);
    for (const pattern of patterns) {
      if (pattern.length !== rows.length) continue;
      let score = prior;
      const characters = logs.map((row, i) => {
        const allowed = allowedBy(pattern[i]!, own);
        const k = allowed.reduce((a, b) => (row[b]! > row[a]! ? b : a));
        score += row[k]! - TEMPER * Math.log(allowed.length);
        return k;
      });
      found.push({ text: textOf(characters), score, fits: { country, pattern } });
    }
  }
  found.sort((a, b) => b.score - a.score);
  const top = found[0]!;
  const mass = (of: typeof found) => of.reduce((sum, f) => sum + Math.exp(f.score - top.score), 0);
  const probability = mass(found.filter((f) => f.text === top.text)) / mass(found);
  return { text: top.text, probability, fits: top.fits };
}

function allowedBy(symbol: string, letters: readonly number[]): readonly number[] {
  if (symbol === "A") return letters;
  return symbol === "9" ? DIGITS : indicesOf(symbol);
}

function indicesOf(characters: string): number[] {
  return Array.from(characters, (c) => ALPHABET.indexOf(c));
}
