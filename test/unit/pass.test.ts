import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AccessDecision } from "../../src/core/access.js";
import { nextTickMs, type PassEffect, type PassesState, stepPasses } from "../../src/core/pass.js";
import type { Sighting } from "../../src/core/sighting.js";
import { sightingOf } from "../support/evidence.js";

/** A lane in small: passes, and a list that grants. */
function road(granted: (sighting: Sighting) => boolean = () => false) {
  let state: PassesState = [];
  let n = 0;
  const told: string[] = [];
  const decide = (sighting: Sighting): AccessDecision => ({
    verdict: granted(sighting) ? "granted" : "denied",
    reason: granted(sighting) ? "on-allow-list" : "not-on-list",
    sentence: "",
    ruleId: null,
    plate: sighting.plate,
    probability: sighting.probability,
  });
  const run = (event: Parameters<typeof stepPasses>[1]): readonly PassEffect[] => {
    const step = stepPasses(state, event, decide);
    state = step.state;
    for (const e of step.effects) {
      if (e.type === "decided") told.push(`${e.pass.id} ${e.decision.verdict} ${e.decision.plate}`);
      if (e.type === "ended") told.push(`${e.pass.id} ended`);
    }
    return step.effects;
  };
  return {
    told,
    open: () => state.length,
    state: () => state,
    see: (plate: string, atMs: number, more: Partial<Sighting> = {}) =>
      run({ type: "sighting", sighting: sightingOf(plate, atMs, more), id: `p${++n}`, nowMs: atMs }),
    tick: (nowMs: number) => run({ type: "tick", nowMs }),
  };
}

test("a grant is told with the first sighting that suffices", () => {
  const { see, told } = road((s) => s.probability > 0.9);
  see("AAA1", 1000, { probability: 0.5 });
  assert.equal(told, []);
  see("AAA1", 1100, { phase: "update", probability: 0.95 });
  assert.equal(told, ["p1 granted AAA1"]);
});

test("a denial waits until the evidence is settled, and the last word counts", () => {
  const { see, tick, told } = road();
  see("AAB1", 1000, { frames: 1 });
  see("AAA1", 1200, { phase: "update", frames: 3 });
  assert.equal(told, []);
  tick(2500);
  assert.equal(told, ["p1 denied AAA1"]);
});

test("many readings settle a denial earlier, the end of the track at once", () => {
  const many = road();
  many.see("AAA1", 1000, { frames: 2 });
  many.see("AAA1", 1600, { phase: "update", frames: 9 });
  assert.equal(many.told, ["p1 denied AAA1"]);
  const gone = road();
  gone.see("AAA1", 1000, { frames: 2 });
  gone.see("AAA1", 1100, { phase: "end", frames: 3 });
  assert.equal(gone.told, ["p1 denied AAA1"]);
});

test("a denial becomes a grant when the evidence does, and a grant is never taken back", () => {
  const { see, tick, told } = road((s) => s.plate === "AAA1");
  see("AAB1", 1000);
  tick(2500);
  see("AAA1", 2600, { phase: "update" });
  see("AAB1", 2700, { phase: "update" });
  tick(4000);
  assert.equal(told, ["p1 denied AAB1", "p1 granted AAA1"]);
});

test("a standing vehicle that only waited for its direction is let in without another sighting", () => {
  let isPending = true;
  const { see, tick, told, state } = road(() => !isPending);
  see("AAA1", 1000, { direction: "unknown", firstFrameAtMs: 900, frames: 9 });
  assert.is(nextTickMs(state(), 1000), 500);
  isPending = false;
  tick(1500);
  assert.equal(told, ["p1 granted AAA1"]);
});

test("a denial is not told while the direction may still change it", () => {
  const { see, tick, told } = road();
  see("AAA1", 1000, { direction: "unknown", firstFrameAtMs: 980, frames: 9 });
  see("AAA1", 1550, { direction: "unknown", firstFrameAtMs: 980, frames: 9, phase: "update" });
  assert.equal(told, []);
  tick(1580);
  assert.equal(told, ["p1 denied AAA1"]);
});

