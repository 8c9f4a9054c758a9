import { test } from "uvu";
import * as assert from "uvu/assert";
import { signCommand } from "../../src/report/commands.js";
import { createIntake } from "../../src/report/intake.js";
import type { GateCommand } from "../../src/report/ports.js";
import type { BarrierCommandMessage } from "../../src/report/shapes.js";
import { encodeSparkplug } from "../../src/report/sparkplug-codec.js";
import { asksForRebirth, judgeDeviceCommand } from "../../src/report/sparkplug-commands.js";
import { fakeClock } from "../support/fake-clock.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { listener } from "../support/mqtt-listener.js";
import { seeded as seededRandom } from "../support/random.js";
import { type LogLine, listingLog, reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);
const key = Buffer.from("a key of more than sixteen bytes");
const place = { site: "demo", gate: "main" };

test("80,000 mutations of a rightly signed and used command move nothing", async () => {
  const random = seeded(seed);
  const { intake, gate, clock, lines } = setUp("signed");
  const used = signed({
    command: "open",
    nonce: "nonce-of-seed",
    issuedAt: clock.wallMs(),
    ttlMs: 60_000,
    by: "Ada",
  });
  await intake.take(arrival(used));
  assert.is(gate.length, 1, "the original opens");
  for (let i = 0; i < 80_000; i++) await intake.take(arrival(mutated(used, random)));
  assert.is(gate.length, 1, `something opened; seed ${seed}`);
  assert.is(sum(intake.status().refused), 80_000);
  assert.ok(lines.length <= 12, "a flood is told a few times and counted for the rest");
});

test("40,000 payloads of rubbish move nothing although unsigned commands are taken", async () => {
  const random = seeded(seed + 1);
  const { intake, gate } = setUp("on");
  for (let i = 0; i < 40_000; i++) await intake.take(arrival(rubbish(random)));
  assert.equal(gate, [], `something opened; seed ${seed + 1}`);
  assert.is(sum(intake.status().refused), 40_000);
});

test("20,000 right commands with a wrong envelope move nothing: retained, repeated, late, early, from before the start", async () => {
  const random = seeded(seed + 2);
  const { intake, gate, clock } = setUp("on");
  for (let i = 0; i < 20_000; i++) {
    const now = clock.wallMs();
    const age = pick(random, [-1e12, -3_600_000, -2500, 5200, 60_500, 3_600_000, 1e12]);
    const flaw = Math.floor(random() * 3);
    const command = {
      command: pick(random, ["open", "hold", "close"]),
      nonce: `nonce-${i}-x`,
      issuedAt: flaw === 2 ? Math.max(0, now - age) : now,
    };
    await intake.take(arrival(Buffer.from(JSON.stringify(command)), { retain: flaw === 0, dup: flaw === 1 }));
  }
  assert.equal(gate, [], `something opened; seed ${seed + 2}`);
});

test("30,000 mutations of an old Sparkplug command and random bytes move nothing and break nothing", () => {
  const random = seeded(seed + 4);
  const old = Buffer.from(
    encodeSparkplug({
      timestamp: 1_600_000_000_000,
      metrics: [{ name: "Control/Open", type: "Boolean", value: true }],
    }),
  );
  const when = { now: Date.UTC(2026, 0, 5, 12), bornAt: Date.UTC(2026, 0, 5, 11) };
  for (let i = 0; i < 30_000; i++) {
    const payload =
      i % 3 === 0
        ? Buffer.from(Array.from({ length: 60 }, () => Math.floor(random() * 256)))
        : mutated(old, random);
    const verdicts = judgeDeviceCommand(
      { payload, retain: false, dup: false },
      () => "Control/Open",
      new Set(),
      when,
    );
    assert.ok(verdicts.length > 0 && verdicts.every((v) => "refuse" in v), `seed ${seed + 4}`);
    assert.not.ok(asksForRebirth({ payload, retain: false }));
  }
});

test("JSON bombs are refused at once", async () => {
  const { intake, gate } = setUp("on");
  const bombs = [
    "[".repeat(2048),
    "[".repeat(5_000_000),
    `{"a":${"[".repeat(1000)}`,
    `"${"\\u0000".repeat(300)}"`,
    "1e99999",
    `{"__proto__":{"command":"open"},"nonce":"nonce-12345","issuedAt":1}`,
  ];
  for (const bomb of bombs) await intake.take(arrival(Buffer.from(bomb)));
  assert.equal(gate, []);
  assert.equal(intake.status().refused, { malformed: 5, oversized: 1 });
});

if (mosquittoPath === null)
  test("rubbish through a real broker", () =>
    skipLoudly("rubbish through a real broker", "there is no mosquitto on this machine"));
