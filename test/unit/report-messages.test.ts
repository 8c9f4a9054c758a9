import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  alarmEvent,
  barrierEvent,
  clipEvent,
  decisionEvent,
  type NewEvent,
  passEvent,
} from "../../src/core/events.js";
import type { OutboxEvent } from "../../src/core/records.js";
import { explain } from "../../src/report/connection-problem.js";
import { exposeReport } from "../../src/report/figures.js";
import { createLink, pauseMs } from "../../src/report/link.js";
import { messageOf } from "../../src/report/messages.js";
import { onvifEvent } from "../../src/report/onvif.js";
import { packetCutter, packetGauge } from "../../src/report/packet-limit.js";
import { plateCover } from "../../src/report/privacy.js";
import { type PassMessage, SHAPES } from "../../src/report/shapes.js";
import { createSlots } from "../../src/report/slots.js";
import { silentLog } from "../../src/system/log.js";
import { createMetrics } from "../../src/system/metrics.js";
import { fakeClock } from "../support/fake-clock.js";
import { alarmFacts, barrierFacts, decisionRecord, noon, passRecord } from "../support/records.js";

const place = { site: "demo", gate: "main" };
const plain = plateCover("plain", null);
const key = Buffer.from("a key of more than sixteen bytes");

test("every kind of event becomes a message that fits its published shape", () => {
  const clip = {
    id: "c",
    passId: "a",
    camera: "front",
    path: "x.mp4",
    startedAt: noon,
    endedAt: noon + 1,
    bytes: 9,
    pinned: true,
  };
  const rows = [
    passEvent(passRecord(), "NEW", noon),
    passEvent(passRecord(), "UPDATE", noon, 3),
    passEvent(passRecord({ endedAt: noon }), "END", noon),
    decisionEvent(decisionRecord()),
    clipEvent(clip),
    barrierEvent("b", noon, barrierFacts),
    alarmEvent("a", noon, alarmFacts),
  ];
  for (const event of rows) {
    const message = messageOf(row(event), place, plain);
    assert.not.ok("problem" in message, JSON.stringify(message));
    SHAPES[`event-${event.kind}`].parse(message);
  }
});

test("ids tell the phases of a pass apart and stay the same when a row is built again", () => {
  const pass = passRecord({ id: "p" });
  const ids = [
    passEvent(pass, "NEW", 1),
    passEvent(pass, "UPDATE", 2, 1),
    passEvent(pass, "UPDATE", 3, 2),
    passEvent(pass, "END", 4),
  ].map((e) => e.id);
  assert.equal(ids, ["p:new", "p:update:1", "p:update:2", "p:end"]);
  assert.is(passEvent(pass, "NEW", 99).id, "p:new");
});

test("neither evidence nor file paths leave the appliance", () => {
  const decision = decisionEvent(decisionRecord({ evidence: '{"secret":1}' }));
  assert.not.match(decision.payload, "secret");
  const clip = clipEvent({
    id: "c",
    passId: null,
    camera: "f",
    path: "/data/x.mp4",
    startedAt: 1,
    endedAt: 2,
    bytes: 3,
    pinned: false,
  });
  assert.not.match(clip.payload, "/data");
});

test("a bare pass record is understood: ended is END, else UPDATE", () => {
  const phases = [null, noon].map(
    (endedAt) =>
      messageOf(
        { seq: 1, id: "x", kind: "pass", at: 1, payload: JSON.stringify(passRecord({ endedAt })) },
        place,
        plain,
      ) as PassMessage,
  );
  assert.equal(
    phases.map((m) => m.phase),
    ["UPDATE", "END"],
  );
});

