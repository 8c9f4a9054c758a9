import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAccess } from "../../src/core/access.js";
import { lookAlikes } from "../../src/core/look-alikes.js";
import { MOST_CHARACTERS } from "../../src/core/plate.js";
import { accepts, chanceOf, isExact, overlap } from "../../src/core/plate-pattern.js";
import type { AccessRule } from "../../src/core/records.js";
import { ruleProblems } from "../../src/core/rule-activity.js";
import { auditRule, misreadsAccepted } from "../../src/core/rules-audit.js";
import { parseSchedule } from "../../src/core/schedule.js";
import { evidenceFor, plainAccess, rule } from "../support/evidence.js";
import { forSeeds } from "../support/random.js";

const refusals = (r: ReturnType<typeof rule>, rules: readonly ReturnType<typeof rule>[]) =>
  auditRule(r, rules)
    .filter((f) => f.severity === "refuse")
    .map((f) => f.sentence);

test("a tolerance that reaches a denied plate is refused, and the plate named", () => {
  const [sentence = ""] = refusals(rule("BXY123", { tolerance: 1 }), [rule("BXYI23", { effect: "deny" })]);
  assert.match(sentence, "BXYI23");
  assert.match(sentence, "denied");
});

test("a tolerance that reaches the plate of somebody else is refused, of the same owner not", () => {
  const other = rule("BXYI23", { owner: "Kim" });
  assert.match(refusals(rule("BXY123", { tolerance: 1, owner: "Ann" }), [other])[0]!, "Kim");
  assert.equal(refusals(rule("BXY123", { tolerance: 1, owner: "Kim" }), [other]), []);
  assert.equal(refusals(rule("BXY123", { owner: "Ann" }), [other]), []);
});

test("a rule that stands there twice is noted with the id of the other, one of other hours is not", () => {
  const pass = rule("BXY123", { id: "first", owner: "Ann", usesLeft: 1 });
  const findings = auditRule({ ...pass, id: "second", usesLeft: 3 }, [pass]);
  assert.equal(
    findings.map((f) => [f.severity, f.otherId]),
    [["note", "first"]],
  );
  assert.match(findings[0]!.sentence, "the uses of both count");
  assert.equal(auditRule({ ...pass, id: "second", schedule: "mo-fr" }, [pass]), []);
  const denied = rule("BXY123", { id: "first", effect: "deny" });
  assert.is(auditRule({ ...denied, id: "second" }, [denied]).length, 1);
});

test("a plate of more characters than are ever read is noted: its rule would be waited for in vain", () => {
  assert.equal(
    auditRule(rule("ABCDEFGHIJKL3"), []).map((f) => [f.severity, f.otherId]),
    [["note", null]],
  );
  for (const plate of ["ABCDEFGHIJKL", "ABCDEFGHIJKL*"]) assert.equal(auditRule(rule(plate), []), [], plate);
  const manifest = JSON.parse(
    readFileSync(new URL("../../../models/manifest.json", import.meta.url), "utf8"),
  );
  assert.is(manifest.reader.output.chars.shape[1], MOST_CHARACTERS);
});

test("two tolerances that meet half way are refused", () => {
  // B8B and BBB and 88B: one step from each side.
  assert.is(
    refusals(rule("XB8", { tolerance: 1, owner: "a" }), [rule("X88", { tolerance: 1, owner: "b" })]).length,
    1,
  );
});

test("a new plate that an older, wider rule would let in is refused, naming that rule", () => {
  const wide = rule("BXY1*", { owner: "fleet" });
  assert.match(refusals(rule("BXY123", { owner: "Ann" }), [wide])[0]!, "BXY1*");
});

test("a deny rule can always be saved, and what it collides with is told", () => {
  const findings = auditRule(rule("BXY123", { effect: "deny" }), [rule("BXY*", { owner: "fleet" })]);
  assert.equal(
    findings.map((f) => f.severity),
    ["note"],
  );
});

test("a pattern that covers a denied plate is refused", () => {
  assert.match(refusals(rule("BXY*"), [rule("BXY123", { effect: "deny" })])[0]!, "BXY123");
});

test("look-alike plates on the two lists are noted", () => {
  const findings = auditRule(rule("BXY1O3"), [rule("BXY103", { effect: "deny" })]);
  assert.is(findings[0]!.severity, "note");
});

test("a rule with a mistake is refused with what is wrong", () => {
  for (const [change, part] of [
    [{ plate: "" }, "empty"],
    [{ plate: "b xy" }, "other signs"],
    [{ plate: "***" }, "every plate"],
    [{ tolerance: 9 }, "tolerance"],
    [{ tolerance: 0.5 }, "tolerance"],
    [{ usesLeft: -1 }, "uses"],
    [{ validFrom: "1.1.26" }, "1.1.26"],
    [{ schedule: "weekdays" }, "weekdays"],
    [{ schedule: "mo-fr 07:00-25:00" }, "25:00"],
    [{ schedule: "mo 08:00-08:00" }, "08:00-08:00"],
    [{ schedule: "xx 08:00-09:00" }, "xx"],
  ] as const) {
    const problems = ruleProblems(rule("BXY123", change));
    assert.ok(problems.length > 0, JSON.stringify(change));
    assert.ok(problems.join().includes(part), problems.join());
    assert.ok(refusals(rule("BXY123", change), []).length > 0);
  }
});

