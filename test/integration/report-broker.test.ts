import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../../src/config.js";
import { passEvent } from "../../src/core/events.js";
import { type Broker, BrokerError, createBroker } from "../../src/report/broker.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { listener } from "../support/mqtt-listener.js";
import { proxy } from "../support/proxy.js";
import { passRecord } from "../support/records.js";
import { reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";

const base = "plategate/demo/main";

test(
  "the appliance on its defaults tells its own broker, and a reader there sees pass, states and online",
  scoped(async (use) => {
    const { broker, url } = await started(use);
    const fixture = reportFixture("", { embedded: { url } });
    use(fixture.report);
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    await fixture.report.start();
    await until(async () => (await fixture.outbox.count()) === 0, "it is sent");
    const ear = use(await listener(url, "#", { protocolVersion: 4 }));
    await until(() => ear.heard.length >= 7, "everything retained has come");
    assert.is(ear.json(`${base}/state/last-pass`)[0]?.id, "pass-1:new");
    assert.is(ear.on(`${base}/availability`)[0]?.text, "online");
    assert.is(broker.status().clients, 2);
  }),
);

test(
  "HA 11: a press whose acknowledgement was lost opens once: Home Assistant does not send it again when its line is back",
  scoped(async (use) => {
    const { broker, url } = await started(use);
    const clock = fakeClock();
    const settings = "report: { homeAssistant: { enabled: true, commands: true } }";
    const fixture = reportFixture(settings, { embedded: { url }, clock });
    use(fixture.report);
    await fixture.report.start();
    const line = use(await proxy(Number(new URL(url).port)));
    const home = use(
      await listener(line.url, "homeassistant/#", { protocolVersion: 4, clean: false, clientId: "home" }),
    );
    const device = () =>
      home.json("homeassistant/device/plategate_10000000abcdef01/config").at(-1) as Device | undefined;
    await until(() => device() !== undefined, "the gate is announced");
    const { cmps, qos } = device()!;
    const words = Object.values(cmps).filter((c) => c.command_topic !== undefined && !c.command_template);
    assert.equal(
      words.map((c) => c.p),
      ["cover"],
    );
    for (const [n, word] of [words[0]!.payload_open, words[0]!.payload_close].entries()) {
      clock.advance(1);
      line.mute();
      void home.publish(words[0]!.command_topic!, word!, { qos: words[0]!.qos ?? qos }).catch(() => {});
      await until(() => fixture.commands.length > n, "the press has come");
      clock.advance(1100);
      const connected = new Promise<void>((resolve) => home.client.once("connect", () => resolve()));
      line.cut();
      await connected;
      await home.publish("homeassistant/fence", String(n));
      await until(() => home.on("homeassistant/fence").length > n, "all has been sent");
      assert.equal(
        fixture.commands.map((c) => c.kind),
        ["open", "close"].slice(0, n + 1),
      );
    }
    assert.ok(broker.status().clients >= 2);
  }),
);

interface Device extends Record<string, unknown> {
  qos: 0 | 1;
  cmps: Record<
    string,
    { p: string; qos?: 0 | 1 } & Partial<
      Record<"command_topic" | "command_template" | "payload_open" | "payload_close", string>
    >
  >;
}

test(
  "a vehicle that came while the clock was ahead is no longer the last one when another has come",
  scoped(async (use) => {
    const { url } = await started(use);
    const clock = fakeClock();
    const fixture = reportFixture("", { embedded: { url }, clock });
    use(fixture.report);
    await fixture.report.start();
    const ear = use(await listener(url, `${base}/state/last-pass`, { protocolVersion: 4 }));
    const year = 365 * 86_400_000;
    for (const [id, startedAt] of [
      ["before", clock.wallMs()],
      ["ahead", clock.wallMs() + year],
      ["after", clock.wallMs() + 1],
    ] as const) {
      clock.advance(1);
      await fixture.outbox.add([passEvent(passRecord({ id, startedAt }), "NEW", startedAt)]);
      fixture.report.poke();
      await until(() => ear.heard.at(-1)?.text.includes(`"${id}:new"`) === true, `${id} is the last one`);
    }
    // What is told late of a vehicle that came before is no news.
    await fixture.outbox.add([
      passEvent(passRecord({ id: "before", startedAt: clock.wallMs() - 3 }), "END", 1),
    ]);
    fixture.report.poke();
    await until(async () => (await fixture.outbox.count()) === 0, "all is sent");
    await ear.publish(`${base}/state/last-pass`, "fence");
    await until(() => ear.heard.at(-1)?.text === "fence", "all has been heard");
    assert.match(ear.heard.at(-2)!.text, '"after:new"');
  }),
);

test(
  "a broker that only speaks MQTT 3.1.1 is spoken to in it",
  scoped(async (use) => {
    const { url } = await started(use);
    const fixture = reportFixture(`report: { url: "${url}" }`);
    use(fixture.report);
    await fixture.report.start();
    await until(() => fixture.report.status().sinks[0]?.state === "up", "connected");
  }),
);

test(
  "nothing is lost over a restart of the broker inside",
  scoped(async (use) => {
    const first = await started(use);
    const fixture = reportFixture("", { embedded: { url: first.url } });
    use(fixture.report);
    await fixture.report.start();
    await until(() => fixture.report.status().sinks[0]?.state === "up", "connected");
    await first.broker.close();
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    await started(use, { port: first.port });
    await until(async () => (await fixture.outbox.count()) === 0, "it is sent");
  }),
);

test(
  "without the broker inside the state says what to do, and events wait",
  scoped(async (use) => {
    const fixture = reportFixture("", { embedded: null });
    use(fixture.report);
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    await fixture.report.start();
    await until(() => fixture.report.status().sinks[0]?.state === "refused", "it says so");
    assert.match(fixture.report.status().sinks[0]!.sentence, "the broker inside is not running");
    assert.is(await fixture.outbox.count(), 1);
  }),
);

test("beyond this machine it listens only with a password", async () => {
  const broker = createBroker({ config: settings({ host: "0.0.0.0" }), log: silentLog });
  try {
    await broker.start();
    assert.unreachable("it must be refused");
  } catch (error) {
    assert.instance(error, BrokerError);
    assert.match((error as Error).message, "only with a password");
  }
});

test(
  "with a password the right one is let in, and a wrong one, a wrong user and none are not",
  scoped(async (use) => {
    const folder = mkdtempSync(join(tmpdir(), "plategate-broker-"));
    use({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const file = join(folder, "password");
    writeFileSync(file, "right-horse\n", { mode: 0o600 });
    const { url: there } = await started(use, { host: "0.0.0.0", passwordFile: file });
    for (const [username, password, wanted] of [
      ["plategate", "right-horse", "up"],
      ["plategate", "wrong-horse", "refused"],
      ["somebody", "right-horse", "refused"],
      ["", "", "refused"],
    ] as const) {
      const fixture = reportFixture("", { embedded: { url: there, username, password } });
      use(fixture.report);
      await fixture.report.start();
      await until(() => fixture.report.status().sinks[0]?.state === wanted, `${username} is ${wanted}`);
      await fixture.report.close();
    }
  }),
);

test(
  "the password of the broker inside is not sent to the brokers of Sparkplug",
  scoped(async (use) => {
    const heard: Buffer[] = [];
    const stranger = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => heard.push(bytes));
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    use(stranger);
    const { port } = stranger.address() as AddressInfo;
    const { url } = await started(use);
    const fixture = reportFixture(
      `report: { sparkplug: { enabled: true, servers: ["mqtt://127.0.0.1:${port}"] } }`,
      { embedded: { url, username: "inside", password: "right-horse" } },
    );
    use(fixture.report);
    await fixture.report.start();
    await until(() => heard.length > 0, "it says who it is");
    assert.match(Buffer.concat(heard).toString("latin1"), "demo-main");
    assert.not.match(Buffer.concat(heard).toString("latin1"), /inside|right-horse/);
  }),
);

test(
  "a taken port is told in one sentence",
  scoped(async (use) => {
    const { port } = await started(use);
    const second = createBroker({ config: settings({ port }), log: silentLog });
    try {
      await second.start();
      assert.unreachable("it must be refused");
    } catch (error) {
      assert.instance(error, BrokerError);
      assert.match((error as Error).message, `broker 127.0.0.1:${port}: this port is taken`);
    }
  }),
);

test(
  "rubbish, half packets and a hundred idle connections do not keep readers out for good",
  scoped(async (use) => {
    const { port, url } = await started(use);
    const idle = Array.from({ length: 100 }, () => connect(port, "127.0.0.1"));
    for (const socket of idle) socket.on("error", () => {});
    for (const bytes of [
      "GET / HTTP/1.1\r\n\r\n",
      "\u0010\u00ff\u00ff\u00ff\u007f",
      "\u0000".repeat(1000),
      "\u0030\u0002\u0000\u0000",
    ]) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(bytes);
      use({ close: () => socket.destroy() });
    }
    await until(() => idle.filter((s) => s.destroyed).length >= 36, "those above the limit are hung up on");
    for (const socket of idle) socket.destroy();
    const ear = use(await listener(url, "#", { protocolVersion: 4 }));
    await ear.publish("a", "b");
    await until(() => ear.heard.length === 1, "it still works");
  }),
);

test(
  "a packet that announces more than a million bytes is cut before it is gathered, a picture of 900 kB passes",
  scoped(async (use) => {
    const { port, url } = await started(use);
    const socket = connect(port, "127.0.0.1");
    use({ close: () => socket.destroy() });
    let cut = false;
    socket.on("error", () => {});
    socket.on("close", () => {
      cut = true;
    });
    // A CONNECT of 256 MB.
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await until(() => cut, "it is cut");
    const ear = use(await listener(url, "#", { protocolVersion: 4 }));
    await ear.publish("picture", Buffer.alloc(900_000, 7));
    await until(() => ear.heard.length === 1, "the picture passes");
    assert.is(ear.heard[0]!.payload.length, 900_000);
  }),
);

test(
  "nothing is kept for a client that wants a lasting session and may never return",
  scoped(async (use) => {
    const { url } = await started(use);
    const gone = await listener(url, "#", { protocolVersion: 4, clientId: "tried-once", clean: false });
    await gone.close();
    const other = use(await listener(url, "#", { protocolVersion: 4 }));
    await other.publish("missed", "1");
    const back = use(await listener(url, "#", { protocolVersion: 4, clientId: "tried-once", clean: false }));
    await other.publish("fence", "1");
    await until(() => back.on("fence").length === 1, "it hears what comes from now on");
    assert.equal(back.on("missed"), []);
  }),
);

test(
  "a subscriber that stops reading is hung up on, and holds up the others no longer than that",
  scoped(async (use) => {
    const { broker, url, port } = await started(use);
    const stuck = connect(port, "127.0.0.1");
    use({ close: () => stuck.destroy() });
    stuck.on("error", () => {});
    // CONNECT as `a` without keep-alive, then SUBSCRIBE to # at QoS 1, and never a read.
    stuck.pause();
    stuck.write(Buffer.from("100d00044d515454040200000001618206000100012301", "hex"));
    await until(() => broker.status().clients === 1, "it is in");
    const other = use(await listener(url, "none", { protocolVersion: 4 }));
    const picture = Buffer.alloc(100_000);
    await Promise.all(Array.from({ length: 200 }, () => other.publish("picture", picture)));
    await until(() => broker.status().clients === 1, "it is hung up on");
  }),
);

test.run();

type Use = <T extends { close(): unknown }>(part: T) => T;

function settings(more: object) {
  return { ...parseConfig("broker: { port: 0 }").broker, ...more };
}

async function started(use: Use, more: object = {}): Promise<{ broker: Broker; url: string; port: number }> {
  const broker = use(createBroker({ config: settings(more), log: silentLog }));
  return { broker, ...(await broker.start()) };
}