else {
  test(
    "rubbish through a real broker moves nothing, and the appliance still answers the right command",
    scoped(async (use) => {
      const random = seeded(seed + 3);
      const broker = use(await mosquitto());
      await broker.start();
      const fixture = reportFixture(`report: { url: "${broker.url}", commands: "on" }`);
      use(fixture.report);
      const sender = use(await listener(broker.url, "plategate/demo/main/result/barrier"));
      await fixture.report.start();
      await until(() => fixture.report.status().sinks[0]?.state === "up", "connected");
      const topic = "plategate/demo/main/set/barrier";
      // Old enough that no mutation of its age makes it fresh again within a single changed byte.
      const old = Buffer.from(
        JSON.stringify({ command: "open", nonce: "nonce-of-seed", issuedAt: 1_600_000_000_000 }),
      );
      for (let i = 0; i < 3000; i++) {
        const payload = i % 2 === 0 ? rubbish(random) : mutated(old, random);
        await sender.publish(topic, payload.subarray(0, 200_000), { qos: random() < 0.5 ? 0 : 1 });
      }
      const right = { command: "open", nonce: "nonce-right-1", issuedAt: Date.now(), by: "Ada" };
      await until(() => sum(fixture.report.status().commands.refused) > 2500, "the rubbish has been judged");
      await sender.publish(topic, JSON.stringify(right));
      await until(() => fixture.commands.length > 0, "the right one reached the gate");
      assert.equal(
        fixture.commands.map((c) => c.nonce),
        ["nonce-right-1"],
        `seed ${seed + 3}`,
      );
      await until(
        () =>
          sender
            .json(`plategate/demo/main/result/barrier`)
            .some((r) => r.nonce === "nonce-right-1" && r.accepted === true),
        "and was answered",
      );
    }),
  );
}

test.run();

function setUp(accept: "on" | "signed") {
  const clock = fakeClock();
  const gate: GateCommand[] = [];
  const lines: LogLine[] = [];
  const intake = createIntake({
    rules: { accept, key, place },
    clock,
    log: listingLog(lines),
    gate: async (command) => {
      gate.push(command);
      return { accepted: true, sentence: "opens" };
    },
    answer: () => {},
  });
  clock.advance(60_000);
  return { intake, gate, clock, lines };
}

function signed(command: BarrierCommandMessage): Buffer {
  return Buffer.from(JSON.stringify({ ...command, sig: signCommand(command, key, place) }));
}

function arrival(payload: Buffer, more: object = {}) {
  return { topic: "plategate/demo/main/set/barrier", payload, retain: false, dup: false, qos: 1, ...more };
}

/** One to four changes: a bit, a byte, a cut, a doubled piece, a swapped field. */
function mutated(original: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(original);
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    const at = Math.floor(random() * bytes.length);
    const kind = Math.floor(random() * 6);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind === 1) bytes[at] = Math.floor(random() * 256);
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + Math.floor(random() * 8))]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 10))]);
    else if (kind === 4)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(random, SNIPPETS)), bytes.subarray(at)]);
    else
      bytes = Buffer.from(
        bytes.toString("latin1").replace(pick(random, WORDS), pick(random, WORDS)),
        "latin1",
      );
  }
  return bytes;
}

/** Random bytes, JSON of random shape, and commands with one thing missing or wrong. */
function rubbish(random: () => number): Buffer {
  const kind = Math.floor(random() * 4);
  if (kind === 0)
    return Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256)));
  if (kind === 1) return Buffer.from(JSON.stringify(anything(random, 4)) ?? "");
  if (kind === 2)
    return Buffer.from(
      pick(random, [
        "OPEN",
        "open",
        "1",
        "true",
        "ON",
        '"open"',
        "{}",
        "[]",
        "",
        "\u0000",
        '{"command":"open"}',
      ]),
    );
  const command: Record<string, unknown> = {
    command: "open",
    nonce: `nonce-${Math.floor(random() * 1e9)}`,
    issuedAt: Date.UTC(2026, 0, 5, 12, 1),
  };
  const field = pick(random, ["command", "nonce", "issuedAt"]);
  if (random() < 0.3) delete command[field];
  else
    command[field] = pick<unknown>(random, [
      null,
      true,
      {},
      [],
      -1,
      1.5,
      "",
      " ",
      "OPEN",
      "open ",
      "2026",
      { toString: "open" },
      ["open"],
      Number.MAX_SAFE_INTEGER,
    ]);
  return Buffer.from(JSON.stringify(command));
}

function anything(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return random() * 1e15;
  if (kind < 5) return pick(random, WORDS);
  const size = Math.floor(random() * 5);
  if (kind === 5) return Array.from({ length: size }, () => anything(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, () => [pick(random, WORDS), anything(random, depth - 1)]),
  );
}

const WORDS = [
  "command",
  "open",
  "close",
  "hold",
  "nonce",
  "issuedAt",
  "ttlMs",
  "60000",
  "by",
  "Ada",
  "sig",
  "mode",
  "locked",
  "v",
  "1",
  "__proto__",
  "constructor",
] as const;
const SNIPPETS = [
  '"',
  ",",
  "{",
  "}",
  '"command":"open",',
  '"sig":null,',
  "\u0000",
  " ",
  "\n",
  "\u2028",
  "é",
  "9",
  "\\u006f",
] as const;

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

function seeded(start: number): () => number {
  return seededRandom(start).next;
}
