/** What becomes of a pass that the rules left open when a person answers, and when he answers too late. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withoutForgotten } from "../../src/appliance/recent-passes.js";
import { defaultConfig } from "../../src/config.js";
import { replayDecision } from "../../src/core/access.js";
import type { AccessRule, AuditRecord } from "../../src/core/records.js";
import type { PassEntry } from "../../src/core/repositories.js";
import { createDesk } from "../../src/gate/desk.js";
import { createLane } from "../../src/gate/lane.js";
import { silentLog } from "../../src/system/log.js";
import { evidenceFor, rule, sightingOf } from "../support/evidence.js";
import { gateKit } from "../support/gate-kit.js";

/** A gate where unknown plates are asked about, and the desk at which a guard answers. */
async function lodge(rules: readonly AccessRule[] = [], wired: Parameters<typeof gateKit>[0] = {}) {
  const kit = gateKit(wired);
  await kit.gate.start();
  const entries: PassEntry[] = [];
  const used: string[] = [];
  const audit: AuditRecord[] = [];
  const config = defaultConfig();
  const lane = createLane({
    config: {
      ...config,
      cameras: [{ name: "front", direction: "entry" }],
      access: { ...config.access, unknown: "ask" },
    },
    clock: kit.clock,
    log: silentLog,
    rules: () => rules,
    gate: kit.gate,
    clockTrusted: () => true,
    onPass: (entry) => void entries.push(entry),
    uses: { use: (id) => void used.push(id), giveBack() {} },
  });
  const desk = createDesk({
    clock: kit.clock,
    log: silentLog,
    gate: kit.gate,
    lane: () => lane,
    maxCommandAgeMs: 3000,
    keep: { settled: async () => true },
    audit: async (entry) => void audit.push(entry),
  });
  const see = (plate: string, change: Parameters<typeof sightingOf>[2] = {}) =>
    lane.sighting(sightingOf(plate, kit.clock.monotonicMs(), { phase: "update", ...change }));
  /** The vehicle stands there: seen every half second, as an eye does it. */
  const stand = (plate: string, ms: number, change: Parameters<typeof sightingOf>[2] = {}) => {
    for (let t = 0; t < ms; t += 500) {
      see(plate, change);
      kit.clock.advance(500);
    }
    see(plate, change);
  };
  const say = (kind: "approve" | "refuse", pass: string | undefined, ageMs = 0) =>
    desk.command({
      kind,
      by: "ann",
      via: "mqtt",
      receivedAtMs: kit.clock.monotonicMs() - ageMs,
      ...(pass === undefined ? {} : { pass }),
    });
  const decisions = () => entries.flatMap((e) => (e.decision ? [e.decision] : []));
  return { ...kit, lane, desk, entries, used, audit, see, stand, say, decisions };
}

/** A reading that is torn between the denied plate and another. */
const doubtful = {
  evidence: evidenceFor("DDD1", 0.7, { 0: "O" }),
  probability: 0.3,
  candidates: [
    { text: "ODD1", probability: 0.7 },
    { text: "DDD1", probability: 0.3 },
  ],
};

test("a vehicle that is asked about moves nothing until somebody approves it, and then opens at once", async () => {
  const { stand, say, edges, entries, decisions, clock } = await lodge();
  stand("BBB1", 20_000);
  assert.is(edges("lift"), "");
  assert.equal([decisions()[0]!.verdict, decisions()[0]!.reason], ["ask", "not-on-list"]);
  const answer = await say("approve", entries[0]!.pass.id);
  assert.equal([answer.accepted, answer.reason, edges("lift")], [true, "pulsed", "1"]);
  const last = entries.at(-1)!;
  assert.equal([last.pass.verdict, last.pass.reason, last.pass.plate], ["granted", "approved", "BBB1"]);
  assert.match(last.pass.sentence, "Let in by ann (mqtt).");
  stand("BBB1", 60_000);
  assert.is(edges("lift"), "10", "one approval is one pulse");
  clock.advance(20_000);
  assert.is(entries.at(-1)!.pass.verdict, "granted");
});

test("the decision of a person replays to the same answer, and is reported as a decision", async () => {
  const { stand, say, entries, decisions } = await lodge();
  stand("BBB1", 2000);
  await say("approve", entries[0]!.pass.id);
  const made = decisions().at(-1)!;
  const again = replayDecision(made.evidence);
  assert.equal(
    [again.verdict, again.reason, again.sentence, again.plate, again.ruleId, again.probability],
    [made.verdict, made.reason, made.sentence, made.plate, made.ruleId, made.probability],
  );
  assert.equal(
    entries.at(-1)!.events.map((e) => e.kind),
    ["pass", "decision"],
  );
});

