import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type CommandMemory,
  type CommandRules,
  FRESH_MEMORY,
  judge,
  signCommand,
  signedText,
} from "../../src/report/commands.js";
import type { BarrierCommandMessage } from "../../src/report/shapes.js";

const now = 1_700_000_000_000;
const when = { now, startedAt: now - 60_000 };
const place = { site: "demo", gate: "main" };
const on: CommandRules = { accept: "on", key: null, place };
const key = Buffer.from("a key of more than sixteen bytes");
const signed: CommandRules = { accept: "signed", key, place };
const good: BarrierCommandMessage = { command: "open", nonce: "n-00000001", issuedAt: now - 100 };

test("a fresh command with a new nonce is put to the gate", () => {
  const verdict = judge(message(good), on, FRESH_MEMORY, when);
  assert.ok("accept" in verdict);
  assert.equal(verdict.accept, { kind: "open", nonce: "n-00000001", by: "unnamed", issuedAt: now - 100 });
});

const refusals: [name: string, reason: string, payload: unknown, more?: object, rules?: CommandRules][] = [
  ["while commands are switched off", "commands-off", good, {}, { ...on, accept: "off" }],
  ["that was retained", "retained", good, { retain: true }],
  ["delivered a second time", "duplicate", good, { dup: true }],
  ["larger than 2048 bytes", "oversized", { ...good, by: "x".repeat(3000) }],
  ["that is no JSON", "malformed", "OPEN"],
  ["that is empty", "malformed", ""],
  ["that is a JSON array", "malformed", [good]],
  ["that is null", "malformed", null],
  ["without nonce", "malformed", { ...good, nonce: undefined }],
  ["with a short nonce", "malformed", { ...good, nonce: "short" }],
  ["of an unknown kind", "malformed", { ...good, command: "explode" }],
  ["with an unknown field", "malformed", { ...good, force: true }],
  ["of another version", "malformed", { ...good, v: 2 }],
  ["with a time to live above a minute", "malformed", { ...good, ttlMs: 3_600_000 }],
  ["with a mode that nobody asked for", "malformed", { ...good, mode: "locked" }],
  ["for a mode without naming it", "malformed", { ...good, command: "mode" }],
  ["with a pass that nobody is asked about", "malformed", { ...good, pass: "p-1" }],
  ["that approves without naming the pass", "malformed", { ...good, command: "approve" }],
  ["that forgets a plate without naming it", "malformed", { ...good, command: "reset-passback" }],
  ["with a plate that is not asked for", "malformed", { ...good, plate: "AB1" }],
  ["with a line break in the reason", "malformed", { ...good, why: "a\nplate=b" }],
  ["that refuses a pass with a blank in its id", "malformed", { ...good, command: "refuse", pass: "p 1" }],
  ["with a line break in the name", "malformed", { ...good, by: "a\nb" }],
  [
    "that names a key twice",
    "malformed",
    `{"command":"close","command":"open","nonce":"n-00000001","issuedAt":${now}}`,
  ],
  ["older than its time to live", "expired", { ...good, issuedAt: now - 5001 }],
  ["older than its own short time to live", "expired", { ...good, issuedAt: now - 600, ttlMs: 500 }],
  ["from the future", "from-the-future", { ...good, issuedAt: now + 2001 }],
  ["without signature where one is demanded", "unsigned", good, {}, signed],
  ["with a wrong signature", "wrong-signature", { ...good, sig: "0".repeat(64) }, {}, signed],
];
for (const [name, reason, payload, more = {}, rules = on] of refusals) {
  test(`a command ${name} is refused as ${reason}`, () => {
    const verdict = judge({ ...message(payload), ...more }, rules, FRESH_MEMORY, when);
    assert.is("refuse" in verdict && verdict.refuse, reason);
    assert.ok("sentence" in verdict && verdict.sentence.length > 10);
  });
}

test("invalid UTF-8 is refused as malformed", () => {
  const payload = Buffer.concat([Buffer.from(JSON.stringify(good).slice(0, -1)), Buffer.from([0xff, 0x7d])]);
  const verdict = judge({ payload, retain: false, dup: false }, on, FRESH_MEMORY, when);
  assert.is("refuse" in verdict && verdict.refuse, "malformed");
});