test("a row that cannot be read is a problem with a sentence, not an exception", () => {
  const bad: Partial<OutboxEvent>[] = [
    { payload: "{" },
    { payload: "null" },
    { payload: "[]" },
    { payload: '{"phase":"NEW"}' },
    { kind: "decision", payload: '{"id":1}' },
    { kind: "alarm", payload: '"text"' },
    { kind: "weather" as never, payload: "{}" },
    { kind: "barrier", payload: '{"state":"ajar"}' },
    { at: Number.NaN, kind: "alarm", payload: JSON.stringify(alarmFacts) },
    { at: 9e15, kind: "alarm", payload: JSON.stringify(alarmFacts) },
  ];
  for (const change of bad) {
    const message = messageOf(
      { seq: 1, id: "x", kind: "pass", at: 1, payload: "{}", ...change },
      place,
      plain,
    );
    assert.ok("problem" in message && message.problem.length > 3, JSON.stringify(change));
  }
});

test("a masked plate keeps the first two and the last character, wherever it is written", () => {
  const masked = plateCover("masked", null);
  assert.is(masked.cover("AB12CDE"), "AB****E");
  assert.is(masked.cover("AB1"), "***");
  assert.is(masked.cover(""), "");
  const facts = {
    plate: "AB12CDE",
    sentence: "ab-12 cde, AB12CDE and AB 12 C.D.E",
    nested: [{ text: "AB12CDE" }],
    n: 12,
  };
  assert.equal(masked.facts(facts), {
    plate: "AB****E",
    sentence: "AB****E, AB****E and AB****E",
    nested: [{ text: "AB****E" }],
    n: 12,
  });
});

test("other plates that a sentence names are covered too, and the owner's name goes", () => {
  const facts = {
    plate: "AB12CDF",
    sentence:
      "It looks like AB12CDE (55.1 %), but 90 % are asked for. 4711 is on the deny list (Max (the younger)).",
  };
  assert.equal(plateCover("masked", null).facts(facts), {
    plate: "AB****F",
    sentence: "It looks like AB****E (55.1 %), but 90 % are asked for. 47*1 is on the deny list.",
  });
  const hashed = plateCover("hashed", key);
  assert.is(
    hashed.facts({ plate: "AB12CDE", sentence: "AB12CDE is inside." }).sentence,
    `${hashed.cover("AB12CDE")} is inside.`,
  );
});

test("a short plate that is part of an id leaves the id alone, and our own words stay", () => {
  const pass = passRecord({ plate: "AB12", id: "1f2e-ab12-77", sentence: "Stopped by the STOP button." });
  const message = messageOf(
    row(passEvent(pass, "NEW", noon)),
    place,
    plateCover("masked", null),
  ) as PassMessage;
  assert.is(message.pass.id, "1f2e-ab12-77");
  assert.is(message.pass.plate, "AB*2");
  assert.is(message.pass.sentence, "Stopped by the STOP button.");
});

test("a barrier event that names its plate in words is covered too", () => {
  const event = row(barrierEvent("b", noon, { ...barrierFacts, sentence: "For plate AB12CDE." }));
  assert.not.match(JSON.stringify(messageOf(event, place, plateCover("masked", null))), "AB12CDE");
});

