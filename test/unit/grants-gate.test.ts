/** What becomes of a grant when the barrier does not do at once, or not at all, what was asked of it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import type { AccessRule } from "../../src/core/records.js";
import { rule } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";
import { street } from "../support/street.js";

const entry = { name: "front", direction: "entry" } as const;
type Street = Awaited<ReturnType<typeof street>>;

/** The vehicle stands there, seen every second. */
function stand({ see, clock }: Street, plate: string, seconds: number, trackId = "front-1"): void {
  for (let t = 0; t < seconds; t++) {
    see(plate, { trackId, phase: "update" });
    clock.advance(1000);
  }
}

/** A visitor was lifted for at an arm with both contacts, and is out of view half a second later; the arm has not moved yet. */
async function liftedForAndGone(): Promise<Street> {
  const s = await street(visitor(), {}, gateKit({ inputs: ["closed", "open"] }));
  s.lines.drive("closed", true);
  s.clock.advance(1000);
  s.see("AAA1");
  s.clock.advance(500);
  s.see("AAA1", { phase: "end" });
  return s;
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

test("the gate does not lift for the next vehicle on the loop once the granted one has turned away before it", async () => {
  const kit = gateKit({ inputs: ["presence"] }, { presenceWaitMs: 10_000 });
  const s = await street([rule("AAA1"), rule("BBB2")], {}, kit);
  s.see("AAA1", { trackId: "a" });
  s.clock.advance(1000);
  s.see("AAA1", { trackId: "a", phase: "update", direction: "leaving" });
  s.lines.drive("presence", true);
  s.clock.advance(2000);
  s.lines.drive("presence", false);
  s.clock.advance(500);
  assert.is(s.edges("lift"), "", "whoever that was");
  s.see("AAA1", { trackId: "a", phase: "update", direction: "approaching" });
  s.see("BBB2", { trackId: "b" });
  s.see("BBB2", { trackId: "b", phase: "update", direction: "leaving" });
  s.lines.drive("presence", true);
  s.clock.advance(2000);
  assert.is(s.edges("lift"), "10", "it came back, and another one that left takes nothing from it");
});

test("a vehicle that was last seen some seconds before it reaches the loop has used its pass and is inside", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 10_000 }));
  const drive = (trackId: string) => {
    s.see("AAA1", { trackId });
    s.clock.advance(300);
    s.see("AAA1", { trackId, phase: "end" });
    s.clock.advance(5000);
    s.lines.drive("presence", true);
    s.clock.advance(2000);
    s.lines.drive("presence", false);
    s.clock.advance(60_000);
  };
  drive("a");
  assert.equal([s.edges("lift"), s.used, s.ended.length], ["10", ["rule-AAA1"], 1]);
  assert.is(s.entries.at(-1)!.pass.letThrough, true);
  drive("b");
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]], "the pass had one use");
  assert.is(s.entries.findLast((e) => e.decision)!.decision!.reason, "no-uses-left");
});

test("a vehicle that is lost from view and seen again before the loop has used its pass once", async () => {
  const rules = [rule("AAA1", { usesLeft: 3 })];
  const s = await street(rules, {}, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 10_000 }));
  s.see("AAA1", { trackId: "a", phase: "end" });
  s.clock.advance(4000);
  stand(s, "AAA1", 2, "b");
  s.lines.drive("presence", true);
  stand(s, "AAA1", 10, "b");
  s.see("AAA1", { trackId: "b", phase: "end" });
  s.clock.advance(60_000);
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]]);
  const rows = new Map(s.entries.map((e) => [e.pass.id, e.pass]));
  assert.equal(
    [...rows.values()].map((r) => [r.letThrough, r.endedAt !== null]),
    [
      [false, true],
      [true, true],
    ],
  );
});