test("one vehicle on several tracks and cameras is one pass", () => {
  const { see, tick, told } = road(() => true);
  see("AAA1", 1000, { trackId: "front-1" });
  see("AAA1", 1500, { trackId: "front-1", phase: "end" });
  see("AAA1", 3000, { trackId: "front-2" });
  see("AAA1", 3100, { trackId: "rear-1", camera: "rear" });
  see("AAA1", 3200, { trackId: "front-2", phase: "end" });
  see("AAA1", 3300, { trackId: "rear-1", phase: "end" });
  tick(6299);
  assert.equal(told, ["p1 granted AAA1"]);
  tick(6300);
  assert.equal(told, ["p1 granted AAA1", "p1 ended"]);
});

test("two vehicles at once are two passes", () => {
  const { see, told, open } = road(() => true);
  see("AAA1", 1000, { trackId: "front-1" });
  see("BBB2", 1000, { trackId: "front-2" });
  assert.is(open(), 2);
  assert.equal(told, ["p1 granted AAA1", "p2 granted BBB2"]);
});

test("a track that reads its neighbour's likely plate joins it", () => {
  const { see, open } = road();
  see("AAA1", 1000, {
    trackId: "a",
    candidates: [
      { text: "AAA1", probability: 0.6 },
      { text: "AAAI", probability: 0.3 },
    ],
  });
  see("AAAI", 1200, { trackId: "b" });
  assert.is(open(), 1);
});

test("the same plate some time later is another pass", () => {
  const { see, tick, told } = road(() => true);
  see("AAA1", 1000, { phase: "end" });
  tick(4000);
  see("AAA1", 4100, { trackId: "front-2" });
  assert.equal(told, ["p1 granted AAA1", "p1 ended", "p2 granted AAA1"]);
});

test("a vehicle that takes the place of a granted one under its track is decided on by itself, once that is no misreading", () => {
  const { see, told, tick } = road((s) => s.plate === "AAA1");
  see("AAA1", 1000);
  assert.equal(see("AAB1", 2000, { phase: "update" }), [], "the grant is not put to the gate for it");
  see("AAA1", 2500, { phase: "update" });
  see("AAB1", 3000, { phase: "update" });
  see("AAB1", 3500, { phase: "update", frames: 9 });
  tick(5100);
  assert.equal(told, ["p1 granted AAA1", "p5 denied AAB1"]);
  see("AAB1", 5500, { phase: "update" });
  tick(6500);
  assert.equal(told, ["p1 granted AAA1", "p5 denied AAB1", "p1 ended"]);
});

test("a granted vehicle keeps its pass while its plate is still thought likely, and under another track", () => {
  const { see, open } = road((s) => s.plate === "AAA1");
  see("AAA1", 1000, { trackId: "a" });
  const likely = [
    { text: "AAAI", probability: 0.9 },
    { text: "AAA1", probability: 0.1 },
  ];
  see("AAAI", 1500, { trackId: "a", phase: "update", candidates: likely, probability: 0.9 });
  see("AAAI", 2000, { trackId: "a", phase: "update", candidates: likely, probability: 0.9 });
  see("AAAI", 2500, { trackId: "b", candidates: likely, probability: 0.9 });
  assert.is(open(), 1);
  see("AAB1", 2600, { trackId: "c" });
  see("AAA1", 2700, { trackId: "a", phase: "update" });
  assert.is(open(), 2, "the neighbour of the fleet stands beside it");
});

test("an eye that falls silent ends its passes", () => {
  const { see, tick, told, state } = road(() => true);
  see("AAA1", 1000);
  assert.is(nextTickMs(state(), 1000), 8000);
  tick(9000);
  assert.equal(told, ["p1 granted AAA1", "p1 ended"]);
  assert.is(nextTickMs(state(), 9000), null);
});

test("a flood of tracks opens no flood of passes, and does not keep a vehicle out", () => {
  const { see, open, told } = road((s) => s.plate === "AAA1");
  for (let i = 0; i < 500; i++)
    see(`X${String.fromCharCode(65 + (i % 26))}${i}`, 1000, { trackId: `t${i}`, candidates: [] });
  assert.is(open(), 32);
  see("AAA1", 1001, { trackId: "car" });
  assert.equal(told.at(-1), "p501 granted AAA1");
  assert.is(open(), 32);
});

test.run();