test("a command given before this start is refused, however short ago", () => {
  const verdict = judge(message(good), on, FRESH_MEMORY, { now, startedAt: now - 50 });
  assert.is("refuse" in verdict && verdict.refuse, "before-start");
});

test("a nonce opens once, and is remembered as long as the command could be accepted", () => {
  const first = judge(message(good), on, FRESH_MEMORY, when);
  assert.ok("accept" in first);
  for (let later = 0; later <= 8000; later += 100) {
    const again = judge(message(good), on, first.memory, { ...when, now: now + later });
    assert.ok("refuse" in again, `accepted again after ${later} ms`);
  }
});

test("the eleventh command within ten seconds is refused", () => {
  let memory: CommandMemory = FRESH_MEMORY;
  for (let i = 0; i < 10; i++) {
    const verdict = judge(message({ ...good, nonce: `nonce-${1000 + i}` }), on, memory, when);
    assert.ok("accept" in verdict);
    memory = verdict.memory;
  }
  const more = judge(message({ ...good, nonce: "nonce-9999" }), on, memory, when);
  assert.is("refuse" in more && more.refuse, "too-many");
  const later = { ...when, now: now + 10_001 };
  const fresh = judge(message({ ...good, nonce: "nonce-9998", issuedAt: now + 10_000 }), on, memory, later);
  assert.ok("accept" in fresh);
});

test("a right signature opens, and covers every field", () => {
  const hold: BarrierCommandMessage = {
    command: "hold",
    nonce: "n-00000002",
    issuedAt: now,
    holdMs: 60_000,
    by: "Ada",
    ttlMs: 3000,
  };
  const sig = signCommand(hold, key, place);
  const right = judge(message({ ...hold, sig }), signed, FRESH_MEMORY, when);
  assert.ok("accept" in right);
  const forged: object[] = [
    { command: "open" },
    { nonce: "n-00000003" },
    { issuedAt: now - 1 },
    { holdMs: 60_001 },
    { by: "Eve" },
    { ttlMs: 3001 },
    { holdMs: undefined },
  ];
  for (const change of forged) {
    const verdict = judge(message({ ...hold, sig, ...change }), signed, FRESH_MEMORY, when);
    assert.ok("refuse" in verdict, `accepted with ${JSON.stringify(change)}`);
  }
});

test("an approval names its pass, which its signature covers, and commands without one are signed as before", () => {
  const wish: BarrierCommandMessage = { ...good, command: "approve", pass: "p-1" };
  const put = (command: BarrierCommandMessage) => judge(message(command), signed, FRESH_MEMORY, when);
  const sig = signCommand(wish, key, place);
  const verdict = put({ ...wish, sig });
  assert.equal("accept" in verdict && [verdict.accept.kind, verdict.accept.pass], ["approve", "p-1"]);
  const other = put({ ...wish, pass: "p-2", sig });
  assert.is("refuse" in other && other.refuse, "wrong-signature");
  const plain = signedText({ ...good, command: "approve" }, place);
  assert.is(signedText(wish, place), `${plain}\npass=p-1`);
  assert.is(signedText({ ...wish, why: "mail van" }, place), `${plain}\npass=p-1\nwhy=mail van`);
  assert.is(signedText(good, place).split("\n").length, 10);
});

test("a command signed for another gate is none for this one", () => {
  const sig = signCommand(good, key, { site: "demo", gate: "back" });
  const verdict = judge(message({ ...good, sig }), signed, FRESH_MEMORY, when);
  assert.is("refuse" in verdict && verdict.refuse, "wrong-signature");
});

test("without a key nothing signed is right", () => {
  const sig = signCommand(good, Buffer.alloc(0), place);
  const verdict = judge(message({ ...good, sig }), { ...signed, key: null }, FRESH_MEMORY, when);
  assert.is("refuse" in verdict && verdict.refuse, "wrong-signature");
});

test("a refusal changes no memory, so a flood of rubbish costs none", () => {
  const verdict = judge(message("rubbish"), on, FRESH_MEMORY, when);
  assert.not.ok("memory" in verdict);
});

test.run();

function message(payload: unknown) {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return { payload: Buffer.from(text), retain: false, dup: false };
}
