import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type AccessRequest,
  type AccessSettings,
  createAccess,
  replayDecision,
} from "../../src/core/access.js";
import type { AccessRule } from "../../src/core/records.js";
import { evidenceFor, rule } from "../support/evidence.js";

const settings: AccessSettings = {
  minProbability: 0.9,
  denyProbability: 0.1,
  maxFrameAgeMs: 1500,
  unknown: "deny",
  clockUntrusted: "allow-unscheduled",
  timeZone: "Europe/Berlin",
  antiPassbackResetMs: 3_600_000,
};

function request(plate: string, more: Partial<AccessRequest> = {}): AccessRequest {
  return {
    plate,
    probability: 0.97,
    candidates: [],
    evidence: evidenceFor(plate),
    wants: "entry",
    leaving: false,
    frameAgeMs: 100,
    wallMs: Date.UTC(2026, 5, 1, 10),
    clockTrusted: true,
    locked: false,
    passages: {},
    ...more,
  };
}

function decide(
  plate: string,
  rules: readonly AccessRule[],
  more: Partial<AccessRequest> = {},
  change: Partial<AccessSettings> = {},
) {
  const d = createAccess({ ...settings, ...change }).decide(request(plate, more), rules);
  return `${d.verdict} ${d.reason}`;
}

test("a listed plate is granted, an unlisted one denied or asked about, as configured", () => {
  assert.is(decide("BXY123", [rule("BXY123")]), "granted on-allow-list");
  assert.is(decide("BXY124", [rule("BXY123")]), "denied not-on-list");
  assert.is(decide("BXY124", [rule("BXY123")], {}, { unknown: "ask" }), "ask not-on-list");
});

test("deny beats allow, whatever the order", () => {
  const both = [rule("BXY123"), rule("BXY123", { id: "d", effect: "deny" })];
  assert.is(decide("BXY123", both), "denied on-deny-list");
  assert.is(decide("BXY123", both.toReversed()), "denied on-deny-list");
});

test("a plate that may well be a denied one is asked about, not granted", () => {
  const evidence = evidenceFor("BXY1O3", 0.85, { 4: "0" });
  const sure = evidence.map((slot, i) => (i === 4 ? slot : evidenceFor("BXY1O3", 0.999)[i]!));
  const rules = [rule("BXY1O3"), rule("BXY103", { effect: "deny" })];
  assert.is(
    decide("BXY1O3", rules, { evidence: sure, probability: 0.95 }, { minProbability: 0.8 }),
    "ask maybe-denied",
  );
  assert.is(
    decide("BXY1O3", [rules[0]!], { evidence: sure, probability: 0.95 }, { minProbability: 0.8 }),
    "granted on-allow-list",
  );
});

test("the margin is asked of the whole plate: one doubtful character is enough to refuse", () => {
  const evidence = evidenceFor("BXY123").map((slot, i) =>
    i === 5 ? evidenceFor("BXY123", 0.6, { 5: "8" })[5]! : slot,
  );
  assert.is(decide("BXY123", [rule("BXY123")], { evidence, probability: 0.6 }), "ask unsure");
});

test("positions that are too sure of themselves are held down by the calibrated figure", () => {
  assert.is(
    decide("BXY123", [rule("BXY123")], { evidence: evidenceFor("BXY123", 0.9999), probability: 0.8 }),
    "ask unsure",
  );
});

test("a look-alike opens only where a rule forgives it", () => {
  assert.is(decide("BXYI23", [rule("BXY123")]), "denied not-on-list");
  assert.is(decide("BXYI23", [rule("BXY123", { tolerance: 1 })]), "granted on-allow-list");
  assert.is(decide("BXYI2E", [rule("BXY123", { tolerance: 1 })]), "denied not-on-list");
  assert.is(decide("BXYI2E", [rule("BXY123", { tolerance: 2 })]), "granted on-allow-list");
  assert.is(decide("BXYK23", [rule("BXY123", { tolerance: 3 })]), "denied not-on-list");
});