test("a hashed plate is the same each time, differs by key, and needs a key", () => {
  const one = plateCover("hashed", key).cover("AB12CDE");
  assert.is(one, plateCover("hashed", key).cover("AB12CDE"));
  assert.is.not(one, plateCover("hashed", Buffer.from("another key of sixteen bytes")).cover("AB12CDE"));
  assert.match(one, /^#[0-9a-f]{16}$/);
  assert.throws(() => plateCover("hashed", null), /plateKeyFile/);
  assert.throws(() => plateCover("hashed", Buffer.from("short")), /16 bytes/);
});

test("pauses grow from half a second to fifteen, with a random part of up to half", () => {
  assert.equal(
    [1, 2, 3, 4, 5, 6, 7, 50].map((n) => pauseMs(n, 0)),
    [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000],
  );
  assert.equal(
    [1, 6].map((n) => pauseMs(n, 1)),
    [250, 7500],
  );
});

test("a connection that breaks at once again and again is tried ever more rarely", async () => {
  const clock = fakeClock();
  let tries = 0;
  const link = createLink({
    name: "t",
    clock,
    log: silentLog,
    servers: 1,
    random: () => 0,
    open: async (_server, events) => {
      tries++;
      const connection = {
        url: "mqtt://h:1",
        maxPacketBytes: null,
        publish: async () => {},
        subscribe: async () => {},
        settled: async () => {},
        close: async () => {},
      };
      setImmediate(() => events.lost({ refused: false, sentence: "kicked" }));
      return connection;
    },
    up: async () => {},
    down: () => {},
    message: () => {},
  });
  link.start();
  for (let second = 0; second < 120; second++) {
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
  assert.ok(tries >= 8 && tries <= 16, `${tries} tries in two minutes`);
  await link.close();
});

test("every problem is a sentence that names the place and what to do, and never a name or password", () => {
  const cases: [unknown, RegExp, boolean][] = [
    [{ code: "ECONNREFUSED" }, /gate\.local:1883: nothing listens there/, false],
    [{ code: 4 }, /refuses the user or the password; correct report\.username/, true],
    [{ code: 0x8e }, /another client took over our client id/, true],
    [{ message: "connack timeout" }, /does not answer as an MQTT broker/, false],
    [null, /the broker closed the connection/, false],
    [new Error("strange\nthing"), /strange thing\./, false],
  ];
  for (const [cause, sentence, refused] of cases) {
    const problem = explain(cause, "mqtt://user:secret@gate.local:1883");
    assert.match(problem.sentence, sentence);
    assert.is(problem.refused, refused);
    assert.not.match(problem.sentence, "secret");
  }
});

test("a connection that the other end closed is told from a network that broke", () => {
  const hungUp = (cause: unknown) => explain(cause, "mqtt://h:1").hungUp === true;
  for (const cause of [null, { code: "ECONNRESET" }, { code: 0x95 }, { code: 0x81 }])
    assert.ok(hungUp(cause));
  for (const cause of [
    { message: "Keepalive timeout" },
    { code: "EHOSTUNREACH" },
    { code: 0x8b },
    { code: 0x8e },
  ])
    assert.not.ok(hungUp(cause));
});

test("a webhook's problem names the webhook's setting, not the broker's", () => {
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "DEPTH_ZERO_SELF_SIGNED_CERT", "ECONNRESET"])
    assert.not.match(explain({ code }, "https://office/hook").sentence, /broker|report\./);
});

test("the report part is on /metrics: receivers, and commands by why they were refused", async () => {
  const metrics = createMetrics();
  const sink = {
    name: "mqtt",
    state: "up",
    sentence: "",
    sinceAt: 1,
    delivered: 5,
    resent: 1,
    dropped: 2,
    reconnects: 3,
  } as const;
  const figures = exposeReport(metrics, () => ({
    sinks: [sink],
    queued: 0,
    overflowed: 0,
    commands: { accepted: 4, refused: { expired: 6 } },
  }));
  figures.refresh();
  const text = await metrics.text();
  for (const line of [
    'report_up{sink="mqtt"} 1',
    'report_state{sink="mqtt",state="up"} 1',
    'report_state{sink="mqtt",state="refused"} 0',
    'report_delivered{sink="mqtt"} 5',
    'report_reconnects{sink="mqtt"} 3',
    "report_commands_accepted 4",
    'report_commands_refused{reason="expired"} 6',
  ])
    assert.match(text, `plategate_${line}`);
});

test("slots keep to their number and to the order", () => {
  const slots = createSlots(2);
  const started: number[] = [];
  const frees: (() => void)[] = [];
  for (let i = 0; i < 5; i++)
    slots.run((free) => {
      started.push(i);
      frees.push(free);
    });
  assert.equal(started, [0, 1]);
  frees[1]!();
  frees[1]!();
  assert.equal(started, [0, 1, 2], "a slot is freed once");
  for (let i = 0; i < 5; i++) frees[i]?.();
  assert.equal(started, [0, 1, 2, 3, 4]);
});

