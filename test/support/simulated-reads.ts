import { ALPHABET, type CharEvidence, decode, indices, type PlateRead } from "../../src/core/plate.js";
import type { Random } from "./random.js";

export const SLOTS = 12;

/** Characters that are mistaken for each other, in groups. */
const lookAlikes = ["0ODQ", "1IL7", "8B3", "5S", "2Z", "6G", "MNH", "VYU", "CG", "EF", "PR", "4A", "KX"];

/** How bad a simulated track is. All shares 0..1. */
export interface Noise {
  /** Mean quality of a track's frames, 0 unreadable to 1 perfect, and how much it varies from frame to frame. */
  quality: number;
  spread: number;
  /** How much better the last frame is than the first. */
  nearer: number;
  /** Chance that a frame loses or gains a character. */
  lost: number;
  extra: number;
  /** Chance that a frame shows only a part of the plate. */
  cut: number;
}

/** Margins and their variance between frames are about those of real crops that were made small, blurred and noisy. */
export const usual: Noise = { quality: 0.7, spread: 0.1, nearer: 0.4, lost: 0.06, extra: 0.03, cut: 0.04 };

export function randomPlate(random: Random, length = random.whole(5, 8)): string {
  return Array.from({ length }, () => ALPHABET[random.whole(1, 36)]).join("");
}

/**
 * Readings of one plate as a reader would give them. Each position has a bias that all frames share (its dirt, its light,
 * its typeface) and noise of its own in every frame; a look-alike is the likeliest mistake.
 */
export function simulatedTrack(
  random: Random,
  plate: string,
  frames: number,
  noise: Noise = usual,
): PlateRead[] {
  const shared = indices(plate).map((k) => biasOf(random, k));
  return Array.from({ length: frames }, (_, f) => {
    const nearer = frames > 1 ? noise.nearer * (f / (frames - 1) - 0.5) : 0;
    const quality = Math.min(1, Math.max(0.05, noise.quality + nearer + random.normal(noise.spread)));
    let rows = shared.map((bias) => slot(random, bias, quality));
    if (random.chance(noise.lost)) rows.splice(random.whole(0, rows.length - 1), 1);
    if (random.chance(noise.extra))
      rows.splice(random.whole(0, rows.length), 0, slot(random, biasOf(random, random.whole(1, 36)), 0.5));
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

/** What all frames of a track share at one position: how much speaks for every character. */
function biasOf(random: Random, truth: number): number[] {
  const bias = Array.from({ length: ALPHABET.length }, () => random.normal(1.5));
  bias[truth]! += 9;
  bias[confusedWith(random, ALPHABET[truth]!)]! += 4 + random.normal(3);
  return bias;
}

function slot(random: Random, bias: readonly number[], quality: number): number[] {
  const logits = bias.map((b) => b * quality + random.normal(0.9));
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
