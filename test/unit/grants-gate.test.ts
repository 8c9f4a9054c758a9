/** What becomes of a grant when the barrier does not do at once, or not at all, what was asked of it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rule } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";
import { street } from "../support/street.js";

type Street = Awaited<ReturnType<typeof street>>;

/** The vehicle stands there, seen every second. */
function stand({ see, clock }: Street, plate: string, seconds: number, trackId = "front-1"): void {
  for (let t = 0; t < seconds; t++) {
    see(plate, { trackId, phase: "update" });
    clock.advance(1000);
  }
}

const visitor = () => [rule("AAA1", { usesLeft: 1, antiPassback: "hard" })];

test("a vehicle that takes longer to the loop than the gate waits is let in when it gets there, and counted only then", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 5000 }));
  stand(s, "AAA1", 6);
  assert.equal([s.edges("lift"), s.used, s.entries.at(-1)!.pass.letThrough], ["", [], false]);
  s.lines.drive("presence", true);
  stand(s, "AAA1", 90);
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]], "one pulse, one use");
  assert.is(s.entries.at(-1)!.pass.letThrough, true, "kept at once, not only when the vehicle is gone");
});

test("a vehicle that turns back before the loop has used nothing up and is not inside", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 5000 }));
  stand(s, "AAA1", 3);
  s.clock.advance(60_000);
  assert.equal([s.used, s.entries.at(-1)!.pass.letThrough], [[], false]);
  s.lines.drive("presence", true);
  s.clock.advance(100);
  s.see("AAA1", { trackId: "front-2" });
  assert.equal([s.edges("lift"), s.used], ["1", ["rule-AAA1"]]);
});

test("of two vehicles that wait for the loop each gets a lift of its own", async () => {
  const kit = gateKit({ inputs: ["presence"] }, { presenceWaitMs: 5000, openMs: 5000, travelMs: 2000 });
  const s = await street([rule("AAA1"), rule("BBB2")], {}, kit);
  s.see("AAA1", { trackId: "a" });
  s.see("BBB2", { trackId: "b" });
  s.clock.advance(500);
  s.lines.drive("presence", true);
  s.clock.advance(1000);
  s.see("AAA1", { trackId: "a", phase: "end" });
  s.lines.drive("presence", false);
  stand(s, "BBB2", 20, "b");
  assert.is(s.edges("lift"), "10");
  s.lines.drive("presence", true);
  stand(s, "BBB2", 60, "b");
  assert.is(s.edges("lift"), "1010");
});

test("a lift for somebody else does not stand for that of a vehicle on its way to the loop", async () => {
  const kit = gateKit(
    { inputs: ["presence", "exit"] },
    { presenceWaitMs: 5000, openMs: 5000, travelMs: 2000 },
  );
  const s = await street([rule("AAA1")], {}, kit);
  s.see("AAA1");
  s.lines.drive("exit", true);
  s.clock.advance(1000);
  s.lines.drive("exit", false);
  stand(s, "AAA1", 20);
  s.lines.drive("presence", true);
  stand(s, "AAA1", 20);
  assert.is(s.edges("lift"), "1010");
});

for (const barrier of [{ assumeOpenMs: 0 }, { assumeOpenMs: 3000, pulseMs: 3500 }])
  test(`a barrier without contacts is not taken for open when its relay was not pulled (${JSON.stringify(barrier)})`, async () => {
    const s = await street(visitor(), {}, gateKit({}, barrier));
    s.lines.breakLine("lift", "dead");
    stand(s, "AAA1", 5);
    assert.is(s.gate.state().cause, "no-relay");
    assert.is(s.lines.levels().green, false);
    assert.is(s.entries.at(-1)!.pass.letThrough, false);
    s.lines.breakLine("lift", null);
    stand(s, "AAA1", 10);
    assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]]);
    assert.is(s.gate.state().place, "open");
  });

for (const how of ["throws", "dead"] as const)
  test(`a relay that takes no level (${how}) is asked again, and what did not move anything is not counted`, async () => {
    const s = await street(visitor());
    s.lines.breakLine("lift", how);
    stand(s, "AAA1", 4);
    assert.is(s.entries.at(-1)!.pass.letThrough, false);
    assert.match(s.entries.at(-1)!.pass.sentence, /relay/i);
    s.see("AAA1", { phase: "end" });
    s.clock.advance(60_000);
    s.lines.breakLine("lift", null);
    stand(s, "AAA1", 90, "front-2");
    assert.is(s.entries.at(-1)!.pass.letThrough, true, "it is not inside, and its use is still there");
    assert.equal([s.edges("lift").endsWith("10"), s.used], [true, ["rule-AAA1"]]);
    s.clock.advance(60_000);
    s.see("AAA1", { trackId: "front-3", phase: "end" });
    s.clock.advance(5000);
    assert.is(s.entries.findLast((e) => e.decision)!.decision!.reason, "no-uses-left");
  });

test("a relay that is well again while the vehicle stands there opens for it, once", async () => {
  const s = await street(visitor());
  s.lines.breakLine("lift", "throws");
  stand(s, "AAA1", 20);
  s.lines.breakLine("lift", null);
  stand(s, "AAA1", 90);
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]]);
});

test("an arm that stays on its closed contact is tried again, less and less often; one that may be up is not", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["closed", "open"] }));
  s.lines.drive("closed", true);
  stand(s, "AAA1", 300);
  const tries = s.edges("lift").length / 2;
  assert.ok(tries >= 4 && tries <= 8, `${tries} pulses in five minutes`);
  assert.equal([s.used, s.entries.at(-1)!.pass.letThrough], [["rule-AAA1"], false]);
  assert.match(s.entries.at(-1)!.pass.sentence, "did not move");
  for (let t = 0; t < 60 && s.edges("lift").length === tries * 2; t++) stand(s, "AAA1", 1);
  s.lines.drive("closed", false);
  s.clock.advance(1000);
  s.lines.drive("open", true);
  stand(s, "AAA1", 90);
  assert.is(s.edges("lift").length / 2, tries + 1, "and once it has opened, it was let through");
  assert.equal([s.used, s.entries.at(-1)!.pass.letThrough], [["rule-AAA1"], true]);

  const blind = await street(visitor(), {}, gateKit({ inputs: ["open"] }));
  stand(blind, "AAA1", 90);
  assert.is(blind.edges("lift"), "10", "without a closed contact the arm may be up");
});

test("a pulse that STOP has cut is given again after the release, and counts once", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["stop"] }));
  s.see("AAA1");
  s.clock.advance(100);
  s.lines.drive("stop", true);
  stand(s, "AAA1", 10);
  assert.is(s.entries.at(-1)!.pass.letThrough, false);
  s.lines.drive("stop", false);
  stand(s, "AAA1", 90);
  assert.equal([s.edges("lift"), s.used], ["1010", ["rule-AAA1"]]);
  assert.is(s.entries.at(-1)!.pass.letThrough, true);
});

test("a gate that is locked and unlocked before the loop is reached still knows the vehicle", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 5000 }));
  const mode = (word: "locked" | "normal") =>
    s.gate.command({
      kind: "mode",
      mode: word,
      by: "ann",
      via: "test",
      receivedAtMs: s.clock.monotonicMs(),
    });
  stand(s, "AAA1", 1);
  mode("locked");
  s.lines.drive("presence", true);
  stand(s, "AAA1", 3);
  assert.equal([s.edges("lift"), s.used], ["", []]);
  mode("normal");
  stand(s, "AAA1", 3);
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]]);
});

test.run();