test("a vehicle that never reaches the loop ends its pass all the same, and so does a lane that closes", async () => {
  const s = await street(visitor(), {}, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 10_000 }));
  s.see("AAA1", { phase: "end" });
  s.clock.advance(20_000);
  assert.equal([s.phases(), s.used, s.ended.length], ["NEW END", [], 1]);
  s.see("AAA1", { trackId: "front-2", phase: "end" });
  s.clock.advance(5000);
  assert.is(s.ended.length, 1);
  s.lane.close();
  assert.equal([s.ended.length, s.edges("lift")], [2, ""]);
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

test("a grant that the barrier did not take is not carried out once the rules or the time have withdrawn it", async () => {
  const [listed, later] = [rule("AAA1"), rule("AAA1", { validTo: "2026-01-05 13:00" })];
  const changes: [string, AccessRule[], AccessRule[]][] = [
    ["removed", [listed], []],
    ["denied", [listed], [listed, rule("AAA1", { id: "deny", effect: "deny" })]],
    ["denied by a pattern", [listed], [listed, rule("AAA*", { id: "deny", effect: "deny" })]],
    ["expired", [later], [later]],
    ["a note was changed", [listed], [{ ...listed, note: "red car" }]],
  ];
  for (const [what, before, after] of changes) {
    let rules = before;
    const config = { ...defaultConfig(), timeZone: "UTC" };
    const s = await street([], { rules: () => rules, config: { ...config, cameras: [entry] } });
    s.gate.event({ type: "operator", command: "stop" });
    stand(s, "AAA1", 5);
    rules = after;
    if (what === "expired") stand(s, "AAA1", 3700);
    s.gate.event({ type: "operator", command: "release" });
    stand(s, "AAA1", 5);
    const isRefused = what !== "a note was changed";
    assert.is(s.edges("lift"), isRefused ? "" : "10", what);
    s.see("AAA1", { phase: "end" });
    s.clock.advance(5000);
    const { pass } = s.entries.at(-1)!;
    assert.is(pass.letThrough, !isRefused, what);
    if (isRefused) assert.match(pass.sentence, /That has changed: AAA[1*] is/, what);
  }
});

test("a vehicle that waits for the loop is not lifted for there once its rule has gone, and is when it is back", async () => {
  const listed = [rule("AAA1")];
  for (const changed of [[], [...listed, rule("AAA1", { id: "deny", effect: "deny" })]]) {
    let rules: AccessRule[] = listed;
    const kit = gateKit({ inputs: ["presence"] }, { presenceWaitMs: 10_000 });
    const s = await street([], { rules: () => rules }, kit);
    stand(s, "AAA1", 2);
    assert.is(s.gate.state().awaiting, true);
    rules = changed;
    stand(s, "AAA1", 2);
    s.lines.drive("presence", true);
    stand(s, "AAA1", 2);
    assert.is(s.edges("lift"), "");
    assert.is(s.gate.state().awaiting, false);
    rules = listed;
    stand(s, "AAA1", 2);
    assert.is(s.edges("lift"), "10");
  }
});

test("a lift that comes to nothing after the plate was seen last gives its use back, and the vehicle is not inside", async () => {
  const s = await liftedForAndGone();
  s.clock.advance(30_000);
  assert.is(s.gate.state().cause, "stuck");
  assert.equal([s.ended.length, s.entries.at(-1)!.pass.letThrough], [1, false]);
  assert.match(s.entries.at(-1)!.pass.sentence, "did not move");
  stand(s, "AAA1", 2, "front-2");
  assert.is(s.edges("lift"), "1010", "it is lifted for when it is seen again");
});

test("a pass whose lift is still going on when the plate was seen last ends with it, whatever the contacts say", async () => {
  for (const contacts of ["opens", "contradict", "say nothing"]) {
    const s = await liftedForAndGone();
    s.clock.advance(5000);
    assert.is(s.ended.length, 0);
    if (contacts !== "contradict") s.lines.drive("closed", false);
    if (contacts !== "say nothing") s.lines.drive("open", true);
    s.clock.advance(10_000);
    assert.equal([s.ended.length, s.entries.at(-1)!.pass.letThrough], [1, true], contacts);
  }
});