test("packets are followed through any cut of the bytes, and one that is too large is seen by its header", () => {
  const packet = (length: number) =>
    Buffer.concat([Buffer.from([0x30, ...encoded(length)]), Buffer.alloc(length, 0xff)]);
  const stream = Buffer.concat([packet(0), packet(5), packet(127), packet(128), packet(20_000), packet(2)]);
  for (const step of [1, 2, 3, 7, 1000, stream.length]) {
    const fits = packetGauge(20_000);
    for (let at = 0; at < stream.length; at += step)
      assert.ok(fits(stream.subarray(at, at + step)), `step ${step}`);
    assert.not.ok(fits(Buffer.from([0x10, ...encoded(20_001)])));
  }
  assert.not.ok(
    packetGauge(1e9)(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff])),
    "five bytes of length are none",
  );
});

test("packets that are too large are cut to one that fits, through any cut of the bytes, and the others stay as they are", () => {
  const packet = (length: number) =>
    Buffer.concat([Buffer.from([0x30, ...encoded(length)]), Buffer.alloc(length, length)]);
  const stream = Buffer.concat([packet(0), packet(195), packet(196), packet(127), packet(20_000), packet(2)]);
  const small = Buffer.concat([Buffer.from([0x30, ...encoded(195)]), Buffer.alloc(195, 196)]);
  const smaller = Buffer.concat([Buffer.from([0x30, ...encoded(195)]), Buffer.alloc(195, 20_000)]);
  const expected = Buffer.concat([packet(0), packet(195), small, packet(127), smaller, packet(2)]);
  for (const step of [1, 2, 3, 7, 1000, stream.length]) {
    const cut = packetCutter(200);
    const pieces: Buffer[] = [];
    for (let at = 0; at < stream.length; at += step) pieces.push(cut(stream.subarray(at, at + step)));
    assert.equal(Buffer.concat(pieces), expected, `step ${step}`);
  }
  const endless = Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff]);
  assert.equal(packetCutter(200)(endless), endless, "what has no length is for the parser to refuse");
});

test("ONVIF: a plate event has the topic of Profile M without namespace, UtcTime, Source and Data", () => {
  const { topic, payload } = onvif("NEW");
  assert.is(topic, "plategate/demo/main/onvif-ej/RuleEngine/Recognition/LicensePlate/&front/Plategate");
  assert.equal(payload, {
    UtcTime: "2026-01-05T12:00:00.000Z",
    PropertyOperation: "Initialized",
    Source: { VideoSource: "front", Rule: "Plategate" },
    Key: { ObjectId: "pass-1" },
    Data: {
      Lifecycle: "New",
      Likelihood: 0.97,
      LicensePlateInfo: { PlateNumber: { "@Likelihood": 0.97, "#text": "AB12CDE" } },
      Direction: "approaching",
    },
  });
});

test("ONVIF: the lifecycle is New, Update, Lost, and a Deleted carries no plate that could be taken for a read", () => {
  assert.equal(
    (["NEW", "UPDATE", "END"] as const).map((p) => [
      onvif(p).payload.PropertyOperation,
      onvif(p).payload.Data.Lifecycle,
    ]),
    [
      ["Initialized", "New"],
      ["Changed", "Update"],
      ["Deleted", "Lost"],
    ],
  );
  assert.equal(onvif("END").payload.Data, { Lifecycle: "Lost" });
});

test.run();

function encoded(length: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((length % 128) + (length >= 128 ? 128 : 0));
    length = Math.floor(length / 128);
  } while (length > 0);
  return bytes;
}

function row(event: NewEvent): OutboxEvent {
  return { ...event, seq: 7 };
}

function onvif(phase: "NEW" | "UPDATE" | "END") {
  const message = messageOf(row(passEvent(passRecord(), phase, noon)), place, plain) as PassMessage;
  const { topic, payload } = onvifEvent(message, "plategate/demo/main");
  return { topic, payload: JSON.parse(payload) };
}
