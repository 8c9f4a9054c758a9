import { test } from "uvu";
import * as assert from "uvu/assert";
import { lookAlikes } from "../../src/core/look-alikes.js";
import { ALPHABET, type CharEvidence, EMPTY } from "../../src/core/plate.js";
import { accepts, chanceOf, normalisePattern, overlap } from "../../src/core/plate-pattern.js";
import { forSeeds, type Random } from "../support/random.js";

/** Characters that are taken for one another, and one that is not. */
const LETTERS = "0OD8BI1S";

function somePattern(random: Random, most: number): { text: string; tolerance: number } {
  const signs = Array.from({ length: random.whole(1, most) }, () =>
    random.chance(0.4) ? random.pick("?*") : random.pick(LETTERS),
  );
  return { text: normalisePattern(signs.join("")), tolerance: random.whole(0, 3) };
}

/** What a pattern means, by trying every way to read it. */
function means(pattern: string, text: string, tolerance: number): boolean {
  const [wanted, ...rest] = pattern;
  if (wanted === undefined) return text === "";
  const later = rest.join("");
  if (wanted === "*")
    return means(later, text, tolerance) || (text !== "" && means(pattern, text.slice(1), tolerance));
  const [here] = text;
  if (here === undefined) return false;
  if (wanted === "?" || wanted === here) return means(later, text.slice(1), tolerance);
  return tolerance > 0 && lookAlikes(wanted).includes(here) && means(later, text.slice(1), tolerance - 1);
}

/** Slots of up to three characters or none. */
function someEvidence(random: Random): CharEvidence {
  return Array.from({ length: random.whole(1, 6) }, () => {
    const row = new Array<number>(ALPHABET.length).fill(0);
    for (let n = random.whole(1, 3); n > 0; n--)
      row[ALPHABET.indexOf(random.pick(LETTERS))] = random.next() + 0.1;
    if (random.chance(0.4)) row[EMPTY] = random.next();
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((p) => p / sum);
  });
}

/** Every text behind the evidence with its probability. */
function textsOf(evidence: CharEvidence): Map<string, number> {
  return evidence.reduce(
    (texts, slot) => {
      const next = new Map<string, number>();
      for (const [text, p] of texts)
        slot.forEach((q, k) => {
          const to = k === EMPTY ? text : text + ALPHABET[k];
          if (q > 0) next.set(to, (next.get(to) ?? 0) + p * q);
        });
      return next;
    },
    new Map([["", 1]]),
  );
}

test("a pattern has the probability of all texts that it means, of whatever stars, question marks and tolerance it is made", () => {
  forSeeds(200, (random) => {
    const evidence = someEvidence(random);
    const texts = textsOf(evidence);
    for (let i = 0; i < 10; i++) {
      const pattern = somePattern(random, 7);
      let sum = 0;
      for (const [text, p] of texts) {
        const isMeant = means(pattern.text, text, pattern.tolerance);
        if (isMeant) sum += p;
        if (texts.size < 100)
          assert.is(accepts(pattern, text), isMeant, `${JSON.stringify(pattern)} ${text}`);
      }
      const chance = chanceOf(pattern, evidence);
      assert.ok(Math.abs(chance - sum) < 1.5e-5, `${JSON.stringify(pattern)}: ${chance}, not ${sum}`);
    }
  });
});

test("two patterns overlap in the first of the shortest texts that both mean", () => {
  const upTo3 = [1, 2, 3].flatMap((length) => wordsOf(length));
  forSeeds(200, (random) => {
    const [a, b] = [somePattern(random, 4), somePattern(random, 4)];
    const both = (text: string) => means(a.text, text, a.tolerance) && means(b.text, text, b.tolerance);
    const found = overlap(a, b);
    const expected = upTo3.find(both);
    if (expected !== undefined) assert.is(found, expected, JSON.stringify([a, b]));
    else if (found !== null) assert.ok(found.length > 3 && both(found), JSON.stringify([a, b, found]));
  });

  function wordsOf(length: number): string[] {
    if (length === 0) return [""];
    const all = [..."0123468ABCDEFGHIJKLMNOPQRSTUVWXYZ5"].sort();
    return wordsOf(length - 1).flatMap((word) => all.map((c) => word + c));
  }
});

/** Every look at the evidence is counted: a pattern that has to be followed in many ways at once looks no oftener. */
test("the evidence is gone through a few times for a pattern, however contrived", () => {
  let looks = 0;
  const slot = new Proxy(
    [...ALPHABET].map(() => 1 / ALPHABET.length),
    {
      get(row, name, self) {
        if (typeof name === "string" && /^\d+$/.test(name)) looks++;
        return Reflect.get(row, name, self);
      },
    },
  );
  const evidence = Array.from({ length: 12 }, () => slot);
  for (const text of ["*0????8*", "*O0O0?O*", "*?O?0?8*?B*", "G*L???F*", "*F?O*8*H*", "??*Q*L?O?*?"]) {
    looks = 0;
    assert.ok(chanceOf({ text, tolerance: 3 }, evidence) > 0);
    const most = 12 * ALPHABET.length * 16;
    assert.ok(looks <= most, `${text} looked ${looks} times, not ${most}`);
  }
});

test.run();