test("an approval for a vehicle that has gone opens nothing, however fresh the command is", async () => {
  const ended = await lodge();
  ended.stand("BBB1", 2000);
  ended.see("BBB1", { phase: "end" });
  assert.is((await ended.say("approve", ended.entries[0]!.pass.id)).reason, "gone");
  const unseen = await lodge();
  unseen.stand("BBB1", 2000);
  unseen.clock.advance(3001);
  assert.is((await unseen.say("approve", unseen.entries[0]!.pass.id)).reason, "gone");
  const old = await lodge();
  old.stand("BBB1", 2000);
  old.see("BBB1", { phase: "end" });
  old.clock.advance(10_000);
  old.stand("CCC1", 2000, { trackId: "front-2" });
  assert.is((await old.say("approve", old.entries[0]!.pass.id)).reason, "gone", "the next one is another");
  for (const { edges } of [ended, unseen, old]) assert.is(edges("lift"), "");
});

test("a command that is late, from the future, without a pass or with an unknown one opens nothing", async () => {
  const { stand, say, edges, entries } = await lodge();
  stand("BBB1", 2000);
  const { id } = entries[0]!.pass;
  assert.is((await say("approve", id, 3001)).reason, "too-old");
  assert.is((await say("approve", id, -1)).reason, "too-old");
  assert.is((await say("approve", undefined)).reason, "unknown-command");
  assert.is((await say("approve", "no-such-pass")).reason, "gone");
  assert.is(edges("lift"), "");
});

test("what is no question cannot be answered: read still, granted, denied, or answered before", async () => {
  const { see, stand, say, edges, entries, lane } = await lodge([
    rule("AAA1"),
    rule("DDD1", { effect: "deny" }),
  ]);
  see("BBB1");
  assert.match((await say("approve", lane.open()[0]!.id)).sentence, "still being read");
  stand("BBB1", 2000);
  const { id } = entries[0]!.pass;
  assert.is((await say("refuse", id)).reason, "refused");
  assert.match((await say("approve", id)).sentence, "refused already");
  see("BBB1", { phase: "end" });
  stand("DDD1", 2000, { trackId: "front-2" });
  assert.match((await say("approve", entries.at(-1)!.pass.id)).sentence, "The rules have refused it");
  assert.is(edges("lift"), "");
  see("DDD1", { trackId: "front-2", phase: "end" });
  see("AAA1", { trackId: "front-3" });
  assert.match((await say("refuse", entries.at(-1)!.pass.id)).sentence, "let in");
});

test("a vehicle that somebody refused stays refused, whatever is read of it afterwards", async () => {
  const { stand, say, edges, entries, decisions } = await lodge([rule("AAA1")]);
  stand("AAA7", 2000);
  await say("refuse", entries[0]!.pass.id);
  stand("AAA1", 5000);
  assert.is(edges("lift"), "");
  assert.equal(
    decisions().map((d) => d.reason),
    ["not-on-list", "refused"],
  );
  assert.is(replayDecision(decisions()[1]!.evidence).reason, "refused");
});

test("an approval that the gate does not take stays a question, and is not carried out later", async () => {
  const { stand, say, edges, entries, gate } = await lodge();
  stand("BBB1", 2000);
  const { id } = entries[0]!.pass;
  gate.event({ type: "operator", command: "stop" });
  assert.equal([(await say("approve", id)).reason, entries.at(-1)!.pass.verdict], ["stopped", "ask"]);
  gate.event({ type: "operator", command: "release" });
  stand("BBB1", 10_000);
  assert.is(edges("lift"), "");
  assert.is((await say("approve", id)).reason, "pulsed");
  assert.is(edges("lift"), "1");
});

test("a locked gate takes no approval", async () => {
  const { stand, say, edges, entries, desk, clock } = await lodge();
  const mode = (word: "locked" | "normal") =>
    desk.command({ kind: "mode", mode: word, by: "ann", via: "mqtt", receivedAtMs: clock.monotonicMs() });
  await mode("locked");
  stand("BBB1", 2000);
  assert.is((await say("approve", entries[0]!.pass.id)).reason, "locked");
  await mode("normal");
  stand("BBB1", 2000);
  assert.is(edges("lift"), "");
});

