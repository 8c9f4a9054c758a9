import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import { replayDecision } from "../../src/core/access.js";
import { rule, sightingOf } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";
import { street } from "../support/street.js";

test("a listed plate opens before anything is stored, and its story is told from NEW to END", async () => {
  const { see, clock, order, entries, phases, ended, edges } = await street([rule("AAA1", { owner: "Ann" })]);
  see("AAA1", { crop: new Uint8Array([1]), frame: new Uint8Array([2]) });
  assert.equal(order, ["lift+", "stored"]);
  clock.advance(1000);
  see("AAA1", { phase: "end" });
  clock.advance(4000);
  assert.is(edges("lift"), "10");
  assert.is(phases(), "NEW END");
  const [first, last] = entries;
  assert.is(first!.decision!.verdict, "granted");
  assert.equal(
    first!.pictures!.map((p) => p.kind),
    ["crop", "frame"],
  );
  assert.is(first!.read!.chars.length, 4);
  assert.equal(
    first!.events.map((e) => e.kind),
    ["pass", "decision"],
  );
  assert.is(last!.pass.id, first!.pass.id);
  assert.is.not(last!.pass.endedAt, null);
  assert.equal(ended, [first!.pass.id]);
});

test("the enhanced crop is kept with its crop, and not with a clearer one that came after it", async () => {
  const { see, clock, entries } = await street([rule("AAA1")]);
  see("AAA1", { crop: new Uint8Array([1]), enhanced: new Uint8Array([2]) });
  clock.advance(1000);
  see("AAA1", { phase: "update", crop: new Uint8Array([3]) });
  clock.advance(1000);
  see("AAA1", { phase: "end" });
  clock.advance(4000);
  assert.equal(
    entries.flatMap((entry) => entry.pictures ?? []),
    [
      { kind: "crop", jpeg: new Uint8Array([1]), enhanced: new Uint8Array([2]) },
      { kind: "crop", jpeg: new Uint8Array([3]) },
    ],
  );
});

test("an unknown plate moves nothing and is told once, when it is settled", async () => {
  const { see, clock, entries, edges } = await street([rule("AAA1")]);
  see("BBB1");
  assert.is(entries.length, 0);
  clock.advance(1600);
  assert.is(entries.length, 1);
  assert.is(entries[0]!.decision!.verdict, "denied");
  see("BBB1", { phase: "end" });
  clock.advance(4000);
  assert.is(edges("lift"), "");
  assert.equal(
    entries.map((e) => e.decision?.verdict),
    ["denied", undefined],
  );
});

test("stale, future and foreign sightings open nothing", async () => {
  const { lane, clock, edges, see } = await street([rule("AAA1")]);
  const now = clock.monotonicMs();
  lane.sighting(sightingOf("AAA1", now - 1501, { trackId: "a" }));
  lane.sighting(sightingOf("AAA1", now + 1, { trackId: "b" }));
  lane.sighting(sightingOf("AAA1", Number.NaN, { trackId: "c" }));
  see("AAA1", { camera: "elsewhere", trackId: "d" });
  see("", { trackId: "e" });
  assert.is(edges("lift"), "");
  assert.is(lane.figures().dropped, 2);
});

test("a vehicle that stands there for long gets one pulse", async () => {
  const { see, clock, edges } = await street([rule("AAA1")]);
  for (let i = 0; i < 120; i++) {
    see("AAA1", { phase: i === 0 ? "new" : "update" });
    clock.advance(500);
  }
  assert.is(edges("lift"), "10");
});

test("a vehicle granted while the barrier was still open for another gets its own pulse once it has closed", async () => {
  const kit = gateKit({ inputs: ["closed", "open"] });
  kit.lines.drive("closed", true);
  const { see, clock, edges, lines } = await street([rule("AAA1"), rule("BBB2")], {}, kit);
  see("AAA1", { trackId: "a" });
  lines.drive("closed", false);
  clock.advance(1500);
  lines.drive("open", true);
  clock.advance(1000);
  see("BBB2", { trackId: "b" });
  assert.is(edges("lift"), "10");
  clock.advance(4000);
  lines.drive("open", false);
  clock.advance(100);
  lines.drive("closed", true);
  clock.advance(100);
  see("BBB2", { trackId: "b", phase: "update" });
  assert.is(edges("lift"), "101");
});

test("a visitor pass of one use lets one vehicle in, even before the store has counted it", async () => {
  const rules = [rule("AAA1", { usesLeft: 1 })];
  const { see, clock, used, entries } = await street(rules);
  see("AAA1", { trackId: "a", phase: "end" });
  clock.advance(30_000);
  see("AAA1", { trackId: "b", phase: "end" });
  clock.advance(5000);
  assert.equal(used, ["rule-AAA1"]);
  assert.equal(
    entries.filter((e) => e.decision).map((e) => e.decision!.reason),
    ["on-allow-list", "no-uses-left"],
  );
});

test("anti-passback remembers over a restart, from the passes that were stored", async () => {
  const rules = [rule("AAA1", { antiPassback: "hard" })];
  const first = await street(rules);
  first.see("AAA1", { phase: "end" });
  first.clock.advance(5000);
  const recent = [first.entries[0]!.pass];
  const second = await street(rules, { recent });
  second.see("AAA1", { phase: "end" });
  second.clock.advance(5000);
  assert.is(second.entries[0]!.decision!.reason, "passback");
  assert.is(second.edges("lift"), "");
  assert.is(second.lane.resetPassback("AAA1", "operator ann"), true);
  second.see("AAA1", { trackId: "front-9" });
  assert.is(second.edges("lift"), "1");
});

