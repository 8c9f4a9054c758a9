import { test } from "uvu";
import * as assert from "uvu/assert";
import { replayCommand } from "../../src/commands/replay.js";
import { type AccessRequest, createAccess, replayDecision } from "../../src/core/access.js";
import type { DecisionRecord } from "../../src/core/records.js";
import { evidenceFor, plainAccess, rule } from "../support/evidence.js";

const access = createAccess(plainAccess);

function request(plate: string): AccessRequest {
  return {
    plate,
    probability: 0.97,
    candidates: [],
    evidence: evidenceFor(plate),
    wants: "entry",
    leaving: false,
    frameAgeMs: 10,
    wallMs: 0,
    clockTrusted: true,
    locked: false,
    passages: {},
  };
}

function kept(plate: string, change: Partial<DecisionRecord> = {}): DecisionRecord {
  const asked = request(plate);
  const rules = [rule("AAA1")];
  const { verdict, reason, sentence, ruleId, probability } = access.decide(asked, rules);
  const evidence = access.evidenceOf(asked, rules);
  return {
    id: "d",
    passId: "p",
    at: 0,
    plate,
    verdict,
    reason,
    sentence,
    ruleId,
    probability,
    evidence,
    ...change,
  };
}

async function replay(...decisions: DecisionRecord[]) {
  const out: string[] = [];
  const code = await replayCommand([], {
    decisions: async () => decisions,
    out: (line) => void out.push(line),
    err: (line) => void out.push(line),
  });
  return { code, out };
}

test("decisions that are decided again the same are told so", async () => {
  const { code, out } = await replay(kept("AAA1"), kept("BBB2"));
  assert.is(code, 0);
  assert.equal(
    out.map((l) => l.split(" ")[0]),
    ["same", "same", "2"],
  );
});

test("a record that was tampered with, or cannot be read, is found", async () => {
  const { code, out } = await replay(kept("AAA1", { verdict: "denied" }), kept("AAA1", { evidence: "{" }));
  assert.is(code, 1);
  assert.match(out[0]!, /DIFFERENT .* was denied \(on-allow-list\), is now granted \(on-allow-list\)/);
  assert.match(out[1]!, /DIFFERENT .*unreadable/);
  assert.is((await replay()).code, 1);
});

test("a decision by the machine's own hours is decided again the same on a machine in another time zone", () => {
  const before = process.env.TZ;
  const at = Date.UTC(2026, 5, 1, 5, 30);
  const hours = [rule("BXY123", { schedule: "07:00-18:00" })];
  try {
    for (const [zone, reason] of [
      ["Europe/Berlin", "on-allow-list"],
      ["UTC", "outside-schedule"],
      ["Nowhere/AtAll", "outside-schedule"],
      ["", "outside-schedule"],
    ] as const) {
      process.env.TZ = zone;
      const access = createAccess({ ...plainAccess, timeZone: "local" });
      const asked = { ...request("BXY123"), wallMs: at, clockTrusted: true };
      const decision = access.decide(asked, hours);
      assert.is(decision.reason, reason, zone);
      process.env.TZ = "America/New_York";
      assert.equal(replayDecision(access.evidenceOf(asked, hours)), decision, zone);
    }
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});

test("a number of decisions that is none is refused before anything is looked up", async () => {
  for (const last of ["abc", "0", "1.5"]) {
    const err: string[] = [];
    const code = await replayCommand(["--last", last], {
      decisions: async () => assert.unreachable("nothing is looked up") as never,
      out: () => {},
      err: (line) => void err.push(line),
    });
    assert.is(code, 2);
    assert.match(err.join(), "a whole number from 1");
  }
});

test.run();