test("what may be a denied plate, and is approved, goes down as the plate that was read", async () => {
  const { stand, say, entries, decisions } = await lodge([rule("DDD1", { effect: "deny" })]);
  stand("ODD1", 3000, doubtful);
  assert.equal([decisions()[0]!.reason, decisions()[0]!.plate], ["maybe-denied", "DDD1"]);
  await say("approve", entries[0]!.pass.id);
  const made = decisions().at(-1)!;
  assert.equal([made.reason, made.plate, made.ruleId], ["approved", "ODD1", null]);
  assert.is(entries.at(-1)!.pass.plate, "ODD1");
});

test("an approved visitor has used his pass, and a refused one has not", async () => {
  for (const [kind, uses] of [
    ["approve", ["rule-AAA1"]],
    ["refuse", []],
  ] as const) {
    const { stand, say, entries, used } = await lodge([rule("AAA1", { usesLeft: 1 })]);
    stand("AAA1", 3000, { probability: 0.6, candidates: [{ text: "AAA1", probability: 0.6 }] });
    assert.is(entries[0]!.decision!.reason, "unsure");
    await say(kind, entries[0]!.pass.id);
    assert.equal(used, [...uses]);
  }
});

test("every command is written down with who, how and what became of it; a log that fails disturbs nobody", async () => {
  const { stand, say, entries, audit, desk, gate, clock, lane } = await lodge();
  stand("BBB1", 2000);
  const { id } = entries[0]!.pass;
  await say("approve", id);
  await say("approve", id);
  await desk.command({ kind: "stop", by: "bob", via: "sparkplug", receivedAtMs: clock.monotonicMs() });
  assert.equal(
    audit.map((a) => [a.actor, a.action, a.subject, JSON.parse(a.detail).accepted]),
    [
      ["ann (mqtt)", "gate.approve", id, true],
      ["ann (mqtt)", "gate.approve", id, false],
      ["bob (sparkplug)", "gate.stop", "", true],
    ],
  );
  const deaf = createDesk({
    clock,
    log: silentLog,
    gate,
    lane: () => lane,
    maxCommandAgeMs: 3000,
    keep: { settled: async () => false },
    audit: () => Promise.reject(new Error("disk full")),
  });
  const answer = await deaf.command({
    kind: "release",
    by: "bob",
    via: "mqtt",
    receivedAtMs: clock.monotonicMs(),
  });
  assert.is(answer.accepted, true);
  assert.match(answer.sentence, "a restart will forget it");
});

test("an operator can have it forgotten on which side a plate was seen, once, and that is not undone by a restart", async () => {
  const { stand, see, desk, entries, audit, clock, edges } = await lodge([
    rule("AAA1", { antiPassback: "hard" }),
  ]);
  const forget = () =>
    desk.command({
      kind: "reset-passback",
      plate: "aaa 1",
      why: "left by the other gate",
      by: "ann",
      via: "mqtt",
      receivedAtMs: clock.monotonicMs(),
    });
  assert.is((await forget()).reason, "not-remembered");
  stand("AAA1", 1000);
  see("AAA1", { phase: "end" });
  clock.advance(30_000);
  stand("AAA1", 3000, { trackId: "front-2" });
  see("AAA1", { trackId: "front-2", phase: "end" });
  assert.is(entries.findLast((e) => e.decision)!.decision!.reason, "passback");
  clock.advance(30_000);
  assert.is((await forget()).accepted, true);
  assert.is(JSON.parse(audit.at(-1)!.detail).why, "left by the other gate");
  stand("AAA1", 1000, { trackId: "front-3", box: [400, 0, 100, 30] });
  assert.is(edges("lift"), "1010");
  const log = {
    list: async () => ({ items: audit.filter((a) => a.action === "gate.reset-passback"), next: null }),
  };
  see("AAA1", { trackId: "front-3", phase: "end" });
  clock.advance(30_000);
  const ended = entries.map((e) => e.pass).filter((p) => p.endedAt !== null && p.verdict === "granted");
  const passes = ended.map((p) => ({ ...p }));
  assert.is(passes.length, 2);
  assert.equal(await withoutForgotten(passes, log), [passes[1]]);
  assert.equal(await withoutForgotten(passes, { list: async () => ({ items: [], next: null }) }), passes);
});

test("nobody is approved while the appliance starts", async () => {
  const { clock, gate } = gateKit();
  const desk = createDesk({
    clock,
    log: silentLog,
    gate,
    lane: () => null,
    maxCommandAgeMs: 3000,
    keep: { settled: async () => true },
    audit: async () => {},
  });
  const at = clock.monotonicMs();
  assert.is(
    (await desk.command({ kind: "approve", pass: "x", by: "a", via: "b", receivedAtMs: at })).reason,
    "not-running",
  );
});

test.run();
