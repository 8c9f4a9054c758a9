import { ALPHABET, type CharEvidence, decode, indices, type PlateRead } from "../../src/core/plate.js";
import type { Random } from "./random.js";

export const SLOTS = 12;

/** Characters that are mistaken for each other, in groups. */
const lookAlikes = ["0ODQ", "1IL7", "8B3", "5S", "2Z", "6G", "MNH", "VYU", "CG", "EF", "PR", "4A", "KX"];

/** How bad a simulated track is. All shares 0..1. */
export interface Noise {
  /** Mean quality of a frame, 0 unreadable to 1 perfect, and how much it varies from frame to frame. */
  quality: number;
  spread: number;
  /** Chance that a frame loses or gains a character. */
  lost: number;
  extra: number;
  /** Chance that a frame shows only a part of the plate. */
  cut: number;
  /** Chance that the track has one character that looks like another one in every frame (dirt, a screw). */
  dirt: number;
}

export const usual: Noise = { quality: 0.72, spread: 0.15, lost: 0.06, extra: 0.03, cut: 0.04, dirt: 0.12 };

export function randomPlate(random: Random, length = random.whole(5, 8)): string {
  return Array.from({ length }, () => ALPHABET[random.whole(1, 36)]).join("");
}

/** Readings of one plate as a reader would give them: confused with look-alikes, honest about it on average. */
export function simulatedTrack(
  random: Random,
  plate: string,
  frames: number,
  noise: Noise = usual,
): PlateRead[] {
  const dirty = random.chance(noise.dirt) ? random.whole(0, plate.length - 1) : -1;
  const dirtyAs = dirty < 0 ? 0 : confusedWith(random, plate[dirty]!);
  return Array.from({ length: frames }, () => {
    const quality = Math.min(0.99, Math.max(0.05, noise.quality + random.normal(noise.spread)));
    let rows = indices(plate).map((k, j) => slot(random, k, quality, j === dirty ? dirtyAs : 0));
    if (random.chance(noise.lost)) rows.splice(random.whole(0, rows.length - 1), 1);
    if (random.chance(noise.extra))
      rows.splice(random.whole(0, rows.length), 0, slot(random, random.whole(1, 36), 0.4, 0));
    if (random.chance(noise.cut)) {
      const rest = random.whole(Math.max(1, plate.length - 3), plate.length - 1);
      rows = random.chance(0.5) ? rows.slice(0, rest) : rows.slice(rows.length - rest);
    }
    return decode(toEvidence(rows, quality));
  });
}

/** One-hot evidence of a text with the given probability for each character. */
export function clearRead(text: string, probability = 0.98): PlateRead {
  return decode(
    toEvidence(
      indices(text).map((k) => peaked(k, probability)),
      0.99,
    ),
  );
}

function slot(random: Random, truth: number, quality: number, dirtyAs: number): number[] {
  // The stronger of two logits wins; noise makes a look-alike win now and then, and the probabilities say how near it was.
  const gain = 9 * quality;
  const logits = Array.from({ length: ALPHABET.length }, () => random.normal(0.8));
  logits[truth]! += gain * 0.62 + random.normal(1.3);
  logits[confusedWith(random, ALPHABET[truth]!)]! += gain * 0.36 + random.normal(1.3);
  if (dirtyAs > 0) logits[dirtyAs]! += gain * 0.62 + random.normal(1);
  const top = Math.max(...logits);
  const weights = logits.map((l) => Math.exp(l - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

function confusedWith(random: Random, character: string): number {
  const group = lookAlikes.find((g) => g.includes(character));
  const others = Array.from(group ?? ALPHABET.slice(1)).filter((c) => c !== character);
  return ALPHABET.indexOf(random.pick(others));
}

function toEvidence(rows: readonly number[][], quality: number): CharEvidence {
  const empty = peaked(0, 0.9 + 0.099 * quality);
  return Array.from({ length: SLOTS }, (_, i) => rows[i] ?? empty);
}

function peaked(k: number, probability: number): number[] {
  return Array.from({ length: ALPHABET.length }, (_, i) =>
    i === k ? probability : (1 - probability) / (ALPHABET.length - 1),
  );
}
