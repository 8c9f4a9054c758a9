/** Brokers that misbehave: nothing that comes from one may end the process or reach the gate. */
import { createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { passEvent } from "../../src/core/events.js";
import { fakeClock } from "../support/fake-clock.js";
import { hostileBroker } from "../support/hostile-broker.js";
import { seeded } from "../support/random.js";
import { passRecord } from "../support/records.js";
import { type ReportFixture, reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";

const base = "plategate/demo/main";

test(
  "a message whose topic is no UTF-8 moves nothing, whether the connection survives it or is made again",
  scoped(async (use) => {
    const broker = use(await hostileBroker());
    const fixture = start(use, `url: "${broker.url}"\n  protocol: "3.1.1"\n  commands: "on"`);
    await fixture.report.start();
    await up(fixture);
    const command = JSON.stringify({ command: "open", nonce: "nonce-0001", issuedAt: Date.now() });
    const right = Buffer.from(`${base}/set/barrier`);
    for (const topic of [
      Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
      Buffer.concat([right, Buffer.from([0xff])]),
      Buffer.concat([right.subarray(0, 9), Buffer.from([0xed, 0xa0, 0x80]), right.subarray(9)]),
      Buffer.concat([right, Buffer.from([0])]),
      Buffer.alloc(0),
    ])
      broker.send(publishPacket(topic, Buffer.from(command)));
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    fixture.report.poke();
    await until(async () => (await fixture.outbox.count()) === 0, "it goes on reporting");
    assert.equal(fixture.commands, []);
    assert.equal(fixture.report.status().commands.accepted, 0);
    broker.send(publishPacket(right, Buffer.from(command)));
    await until(() => fixture.commands.length === 1, "the same command on the right topic arrives");
  }),
);

test(
  "commands of Home Assistant that are switched off move nothing, also when the broker sends them unasked",
  scoped(async (use) => {
    const broker = use(await hostileBroker());
    const fixture = start(
      use,
      `url: "${broker.url}"\n  protocol: "3.1.1"\n  commands: "on"\n  homeAssistant: { enabled: true }`,
    );
    await fixture.report.start();
    await up(fixture);
    const topic = Buffer.from(`${base}/ha/set`);
    const open = { command: "open", nonce: "nonce-0001", issuedAt: Date.now() };
    for (const text of ["OPEN", JSON.stringify(open)]) broker.send(publishPacket(topic, Buffer.from(text)));
    await until(() => fixture.report.status().commands.refused["commands-off"] === 2, "both are refused");
    assert.equal(fixture.commands, []);
  }),
);

test(
  "a giant of a packet is refused before it has come, and the connection lives on",
  scoped(async (use) => {
    const broker = use(await hostileBroker());
    const fixture = start(use, `url: "${broker.url}"\n  protocol: "3.1.1"\n  commands: "on"`);
    await fixture.report.start();
    await up(fixture);
    const giant = publishPacket(Buffer.from(`${base}/set/barrier`), Buffer.alloc(2_000_000, 0x7b));
    broker.send(giant);
    await until(() => fixture.report.status().commands.refused.oversized === 1, "it is refused");
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    fixture.report.poke();
    await until(async () => (await fixture.outbox.count()) === 0, "it goes on reporting");
    assert.is(broker.connections(), 1);
    broker.send(giant.subarray(0, 100_000));
    await until(() => fixture.report.status().commands.refused.oversized === 2, "refused by its beginning");
    assert.equal(fixture.commands, []);
  }),
);

test(
  "whatever bytes a broker sends, the appliance stays, connects again and still reports",
  scoped(async (use) => {
    const broker = use(await hostileBroker());
    // Bytes that announce a packet longer than themselves swallow the answers to what is under way, pings' too.
    const fixture = start(
      use,
      `url: "${broker.url}"\n  protocol: "3.1.1"\n  commands: "on"\n  keepaliveSeconds: 1`,
    );
    await fixture.report.start();
    const random = seeded(Number(process.env.FUZZ_SEED ?? 20260105));
    for (let round = 0; round < 12; round++) {
      await up(fixture);
      const bytes = Array.from({ length: 1 + Math.floor(random.next() * 200) }, () =>
        Math.floor(random.next() * 256),
      );
      // Every second time at least the first byte is that of a packet a broker may send.
      if (round % 2 === 0) bytes[0] = [0x20, 0x30, 0x40, 0x90, 0xb0, 0xd0][(round / 2) % 6]!;
      broker.send(Buffer.from(bytes));
      await fixture.outbox.add([passEvent(passRecord({ id: `p${round}` }), "NEW", 1)]);
      fixture.report.poke();
      await until(async () => (await fixture.outbox.count()) === 0, `round ${round} is reported`);
    }
    assert.equal(fixture.commands, []);
    assert.is(fixture.report.status().sinks[0]!.dropped, 0);
  }),
);

test(
  "an answer that never comes does not hold up the events for ever, though pings are answered",
  scoped(async (use) => {
    for (const lost of ["event/pass", "set/barrier"]) {
      let isMute = true;
      const broker = use(await hostileBroker({ ignores: (topic) => isMute && topic.endsWith(lost) }));
      const fixture = start(
        use,
        `url: "${broker.url}"\n  protocol: "3.1.1"\n  commands: "on"\n  keepaliveSeconds: 1`,
      );
      await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
      await fixture.report.start();
      await until(
        () => /without an answer/.test(fixture.report.status().sinks[0]!.sentence),
        `told: ${lost} is not answered`,
      );
      assert.is(await fixture.outbox.count(), 1);
      isMute = false;
      await until(async () => (await fixture.outbox.count()) === 0, "the event is sent again and answered");
      assert.is(fixture.report.status().sinks[0]!.dropped, 0);
    }
  }),
);

test(
  "a broker that lets us speak but not listen gets the events; the state says that no command can arrive",
  scoped(async (use) => {
    const broker = use(await hostileBroker({ refuses: (topic) => topic.endsWith("set/barrier") }));
    const fixture = start(use, `url: "${broker.url}"\n  protocol: "3.1.1"\n  commands: "on"`);
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    await fixture.report.start();
    await until(async () => (await fixture.outbox.count()) === 0, "the event is sent");
    const sink = fixture.report.status().sinks[0]!;
    assert.is(sink.state, "up");
    assert.is(sink.isLimited, true);
    assert.match(sink.sentence, /does not let us listen, so no command arrives; correct its access list/);
    assert.is(broker.connections(), 1, "and it stays connected");
    assert.is(broker.heard.get(`${base}/availability`), "online");
  }),
);

test(
  "a broker that hangs up on MQTT 5 without a word is asked in 3.1.1",
  scoped(async (use) => {
    const tried: (number | undefined)[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => {});
      // The version of a CONNECT comes after the name of the protocol.
      socket.once("data", (bytes) => {
        tried.push(bytes[bytes.indexOf("MQTT") + 4]);
        if (tried.at(-1) !== 4) socket.destroy();
      });
      use({ close: () => socket.destroy() });
    });
    use({ close: () => server.close() });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const clock = fakeClock();
    const url = `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`;
    const { report } = reportFixture(`report: { url: "${url}" }`, { clock });
    use(report);
    await report.start();
    await until(() => {
      clock.advance(500);
      return tried.includes(4);
    }, "it is tried");
    assert.equal(tried.slice(0, 4), [5, 5, 5, 4]);
  }),
);