test("with tolerance, evidence torn between look-alikes counts together", () => {
  const evidence = evidenceFor("BXY123").map((slot, i) =>
    i === 3 ? evidenceFor("BXY123", 0.55, { 3: "I" })[3]! : slot,
  );
  const more = { evidence, probability: 0.54 };
  assert.is(decide("BXY123", [rule("BXY123")], more), "ask unsure");
  assert.is(decide("BXY123", [rule("BXY123", { tolerance: 1 })], more), "granted on-allow-list");
});

test("patterns mean what they say", () => {
  assert.is(decide("BXY123", [rule("BXY*")]), "granted on-allow-list");
  assert.is(decide("BX1", [rule("BXY*")]), "denied not-on-list");
  assert.is(decide("BXY123", [rule("BXY?23")]), "granted on-allow-list");
  assert.is(decide("BXY123", [rule("BXY?3")]), "denied not-on-list");
  assert.is(decide("BXY123", [rule("*123")]), "granted on-allow-list");
  assert.is(decide("BXY123", [rule("*", { id: "all" })]), "denied rule-broken");
});

test("an old, future or unmeasurable frame never opens", () => {
  for (const frameAgeMs of [1501, -1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.is(decide("BXY123", [rule("BXY123")], { frameAgeMs }), "denied stale-frame");
});

test("a vehicle that drives away and a locked gate open nothing", () => {
  assert.is(decide("BXY123", [rule("BXY123")], { leaving: true }), "denied driving-away");
  assert.is(decide("BXY123", [rule("BXY123")], { locked: true }), "denied locked");
});

test("an entry rule does not open for an exit, nor for who knows what", () => {
  const rules = [rule("BXY123", { direction: "entry" })];
  assert.is(decide("BXY123", rules), "granted on-allow-list");
  assert.is(decide("BXY123", rules, { wants: "exit" }), "denied wrong-direction");
  assert.is(decide("BXY123", rules, { wants: "unknown" }), "denied wrong-direction");
});

test("dates include their last second in local time, also on the days the clocks change", () => {
  const rules = [rule("BXY123", { validFrom: "2026-03-29", validTo: "2026-10-25" })];
  const at = (iso: string) => decide("BXY123", rules, { wallMs: Date.parse(iso) });
  assert.is(at("2026-03-28T23:59:59+01:00"), "denied not-yet-valid");
  assert.is(at("2026-03-29T00:00:00+01:00"), "granted on-allow-list");
  assert.is(at("2026-10-25T23:59:59+01:00"), "granted on-allow-list");
  assert.is(at("2026-10-26T00:00:00+01:00"), "denied expired");
});

test("a date that is none makes the rule inactive, and says so", () => {
  for (const validTo of ["31.12.2026", "2026-02-30", "soon", "2026-13-01", "2026-01-01 25:00"]) {
    const d = createAccess(settings).decide(request("BXY123"), [rule("BXY123", { validTo })]);
    assert.is(`${d.verdict} ${d.reason}`, "denied rule-broken");
    assert.ok(d.sentence.includes(validTo), d.sentence);
  }
});

test("a deny rule that cannot be understood still denies, and says that it is broken; one that is over does not", () => {
  const allow = rule("BXY123");
  const deny = (change: Partial<AccessRule>) => rule("BXY123", { id: "d", effect: "deny", ...change });
  for (const broken of [{ validTo: "soon" }, { validFrom: "2026-02-30" }, { schedule: "always" }]) {
    const d = createAccess(settings).decide(request("BXY123"), [allow, deny(broken)]);
    assert.is(`${d.verdict} ${d.reason}`, "denied on-deny-list");
    assert.match(d.sentence, "Its rule denies until it is mended");
    assert.match(d.sentence, Object.values(broken)[0]!);
  }
  const plain = createAccess(settings).decide(request("BXY123"), [allow, deny({})]);
  assert.not.match(plain.sentence, "mended");
  assert.is(decide("BXY123", [allow, deny({ validTo: "2020-01-01" })]), "granted on-allow-list");
});

test("a used-up visitor pass that was put on the deny list denies, also what another rule allows", () => {
  const deny = rule("BXY123", { id: "d", effect: "deny", usesLeft: 0 });
  assert.is(decide("BXY123", [deny, rule("BXY*")]), "denied on-deny-list");
  assert.is(decide("BXY123", [deny]), "denied on-deny-list");
});

test("schedules are local time: the hour that summer time skips or repeats is taken as the wall clock shows it", () => {
  const rules = [rule("BXY123", { schedule: "su 02:00-03:00" })];
  const at = (iso: string) => decide("BXY123", rules, { wallMs: Date.parse(iso) });
  // 2026-03-29: 02:00 does not exist; 01:59 is followed by 03:00.
  assert.is(at("2026-03-29T00:59:00Z"), "denied outside-schedule");
  assert.is(at("2026-03-29T01:00:00Z"), "denied outside-schedule");
  // 2026-10-25: 02:30 comes twice, and both times it is inside.
  assert.is(at("2026-10-25T00:30:00Z"), "granted on-allow-list");
  assert.is(at("2026-10-25T01:30:00Z"), "granted on-allow-list");
  assert.is(at("2026-10-25T02:00:00Z"), "denied outside-schedule");
});

test("a window over midnight belongs to the day on which it began", () => {
  const rules = [rule("BXY123", { schedule: "fr 22:00-06:00" })];
  const at = (iso: string) => decide("BXY123", rules, { wallMs: Date.parse(iso) });
  assert.is(at("2026-06-05T21:59:00+02:00"), "denied outside-schedule");
  assert.is(at("2026-06-05T23:00:00+02:00"), "granted on-allow-list");
  assert.is(at("2026-06-06T05:59:00+02:00"), "granted on-allow-list");
  assert.is(at("2026-06-06T06:00:00+02:00"), "denied outside-schedule");
  assert.is(at("2026-06-06T23:00:00+02:00"), "denied outside-schedule");
});

test("a window without days is for the days named before it: a lunch break opens on no other day", () => {
  const at = (schedule: string, iso: string) =>
    decide("BXY123", [rule("BXY123", { schedule })], { wallMs: Date.parse(`${iso}+02:00`) });
  const shift = "mo-fr 07:00-12:00, 13:00-18:00; sa 09:00-12:00, 13:00-14:00";
  // 2026-06-05 is a Friday.
  for (const [iso, answer] of [
    ["2026-06-05T10:00", "granted on-allow-list"],
    ["2026-06-05T12:30", "denied outside-schedule"],
    ["2026-06-05T17:00", "granted on-allow-list"],
    ["2026-06-06T13:30", "granted on-allow-list"],
    ["2026-06-06T17:00", "denied outside-schedule"],
    ["2026-06-07T13:30", "denied outside-schedule"],
  ] as const)
    assert.is(at(shift, iso), answer, iso);
  assert.is(at("07:00-12:00, 13:00-18:00", "2026-06-07T14:00"), "granted on-allow-list");
  assert.is(at("sa,su 07:00-12:00, 13:00-18:00", "2026-06-05T14:00"), "denied outside-schedule");
});

test("a visitor pass ends with its last use", () => {
  assert.is(decide("BXY123", [rule("BXY123", { usesLeft: 1 })]), "granted on-allow-list");
  assert.is(decide("BXY123", [rule("BXY123", { usesLeft: 0 })]), "denied no-uses-left");
});

test("anti-passback: hard refuses, soft notes, and after its time nobody is held to it", () => {
  const wallMs = Date.UTC(2026, 5, 1, 10);
  const inside = { wallMs, passages: { BXY123: { side: "entry" as const, at: wallMs - 60_000 } } };
  assert.is(decide("BXY123", [rule("BXY123", { antiPassback: "hard" })], inside), "denied passback");
  assert.is(decide("BXY123", [rule("BXY123", { antiPassback: "soft" })], inside), "granted passback-soft");
  assert.is(decide("BXY123", [rule("BXY123", { antiPassback: "off" })], inside), "granted on-allow-list");
  assert.is(
    decide("BXY123", [rule("BXY123", { antiPassback: "hard" })], { ...inside, wants: "exit" }),
    "granted on-allow-list",
  );
  const later = { ...inside, wallMs: wallMs + 3_600_000 };
  assert.is(decide("BXY123", [rule("BXY123", { antiPassback: "hard" })], later), "granted on-allow-list");
  const ahead = { wallMs, passages: { BXY123: { side: "entry" as const, at: wallMs + 3_600_000 } } };
  assert.is(decide("BXY123", [rule("BXY123", { antiPassback: "hard" })], ahead), "granted on-allow-list");
});

test("anti-passback: while nobody knows which way it drives, a vehicle that went in is neither let in nor locked in", () => {
  const wallMs = Date.UTC(2026, 5, 1, 10);
  const last = (side: "entry" | "exit") => ({
    wallMs,
    wants: "unknown" as const,
    passages: { BXY123: { side, at: wallMs - 60_000 } },
  });
  const hard = [rule("BXY123", { antiPassback: "hard" })];
  assert.is(decide("BXY123", hard, last("entry")), "ask passback");
  assert.is(decide("BXY123", hard, last("exit")), "granted on-allow-list");
  assert.is(decide("BXY123", hard, { wants: "unknown" }), "granted on-allow-list");
  assert.is(
    decide("BXY123", [rule("BXY123", { antiPassback: "soft" })], last("entry")),
    "granted on-allow-list",
  );
});

test("deny beats allow for one direction too, also while nobody knows which way it drives", () => {
  const rules = [rule("BXY*"), rule("BXY123", { effect: "deny", direction: "entry" })];
  assert.is(decide("BXY123", rules), "denied on-deny-list");
  assert.is(decide("BXY123", rules, { wants: "unknown" }), "denied on-deny-list");
  assert.is(decide("BXY123", rules, { wants: "exit" }), "granted on-allow-list");
});

test("where a vehicle may yet drive away it is not let in before that is known", () => {
  const rules = [rule("BXY123")];
  assert.is(decide("BXY123", rules, { directionPending: true }), "denied driving-away");
  assert.is(decide("BXY123", rules, { directionPending: false }), "granted on-allow-list");
});

test("without a trusted clock rules with dates wait, the others work, or nobody passes, as configured", () => {
  const dated = [rule("BXY123", { validTo: "2030-01-01" })];
  assert.is(decide("BXY123", dated, { clockTrusted: false }), "denied clock-untrusted");
  assert.is(decide("BXY123", [rule("BXY123")], { clockTrusted: false }), "granted on-allow-list");
  assert.is(
    decide("BXY123", [rule("BXY123")], { clockTrusted: false }, { clockUntrusted: "deny" }),
    "denied clock-untrusted",
  );
});

test("every decision is decided again the same from what its record keeps", () => {
  const access = createAccess(settings);
  const rules = [
    rule("BXY123"),
    rule("BXY128", { effect: "deny" }),
    rule("CAB*", { owner: "taxi" }),
    rule("DOG1", { schedule: "mo 09:00-10:00" }),
    rule("EEL1", { antiPassback: "hard" }),
    ...Array.from({ length: 500 }, (_, i) => rule(`ZZ${1000 + i}`)),
  ];
  for (const plate of ["BXY123", "BXY128", "CAB7", "DOG1", "EEL1", "FOX1"]) {
    for (const more of [
      {},
      { frameAgeMs: 9999 },
      { probability: 0.5 },
      { passages: { EEL1: { side: "entry" as const, at: Date.UTC(2026, 5, 1, 9, 59) } } },
    ]) {
      const asked = request(plate, more);
      const evidence = access.evidenceOf(asked, rules);
      assert.equal(replayDecision(evidence), access.decide(asked, rules));
      assert.ok(evidence.length < 12_000, "the record stays small beside long lists");
    }
  }
});

test("ten thousand rules are decided on in a few milliseconds of work", () => {
  const rules = Array.from({ length: 10_000 }, (_, i) => rule(`B${String.fromCharCode(65 + (i % 26))}${i}`));
  const access = createAccess(settings);
  for (let i = 0; i < 5; i++) access.decide(request("BXY123"), rules);
  assert.is(access.decide(request("BA26"), rules).verdict, "granted");
});

test.run();