test("the misreads a plate would be taken for are told exactly: each is accepted, and nothing else of one change is", () => {
  const plate = { plate: "B1O", tolerance: 1 };
  const told = new Set(misreadsAccepted(plate));
  const pattern = { text: plate.plate, tolerance: 1 };
  assert.ok(told.size > 5);
  for (let i = 0; i < 3; i++) {
    for (const c of "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
      const text = plate.plate.slice(0, i) + c + plate.plate.slice(i + 1);
      if (text !== plate.plate) assert.is(told.has(text), accepts(pattern, text), text);
    }
  }
  assert.equal(misreadsAccepted({ plate: "B1O", tolerance: 0 }), []);
});

test("no misreading is left out of a long plate with the widest tolerance", () => {
  const plate = { plate: "0O8B0D1T7Z6G0QVX", tolerance: 3 };
  const told = misreadsAccepted(plate);
  const wide = { text: plate.plate, tolerance: 3 };
  // Counted another way: the number of ways to replace up to three characters, by symmetric sums.
  const n = [...plate.plate].map((c) => lookAlikes(c).length);
  const power = (k: number) => n.reduce((sum, x) => sum + x ** k, 0);
  const [p1, p2, p3] = [power(1), power(2), power(3)];
  const ways = p1 + (p1 * p1 - p2) / 2 + (p1 ** 3 - 3 * p1 * p2 + 2 * p3) / 6;
  assert.is(told.length, ways);
  assert.is(new Set(told).size, ways);
  assert.ok(told.length > 5000 && told.every((text) => accepts(wide, text)));
});

test("the chance of a pattern is the sum of the chances of its texts", () => {
  const evidence = evidenceFor("AB1", 0.7, {}, 3).map((slot) => slot.map((p) => p));
  let sum = 0;
  for (const c of "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    sum += chanceOf({ text: `A${c}1`, tolerance: 0 }, evidence);
  assert.ok(Math.abs(chanceOf({ text: "A?1", tolerance: 0 }, evidence) - sum) < 1e-9);
  assert.ok(Math.abs(chanceOf({ text: "*", tolerance: 0 }, evidence) - 1) < 1e-9);
  const both = misreadsAccepted({ plate: "AB1", tolerance: 2 }).concat("AB1");
  const each = both.reduce((n, text) => n + chanceOf({ text, tolerance: 0 }, evidence), 0);
  assert.ok(Math.abs(chanceOf({ text: "AB1", tolerance: 2 }, evidence) - each) < 1e-9);
});

test("the overlap of two patterns is a text that both accept", () => {
  const a = { text: "AB*1", tolerance: 0 };
  const b = { text: "A?C?", tolerance: 1 };
  const shared = overlap(a, b);
  assert.ok(shared !== null && accepts(a, shared) && accepts(b, shared), String(shared));
  assert.is(overlap({ text: "AB*", tolerance: 0 }, { text: "CB*", tolerance: 0 }), null);
});

test("of any list that was saved rule by rule, no plate read clearly is let in by a rule of somebody else, and none that is denied", () => {
  const access = createAccess(plainAccess);
  let granted = 0;
  forSeeds(200, (random) => {
    const text = (most: number) =>
      Array.from({ length: random.whole(1, most) }, () => random.pick("01ABI8O")).join("");
    const saved: AccessRule[] = [];
    for (let n = 0; n < 8; n++) {
      const plate = random.chance(0.3) ? `${text(2)}${random.pick(["*", "?", "?*"])}${text(1)}` : text(4);
      const made = rule(plate, {
        id: `r${n}`,
        owner: random.pick(["", "Ann", "Bob"]),
        effect: random.pick(["allow", "allow", "deny"] as const),
        tolerance: random.chance(0.3) ? random.whole(1, 3) : 0,
      });
      if (auditRule(made, saved).every((f) => f.severity !== "refuse")) saved.push(made);
    }
    for (const listed of saved.filter((r) => isExact(r.plate))) {
      const decision = access.decide(
        {
          plate: listed.plate,
          probability: 0.97,
          candidates: [{ text: listed.plate, probability: 0.97 }],
          evidence: evidenceFor(listed.plate),
          wants: "entry",
          leaving: false,
          frameAgeMs: 0,
          wallMs: 0,
          clockTrusted: true,
          locked: false,
          passages: {},
        },
        saved,
      );
      if (decision.verdict !== "granted") continue;
      granted++;
      const by = saved.find((r) => r.id === decision.ruleId);
      assert.is(listed.effect, "allow", `${listed.plate} is denied and let in by ${by?.plate}`);
      assert.is(by?.owner, listed.owner, `${listed.plate} is let in by ${by?.plate}`);
    }
  });
  assert.ok(granted > 200, `${granted}`);
});

test("schedules are read in the forms people write", () => {
  for (const text of [
    "",
    "mo-fr 07:00-18:30",
    "Mon-Fri 7:00-18:30; sat 9:00-12:00",
    "sa,su 09:00-12:00",
    "22:00-06:00",
    "fr-mo",
    "tuesday",
  ])
    assert.ok("windows" in parseSchedule(text), text);
});

test.run();