test("the last use of a pattern lets in one of two vehicles that the barrier kept waiting, and that one to the end", async () => {
  const kit = gateKit({ inputs: ["closed"] });
  kit.lines.drive("closed", true);
  const s = await street([rule("VIS*", { usesLeft: 1, antiPassback: "hard" })], {}, kit);
  s.gate.event({ type: "operator", command: "stop" });
  const both = (seconds: number) => {
    for (let t = 0; t < seconds; t++) {
      for (const n of [1, 2]) s.see(`VIS${n}`, { trackId: `${n}`, phase: "update" });
      s.clock.advance(1000);
    }
  };
  both(3);
  s.gate.event({ type: "operator", command: "release" });
  both(2);
  s.lines.drive("closed", false);
  both(60);
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-VIS*"]]);
});

test("a vehicle that was told that the way is open keeps its own lift to come, though its last use is counted", async () => {
  const kit = gateKit({ inputs: ["closed", "open"] });
  kit.lines.drive("closed", true);
  const s = await street([rule("AAA1"), rule("BBB2", { usesLeft: 1, antiPassback: "hard" })], {}, kit);
  s.see("AAA1", { trackId: "a" });
  s.lines.drive("closed", false);
  s.clock.advance(1500);
  s.lines.drive("open", true);
  s.clock.advance(1000);
  stand(s, "BBB2", 4, "b");
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-BBB2"]]);
  s.lines.drive("open", false);
  s.clock.advance(100);
  s.lines.drive("closed", true);
  stand(s, "BBB2", 4, "b");
  assert.equal([s.edges("lift"), s.used], ["1010", ["rule-BBB2"]]);
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

for (const how of ["lines", "stop"] as const)
  test(`a lift that was given whole before it was broken off (${how}) keeps its use, and the vehicle may be lifted for once more on it`, async () => {
    const back: boolean[] = [];
    const used: string[] = [];
    const uses = {
      use: (id: string) => void used.push(id),
      giveBack: (_: string, is: boolean) => void back.push(is),
    };
    const kit = gateKit({ inputs: ["closed", "open"] });
    kit.lines.drive("closed", true);
    const s = await street(visitor(), { uses }, kit);
    s.see("AAA1");
    s.lines.drive("closed", false);
    s.clock.advance(1500);
    assert.equal([s.edges("lift"), s.gate.state().place], ["10", "opening"]);
    s.gate.event(how === "lines" ? { type: "shutdown" } : { type: "operator", command: "stop" });
    assert.is(s.entries.at(-1)!.pass.letThrough, false);
    assert.equal(back, [], "the arm was on its way up: somebody may have driven in");
    // It has, and comes again.
    s.see("AAA1", { phase: "end" });
    s.clock.advance(60_000);
    s.gate.event(how === "lines" ? { type: "boot", inputs: {} } : { type: "operator", command: "release" });
    stand(s, "AAA1", 5, "front-2");
    assert.equal([s.edges("lift"), used], ["10", ["rule-AAA1"]], "the pass had one use");

    const stands = await street(visitor(), { uses: { ...uses, use() {} } }, gateKit({ inputs: ["open"] }));
    stands.see("AAA1");
    stands.clock.advance(1500);
    stands.gate.event(how === "lines" ? { type: "shutdown" } : { type: "operator", command: "stop" });
    stand(stands, "AAA1", 5);
    stands.gate.event(
      how === "lines" ? { type: "boot", inputs: {} } : { type: "operator", command: "release" },
    );
    stand(stands, "AAA1", 60);
    assert.equal([stands.edges("lift"), back], ["1010", []]);
    assert.is(stands.entries.at(-1)!.pass.letThrough, true);
  });

test.run();
