import { test } from "uvu";
import * as assert from "uvu/assert";
import { ALPHABET, decode, type PlateRead } from "../../src/core/plate.js";
import { addRead, emptyVote, joinVotes, tally, tallyWith } from "../../src/core/vote.js";
import { evidenceFor } from "../support/evidence.js";
import { forSeeds, seeded } from "../support/random.js";
import { clearRead, randomPlate, simulatedTrack, usual } from "../support/simulated-reads.js";

/** Rather an 8 than a B. */
const doubtful = evidenceFor("8", 0.6, { 0: "B" })[0]!;

test("no reading gives no answer, and an empty reading counts as none", () => {
  const nothing = decode(
    Array.from({ length: 12 }, () => ALPHABET.split("").map((_, k) => (k === 0 ? 1 : 0))),
  );
  assert.is(tally(emptyVote), null);
  assert.is(tally(addRead(emptyVote, nothing)), null);
});

test("one clear reading is answered as it was read, and is not settled", () => {
  const answer = tally(vote([clearRead("AB123")]))!;
  assert.is(answer.plate, "AB123");
  assert.ok(answer.probability > 0.6 && answer.probability < 0.98, `${answer.probability}`);
  assert.not(answer.settled);
});

test("fifty equal readings never give certainty, and standing still gives less than moving", () => {
  const read = clearRead("AB123", 0.8);
  const still = tally(
    Array.from({ length: 50 }).reduce<ReturnType<typeof vote>>(
      (v) => addRead(v, read, 0.05),
      addRead(emptyVote, read),
    ),
  )!;
  const moving = tally(vote(Array.from({ length: 50 }, () => read)))!;
  assert.is(still.plate, "AB123");
  assert.ok(moving.probability < 1 && still.probability <= moving.probability);
  assert.ok(still.probability < 0.9996);
});

test("a character that one frame lost or invented does not shift the others", () => {
  const answer = tally(
    vote([clearRead("AB1234"), clearRead("A1234"), clearRead("AB1234"), clearRead("ABX1234", 0.6)]),
  )!;
  assert.is(answer.plate, "AB1234");
});

test("a part of the plate is not the plate, however often it is read, once the whole was clearly read twice", () => {
  const reads = [
    ...Array.from({ length: 8 }, () => clearRead("B1234")),
    clearRead("AB1234"),
    clearRead("AB1234"),
  ];
  assert.is(tally(vote(reads))!.plate, "AB1234");
});

test("an invented character that was read once does not make the plate longer", () => {
  const reads = [...Array.from({ length: 8 }, () => clearRead("AB1234")), clearRead("AB12341", 0.7)];
  assert.is(tally(vote(reads))!.plate, "AB1234");
});

test("the order of the readings does not change the answer", () => {
  forSeeds(200, (random) => {
    const reads = simulatedTrack(random, randomPlate(random), 8, { ...usual, quality: 0.85 });
    const forth = tally(vote(reads))!;
    const back = tally(vote([...reads].reverse()))!;
    assert.is(back.plate, forth.plate);
    assert.ok(Math.abs(back.probability - forth.probability) < 0.01);
  });
});

test("frames laid over each other decide between two texts, and count as no frame", () => {
  const torn = vote([
    clearRead("AB1238", 0.6),
    clearRead("AB123B", 0.6),
    clearRead("AB1238", 0.6),
    clearRead("AB123B", 0.6),
  ]);
  for (const text of ["AB1238", "AB123B"]) {
    const answer = tallyWith(torn, clearRead(text, 0.9))!;
    assert.is(answer.plate, text);
    assert.is(answer.frames, 4);
    assert.ok(answer.probability > tally(torn)!.probability);
  }
});

test("frames laid over each other have no say where the frames alone are sure, and none without a frame", () => {
  const sure = vote(Array.from({ length: 6 }, () => clearRead("AB123", 0.99)));
  assert.ok(tally(sure)!.settled);
  assert.equal(tallyWith(sure, clearRead("XY789", 0.99)), tally(sure));
  assert.equal(tallyWith(sure, null), tally(sure));
  assert.is(tallyWith(emptyVote, clearRead("XY789")), null);
});