test("a vehicle that the barrier refused to the end is kept as not let through, and has not passed after a restart", async () => {
  const rules = [rule("AAA1", { antiPassback: "hard" }), rule("BBB2", { antiPassback: "hard" })];
  const { see, clock, gate, entries } = await street(rules);
  gate.event({ type: "operator", command: "stop" });
  see("AAA1", { trackId: "a" });
  see("AAA1", { trackId: "a", phase: "end" });
  clock.advance(5000);
  see("BBB2", { trackId: "b" });
  assert.is(entries.at(-1)!.pass.letThrough, false);
  gate.event({ type: "operator", command: "release" });
  see("BBB2", { trackId: "b", phase: "update" });
  assert.is(entries.at(-1)!.pass.letThrough, true, "kept at once, not only when the vehicle is gone");
  see("BBB2", { trackId: "b", phase: "end" });
  clock.advance(5000);
  const rows = new Map(entries.map((e) => [e.pass.plate, e.pass]));
  assert.is(rows.get("AAA1")!.verdict, "granted");
  assert.is(rows.get("AAA1")!.letThrough, false);
  assert.match(rows.get("AAA1")!.sentence, /stopped/);
  assert.is(rows.get("BBB2")!.letThrough, true);
  assert.not.match(rows.get("BBB2")!.sentence, /stopped/);

  const second = await street(rules, { recent: [...rows.values()] });
  for (const plate of ["AAA1", "BBB2"]) {
    second.see(plate, { trackId: plate, phase: "end" });
    second.clock.advance(20_000);
  }
  assert.equal(
    second.entries.flatMap((e) => (e.decision ? [e.decision.reason] : [])),
    ["on-allow-list", "passback"],
  );
});

test("the last word of a vehicle that the barrier refused, which is seconds old, leaves the reason as it is", async () => {
  const { see, clock, gate, entries } = await street([rule("AAA1")]);
  gate.event({ type: "operator", command: "stop" });
  see("AAA1", { trackId: "a" });
  const lastFrameAtMs = clock.monotonicMs();
  clock.advance(4000);
  see("AAA1", { trackId: "a", phase: "end", lastFrameAtMs });
  clock.advance(5000);
  assert.match(entries.at(-1)!.pass.sentence, /The barrier is stopped/);
  assert.not.match(entries.at(-1)!.pass.sentence, "too old");
});

test("every decision record replays to the decision that was carried out", async () => {
  const { see, clock, entries } = await street([
    rule("AAA1", { usesLeft: 1, antiPassback: "hard" }),
    rule("BBB*"),
  ]);
  for (const [i, plate] of ["AAA1", "BBB2", "CCC3", "AAA1"].entries()) {
    see(plate, { trackId: `t${i}`, phase: "end" });
    clock.advance(20_000);
  }
  const decisions = entries.flatMap((e) => (e.decision ? [e.decision] : []));
  assert.equal(
    decisions.map((d) => d.verdict),
    ["granted", "granted", "denied", "denied"],
  );
  for (const d of decisions) {
    const again = replayDecision(d.evidence);
    assert.equal(
      [again.verdict, again.reason, again.sentence, again.ruleId, again.plate, again.probability],
      [d.verdict, d.reason, d.sentence, d.ruleId, d.plate, d.probability],
    );
  }
});

test("a store that throws disturbs neither the gate nor the next vehicle", async () => {
  const { see, clock, edges } = await street([rule("AAA1"), rule("BBB2")], {
    onPass: () => {
      throw new Error("disk full");
    },
  });
  see("AAA1");
  clock.advance(60_000);
  see("BBB2", { trackId: "b" });
  assert.is(edges("lift"), "101");
});

test("an exit camera opens no entry-only rule", async () => {
  const config = defaultConfig();
  const { see, clock, edges, entries } = await street([rule("AAA1", { direction: "entry" })], {
    config: { ...config, cameras: [{ name: "front", direction: "exit" }] },
  });
  see("AAA1", { phase: "end" });
  clock.advance(5000);
  assert.is(edges("lift"), "");
  assert.is(entries[0]!.decision!.reason, "wrong-direction");
});

test("a grant that the barrier refuses says why, and is carried out as soon as it can be", async () => {
  const { see, gate, clock, entries, edges } = await street([rule("AAA1")]);
  gate.event({ type: "operator", command: "stop" });
  see("AAA1");
  assert.is(edges("lift"), "");
  assert.match(entries[0]!.pass.sentence, "The barrier is stopped");
  gate.event({ type: "operator", command: "release" });
  clock.advance(500);
  see("AAA1", { phase: "update" });
  assert.is(edges("lift"), "1");
});

test("a vehicle that the barrier refused is not inside, and has used nothing up", async () => {
  const { see, gate, clock, entries, edges, used } = await street([
    rule("AAA1", { antiPassback: "hard", usesLeft: 1 }),
  ]);
  gate.event({ type: "operator", command: "stop" });
  see("AAA1", { phase: "end" });
  clock.advance(20_000);
  assert.equal([edges("lift"), used], ["", []]);
  gate.event({ type: "operator", command: "release" });
  see("AAA1", { trackId: "front-2" });
  assert.equal([edges("lift"), used], ["1", ["rule-AAA1"]]);
  clock.advance(500);
  see("AAA1", { trackId: "front-2", phase: "end" });
  clock.advance(20_000);
  see("AAA1", { trackId: "front-3", phase: "end" });
  clock.advance(5000);
  assert.is(entries.findLast((e) => e.decision)!.decision!.verdict, "denied");
});

test("closing the lane ends what is open", async () => {
  const { see, lane, phases } = await street([rule("AAA1")]);
  see("AAA1");
  lane.close();
  assert.is(phases(), "NEW END");
});

test.run();
