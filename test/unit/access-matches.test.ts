import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AccessRequest, createAccess } from "../../src/core/access.js";
import { matchesOf } from "../../src/core/access-matches.js";
import { ALPHABET } from "../../src/core/plate.js";
import { chanceOf, chanceOfBeginning } from "../../src/core/plate-pattern.js";
import { evidenceFor, plainAccess, rule } from "../support/evidence.js";
import { forSeeds } from "../support/random.js";
import { randomPlate } from "../support/simulated-reads.js";

const LETTERS = ALPHABET.slice(1);

/** Repeatable numbers between 0 and 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

function cloudy(next: () => number, slots: number) {
  return Array.from({ length: slots }, () => {
    const row = Array.from(ALPHABET, () => next() ** 12);
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((p) => p / sum);
  });
}

test("a long list finds the same rules, in the same order, as looking at each of them does", () => {
  const next = numbers(7);
  const text = (length: number, from = LETTERS) =>
    Array.from({ length }, () => from[Math.floor(next() * from.length)]).join("");
  let found = 0;
  for (let round = 0; round < 60; round++) {
    const evidence = cloudy(next, 2 + Math.floor(next() * 5));
    const rules = Array.from({ length: 120 }, (_, i) => {
      const plate = i % 9 === 0 ? `${text(2)}*` : i % 7 === 0 ? text(1) : text(1 + Math.floor(next() * 5));
      return rule(plate, { id: `r${i}`, tolerance: i % 11 === 0 ? 1 : 0 });
    });
    // `*` is read with certainty, whatever the evidence: nothing is taken off the chances.
    const request = { plate: "*", probability: 1, candidates: [], evidence } as unknown as AccessRequest;
    const slowly = rules
      .map((r) => ({ id: r.id, chance: chanceOf({ text: r.plate, tolerance: r.tolerance }, evidence) }))
      .filter((m) => m.chance >= 1e-4);
    found += slowly.length;
    assert.equal(
      matchesOf(request, rules).map((m) => ({ id: m.rule.id, chance: m.chance })),
      slowly,
    );
  }
  assert.ok(found > 100, `only ${found} matches were compared`);
});

test("a candidate of the vote is found though the positions do not say so", () => {
  const evidence = [..."XY12"].map((c) => Array.from(ALPHABET, (of) => (of === c ? 1 : 0)));
  const rules = [rule("ZZ99"), rule("QQ11", { effect: "deny" })];
  const candidates = [
    { text: "XY12", probability: 0.6 },
    { text: "QQ11", probability: 0.3 },
  ];
  const request = { plate: "XY12", probability: 0.6, candidates, evidence } as unknown as AccessRequest;
  assert.equal(
    matchesOf(request, rules).map((m) => [m.rule.plate, m.chance]),
    [["QQ11", 0.3]],
  );
});

test("a denied plate that the vote thinks likely enough keeps the gate shut, whatever kind of rule names it", () => {
  const denyProbability = 0.02;
  const access = createAccess({ ...plainAccess, denyProbability });
  let shut = 0;
  forSeeds(200, (random) => {
    const plate = randomPlate(random);
    const other = `${randomPlate(random, random.whole(1, 2))}${plate}`.slice(0, random.whole(5, 9));
    const probability = 0.91 + random.next() * 0.08;
    const doubt = (1 - probability) * random.next();
    const denied = random.pick([
      rule(other, { id: "deny", effect: "deny" }),
      rule(other, { id: "deny", effect: "deny", tolerance: random.whole(1, 3) }),
      rule(`${other.slice(0, -1)}?`, { id: "deny", effect: "deny" }),
      rule(`${other.slice(0, 3)}*`, { id: "deny", effect: "deny" }),
    ]);
    const request: AccessRequest = {
      plate,
      probability,
      candidates: [
        { text: plate, probability },
        { text: other, probability: doubt },
      ],
      evidence: evidenceFor(plate),
      wants: "entry",
      leaving: false,
      frameAgeMs: 0,
      wallMs: 0,
      clockTrusted: true,
      locked: false,
      passages: {},
    };
    const { verdict } = access.decide(request, [rule(plate), denied]);
    if (doubt >= denyProbability) {
      assert.is.not(verdict, "granted", `${plate}, or with ${doubt} ${other}, denied by ${denied.plate}`);
      shut++;
    }
  });
  assert.ok(shut > 50);
});

test("no plate is more probable than its beginning", () => {
  const next = numbers(3);
  for (let round = 0; round < 200; round++) {
    const evidence = cloudy(next, 3);
    const plate = Array.from({ length: 3 }, () => LETTERS[Math.floor(next() * 36)]).join("");
    const whole = chanceOf({ text: plate, tolerance: 0 }, evidence);
    const open = chanceOf({ text: `${plate.slice(0, 2)}*`, tolerance: 0 }, evidence);
    const beginning = chanceOfBeginning(plate.slice(0, 2), evidence);
    assert.ok(beginning >= whole - 1e-12);
    assert.ok(Math.abs(beginning - open) < 2e-5, `${beginning} ${open}`);
  }
});

test.run();