test("candidates are sorted, differ, are at most ten, and their probabilities sum to no more than one", () => {
  forSeeds(200, (random) => {
    const { candidates, plate, probability, evidence } = tally(
      vote(simulatedTrack(random, randomPlate(random), random.whole(4, 12), { ...usual, quality: 0.85 })),
    )!;
    assert.ok(candidates.length >= 1 && candidates.length <= 10);
    assert.is(candidates[0]!.text, plate);
    assert.is(candidates[0]!.probability, probability);
    assert.is(new Set(candidates.map((c) => c.text)).size, candidates.length);
    assert.ok(candidates.every((c, i) => i === 0 || c.probability <= candidates[i - 1]!.probability));
    assert.ok(candidates.reduce((sum, c) => sum + c.probability, 0) <= 1 + 1e-9);
    assert.is(evidence.length, plate.length);
    for (const row of evidence) assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-6);
  });
});

test("two halves of a track joined answer as the whole track does", () => {
  forSeeds(200, (random) => {
    const reads = simulatedTrack(random, randomPlate(random), 10, { ...usual, quality: 0.85 });
    const joined = tally(joinVotes(vote(reads.slice(0, 4)), vote(reads.slice(4))))!;
    const whole = tally(vote(reads))!;
    assert.is(joined.plate, whole.plate);
    assert.ok(Math.abs(joined.probability - whole.probability) < 0.01);
  });
});

test("an hour of readings keeps the vote small", () => {
  const random = seeded(7);
  let v = emptyVote;
  for (let i = 0; i < 2000; i++) v = addRead(v, simulatedTrack(random, "KX51ABC", 1)[0]!, 0.1);
  assert.ok(v.groups.length <= 20);
  assert.is(tally(v)!.plate, "KX51ABC");
});

test("a vehicle that waited far off, misread in one character, is read within a few near frames, however long it stood", () => {
  const far = decode(evidenceFor("AB8123", 0.97, {}, 12).map((row, i) => (i === 2 ? doubtful : row)));
  for (const minutes of [1, 20, 480]) {
    let v = emptyVote;
    for (let i = 0; i < Math.min(minutes * 150, 5000); i++) v = addRead(v, far, 0.28);
    assert.is(tally(v)!.plate, "AB8123");
    let near = 0;
    for (; near < 45 && !(tally(v)!.plate === "ABB123" && tally(v)!.probability >= 0.9); near++)
      v = addRead(v, clearRead("ABB123"), 0.7);
    assert.ok(near < 30, `after ${minutes} minutes it took ${near} near frames`);
  }
});

test("fused votes beat the most frequent text and the best single frame on noisy tracks", () => {
  const right = { fused: 0, majority: 0, bestFrame: 0 };
  forSeeds(200, (random) => {
    const plate = randomPlate(random);
    const reads = simulatedTrack(random, plate, random.whole(4, 12));
    if (tally(vote(reads))?.plate === plate) right.fused++;
    if (majority(reads) === plate) right.majority++;
    if (bestFrame(reads) === plate) right.bestFrame++;
  });
  assert.ok(right.fused > right.majority + 5, JSON.stringify(right));
  assert.ok(right.fused > right.bestFrame + 10, JSON.stringify(right));
});

test("of a hundred answers at a probability about as many are right", () => {
  const bins = new Map<number, { said: number; right: number; n: number }>();
  forSeeds(1500, (random) => {
    const plate = randomPlate(random);
    const answered = tally(vote(simulatedTrack(random, plate, random.whole(2, 10))));
    if (answered === null) return;
    const { plate: answer, probability } = answered;
    const bin = bins.get(Math.floor(probability * 10)) ?? { said: 0, right: 0, n: 0 };
    bins.set(Math.floor(probability * 10), {
      said: bin.said + probability,
      right: bin.right + (answer === plate ? 1 : 0),
      n: bin.n + 1,
    });
  });
  const error = [...bins.values()].reduce((sum, b) => sum + Math.abs(b.said - b.right), 0) / 1500;
  assert.ok(error < 0.15, `expected calibration error ${error.toFixed(3)}`);
});

test.run();

function vote(reads: readonly PlateRead[]) {
  return reads.reduce((v, read) => addRead(v, read), emptyVote);
}

/** The way of recorders that compare whole strings: the most frequent text wins, the surer one of equals. */
function majority(reads: readonly PlateRead[]): string {
  const counts = new Map<string, number>();
  for (const r of reads) counts.set(r.text, (counts.get(r.text) ?? 0) + 1 + 0.001 * r.score);
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}

/** The way of others: the reading with the highest score. */
function bestFrame(reads: readonly PlateRead[]): string {
  return [...reads].sort((a, b) => b.score - a.score)[0]!.text;
}