test(
  "a Sparkplug node that may not hear its commands is no node: it says so and tries again",
  scoped(async (use) => {
    const broker = use(await hostileBroker({ refuses: (topic) => topic.startsWith("spBv1.0/") }));
    const fixture = start(use, `url: "${broker.url}"\n  protocol: "3.1.1"\n  sparkplug: { enabled: true }`);
    await fixture.report.start();
    const sink = () => fixture.report.status().sinks.find((s) => s.name === "sparkplug")!;
    await until(() => sink().state === "refused", "it is refused");
    assert.match(sink().sentence, /may not subscribe .* correct the broker's access list/);
    assert.not.ok([...broker.heard.keys()].some((topic) => topic.includes("BIRTH")));
  }),
);

test.run();

type Use = <T extends { close(): unknown }>(part: T) => T;

function start(use: Use, settings: string): ReportFixture {
  const fixture = reportFixture(`report:\n  ${settings}\n`);
  use(fixture.report);
  return fixture;
}

function up(fixture: ReportFixture): Promise<void> {
  return until(() => fixture.report.status().sinks[0]!.state === "up", "connected");
}

/** A PUBLISH at QoS 0. */
function publishPacket(topic: Buffer, payload: Buffer): Buffer {
  const header = [0x30];
  for (let left = 2 + topic.length + payload.length; ; left = Math.floor(left / 128)) {
    header.push(left < 128 ? left : (left % 128) | 128);
    if (left < 128) break;
  }
  return Buffer.concat([Buffer.from([...header, topic.length >> 8, topic.length & 255]), topic, payload]);
}
