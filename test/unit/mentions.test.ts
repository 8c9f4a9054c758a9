import { test } from "uvu";
import * as assert from "uvu/assert";
import { mentionsOf } from "../../src/store/mentions.js";

const cases: [name: string, value: unknown, isMentioned: boolean][] = [
  ["AB12", "AB12", true],
  ["AB12", "AB12 is on the allow list.", true],
  ["AB12", "It looks like AB12.", true],
  ["AB12", "“AB12”, perhaps", true],
  ["AB12", "plate:AB12_1", true],
  ["AB12", "AB123 is on no list.", false],
  ["AB12", "KAB12 and KAB12X are on no list.", false],
  ["AB12", "ab12", false],
  ["LIST", "XY99ZZZ is on no list.", false],
  ["AB12", "AB12*", false],
  ["AB12", { candidates: [{ text: "AB12", probability: 0.3 }] }, true],
  ["AB12", { candidates: [{ text: "AB123", probability: 0.3 }] }, false],
  ["AB12", { passages: { AB12: { at: 1 } } }, true],
  ["AB12", '{"sentence":"AB12 was seen."}', true],
  ["AB12", '{"by":"plate AB12"}', true],
  ["AB12", JSON.stringify({ evidence: JSON.stringify({ rules: [{ plate: "AB12" }] }) }), true],
  ["AB12", JSON.stringify({ evidence: JSON.stringify({ rules: [{ plate: "AB12*" }] }) }), false],
  ["AB12", '{"torn":"AB12', true],
  ["AB12", "[by hand] AB12", true],
  ["971", { probability: 0.971, at: 971, plate: "X" }, false],
  ["971", '{"probability":0.9712,"at":971}', false],
  ["971", '{"plate":"971","probability":0.5}', true],
  ["971", "971 is on no list.", true],
  ["971", "It was 971.", true],
  ["971", "It looks like AB1 (0.971).", false],
  ["97", "It looks like AB1 (97 %).", false],
  ["2026", "2026-01-05T12:00:00.000Z", false],
  ["1234", "0f0e1d2c-1234-4abc-8def-001122334455", false],
  ["#0A1B2C", "#0A1B2C is on no list.", true],
  ["#0A1B2C", "#0A1B2CD is on no list.", false],
  ["pass-3", '{"passId":"pass-3"}', true],
  ["pass-3", '{"passId":"pass-31"}', false],
  ["AB12", null, false],
  ["AB12", 12, false],
];

for (const [name, value, isMentioned] of cases) {
  test(`${name} is ${isMentioned ? "" : "not "}mentioned in ${JSON.stringify(value)}`, () => {
    assert.is(mentionsOf(name)(value), isMentioned);
  });
}

test.run();
