import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { alarmEvent, passEvent } from "../../src/core/events.js";
import { type Certificates, certificates, hasOpenssl } from "../support/certificates.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { listener } from "../support/mqtt-listener.js";
import { proxy } from "../support/proxy.js";
import { alarmFacts, passRecord } from "../support/records.js";
import { type ReportFixture, reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const base = "plategate/demo/main";

if (mosquittoPath === null)
  test("MQTT against a real broker", () =>
    skipLoudly("MQTT against a real broker", "there is no mosquitto on this machine"));
else {
  for (const protocol of ["5", "3.1.1", "auto"]) {
    test(
      `events, states and commands work over MQTT ${protocol}`,
      scoped(async (use) => {
        const broker = use(await mosquitto());
        await broker.start();
        const ear = use(await listener(broker.url, `${base}/#`));
        const fixture = start(use, `url: "${broker.url}"\n  protocol: "${protocol}"\n  commands: "on"`);
        await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
        await fixture.report.start();
        await until(() => ear.on(`${base}/event/pass`).length === 1, "the event came");
        await until(() => ear.on(`${base}/state/last-pass`).length === 1, "and the last pass");
        await ear.publish(
          `${base}/set/barrier`,
          JSON.stringify({ command: "open", nonce: "nonce-0001", issuedAt: Date.now() }),
        );
        await until(() => ear.on(`${base}/result/barrier`).length === 1, "the command was answered");
        assert.equal(
          fixture.commands.map((c) => c.kind),
          ["open"],
        );
        for (const name of ["barrier", "inputs", "health", "storage"])
          assert.is(ear.on(`${base}/state/${name}`).length, 1, name);
        assert.equal(
          ear.on(`${base}/availability`).map((h) => h.text),
          ["online"],
        );
      }),
    );
  }

  test(
    "what a newcomer finds: states, last pass and availability are retained, events and results are not",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const fixture = start(use, `url: "${broker.url}"\n  commands: "on"`);
      await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
      await fixture.report.start();
      await until(async () => (await fixture.outbox.count()) === 0, "it is sent");
      const ear = use(await listener(broker.url, "#"));
      await until(() => ear.on(`${base}/state/last-pass`).length === 1, "the last pass is there");
      await ear.publish("fence", "1");
      await until(() => ear.on("fence").length === 1, "all retained ones have come");
      const topics = ear.heard
        .map((h) => h.topic)
        .filter((t) => t.startsWith("plategate"))
        .sort();
      assert.equal(
        topics,
        [
          "availability",
          "availability/cameras",
          "state/barrier",
          "state/health",
          "state/inputs",
          "state/last-pass",
          "state/storage",
        ].map((t) => `${base}/${t}`),
      );
    }),
  );

  test(
    "a change is published once, and again to a broker that comes back",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const ear = use(await listener(broker.url, `${base}/state/barrier`));
      const fixture = start(use, `url: "${broker.url}"`);
      await fixture.report.start();
      await until(() => ear.heard.length === 1, "the first state");
      fixture.changed();
      fixture.barrier = { ...fixture.barrier, state: "opening", sentence: "going up" };
      fixture.changed();
      fixture.changed();
      await until(() => ear.heard.length === 2, "the change");
      assert.equal(
        ear.json(`${base}/state/barrier`).map((s) => s.state),
        ["closed", "opening"],
      );
    }),
  );

  test(
    "figures that change all the time do not flood the broker: health goes out when something is the matter, else with the clock",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const ear = use(await listener(broker.url, `${base}/state/health`));
      const fixture = start(use, `url: "${broker.url}"`);
      await fixture.report.start();
      await until(() => ear.heard.length === 1, "the first state");
      for (let i = 0; i < 50; i++) {
        fixture.health[0] = { ...fixture.health[0]!, sentence: `${i} pictures/s` };
        fixture.changed();
      }
      fixture.health[0] = { ...fixture.health[0]!, state: "bad", sentence: "no pictures" };
      fixture.changed();
      await until(() => ear.heard.length >= 2, "the change for the worse");
      assert.is(ear.heard.length, 2);
    }),
  );

  test(
    "the will says offline when the appliance is gone without a word",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const wire = use(await proxy(broker.port));
      const ear = use(await listener(broker.url, `${base}/availability`));
      const fixture = start(use, `url: "${wire.url}"`);
      await fixture.report.start();
      await until(() => ear.heard.length === 1, "online");
      await wire.close();
      await until(() => ear.heard.length === 2, "offline");
      assert.equal(
        ear.heard.map((h) => h.text),
        ["online", "offline"],
      );
    }),
  );

  test(
    "SpB 2, 3: both connections begin clean; the will is QoS 1, retained for the plain topics and not for Sparkplug",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const wire = use(await proxy(broker.port));
      const fixture = start(use, `url: "${wire.url}"\n  protocol: "3.1.1"\n  sparkplug: { enabled: true }`);
      await fixture.report.start();
      await until(() => fixture.report.status().sinks.every((s) => s.state === "up"), "both are up");
      const flags = wire.opened.map((bytes) => connectFlags(bytes)).sort();
      // Bits of CONNECT: 1 clean session, 2 will, 3-4 will QoS, 5 will retained.
      assert.equal(flags, [0b001110, 0b101110]);
    }),
  );

  test(
    "a command that is published retained moves nothing, not even the moment it comes (MQTT 5), nor after a reconnect",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const wire = use(await proxy(broker.port));
      const ear = use(await listener(broker.url, `${base}/result/#`));
      const fixture = start(use, `url: "${wire.url}"\n  commands: "on"`);
      await fixture.report.start();
      await up(fixture);
      const command = { command: "open", nonce: "nonce-0001", issuedAt: Date.now(), ttlMs: 60_000 };
      await ear.publish(`${base}/set/barrier`, JSON.stringify(command), { retain: true });
      await until(() => fixture.report.status().commands.refused.retained === 1, "refused at once");
      await until(() => ear.heard.length === 1, "and answered");
      wire.cut();
      await until(
        () => fixture.report.status().commands.refused.retained === 2,
        "refused after the reconnect",
      );
      assert.equal(fixture.commands, []);
      await until(() => ear.heard.length === 2, "both were answered");
      assert.equal(
        ear.json(`${base}/result/barrier`).map((r) => r.reason),
        ["retained", "retained"],
      );
    }),
  );

  test(
    "a flood of rubbish commands from four clients holds up neither the events nor a right command",
    scoped(async (use) => {
      const broker = use(await mosquitto(["allow_anonymous true", "max_queued_messages 0"]));
      await broker.start();
      const ear = use(await listener(broker.url, [`${base}/event/pass`, `${base}/result/barrier`]));
      const fixture = start(use, `url: "${broker.url}"\n  commands: "on"`);
      await fixture.report.start();
      await up(fixture);
      const floods = await Promise.all(
        [1, 2, 3, 4].map(async () => use(await listener(broker.url, "nothing"))),
      );
      const flooding = Promise.all(
        floods.map(async (f) => {
          for (let i = 0; i < 2500; i++) await f.publish(`${base}/set/barrier`, "x".repeat(500), { qos: 0 });
        }),
      );
      await fixture.outbox.add(
        Array.from({ length: 1000 }, (_, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", i)),
      );
      fixture.report.poke();
      await flooding;
      await ear.publish(
        `${base}/set/barrier`,
        JSON.stringify({ command: "open", nonce: "nonce-right", issuedAt: Date.now(), ttlMs: 60_000 }),
      );
      await until(() => ear.on(`${base}/event/pass`).length >= 1000, "all events came", 60_000);
      await until(() => fixture.commands.length === 1, "the right command came through", 60_000);
      assert.ok(fixture.lines.length < 200, "the flood is not written to the log line by line");
      assert.ok(ear.on(`${base}/result/barrier`).length < 200, "nor answered message by message");
    }),
  );

  test(
    "a connection cut again and again loses nothing",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const wire = use(await proxy(broker.port));
      const ear = use(await listener(broker.url, `${base}/event/pass`));
      const fixture = start(use, `url: "${wire.url}"`);
      await fixture.outbox.add(
        Array.from({ length: 2000 }, (_, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", i)),
      );
      await fixture.report.start();
      for (const left of [1800, 1200, 600]) {
        await until(async () => (await fixture.outbox.count()) < left, `fewer than ${left}`);
        wire.cut();
      }
      await until(async () => (await fixture.outbox.count()) === 0, "all are gone");
      await until(
        () => new Set(ear.json(`${base}/event/pass`).map((m) => m.id)).size === 2000,
        "all have come",
      );
    }),
  );

  test(
    "a broker that stops answering is noticed by the keep-alive, and nothing is lost",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const fixture = start(use, `url: "${broker.url}"\n  keepaliveSeconds: 1`);
      await fixture.report.start();
      await up(fixture);
      broker.freeze();
      await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
      fixture.report.poke();
      await until(() => sink(fixture).state !== "up", "the silence is noticed");
      broker.thaw();
      await until(async () => (await fixture.outbox.count()) === 0, "the event is sent");
    }),
  );

  test(
    "an event that is too large for the broker is left out and told, the next one goes through",
    scoped(async (use) => {
      const broker = use(await mosquitto(["allow_anonymous true", "max_packet_size 4000"]));
      await broker.start();
      for (const [protocol, more, sentence] of [
        // MQTT 5 brokers say how much they take; Home Assistant's announcement is too large here as well.
        ["5", "homeAssistant: { enabled: true }", /larger than the 4000 bytes/],
        // Others hang up, and the event that they hang up on is found by trying.
        ["3.1.1", "", /broke the connection again and again/],
      ] as const) {
        const ear = use(await listener(broker.url, `${base}/event/alarm`, { protocolVersion: 4 }));
        const fixture = start(use, `url: "${broker.url}"\n  protocol: "${protocol}"\n  ${more}`);
        await fixture.outbox.add([
          alarmEvent("big", 1, { ...alarmFacts, sentence: "y".repeat(6000) }),
          alarmEvent("small", 1, alarmFacts),
        ]);
        await fixture.report.start();
        await until(() => ear.heard.length === 1, "the small one came");
        assert.is(sink(fixture).dropped, 1);
        assert.ok(fixture.lines.some((l) => l.level === "error" && sentence.test(l.sentence)));
      }
    }),
  );

  test(
    "a broker whose access list refuses our events keeps them waiting, and says what to do",
    scoped(async (use) => {
      const folder = mkdtempSync(join(tmpdir(), "plategate-acl-"));
      use({ close: () => rmSync(folder, { recursive: true, force: true }) });
      const acl = join(folder, "acl");
      writeFileSync(acl, `topic read #\ntopic write ${base}/availability\ntopic write ${base}/state/#\n`);
      const broker = use(await mosquitto(["allow_anonymous true", `acl_file ${acl}`]));
      await broker.start();
      const fixture = start(use, `url: "${broker.url}"`);
      await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
      await fixture.report.start();
      await until(() => /access list/.test(sink(fixture).sentence), "it says so");
      assert.is(await fixture.outbox.count(), 1);
      assert.is(sink(fixture).dropped, 0);
      writeFileSync(acl, "topic readwrite #\n");
      await broker.stop();
      await broker.start();
      await until(async () => (await fixture.outbox.count()) === 0, "it goes through once it may");
    }),
  );

  test(
    "an access list that forbids only the topics of ONVIF holds up no event and repeats none; the state says so",
    scoped(async (use) => {
      const broker = use(
        await mosquitto(["allow_anonymous true", "acl_file {folder}/acl"], {
          acl: ["topic readwrite plategate/#"],
        }),
      );
      await broker.start();
      const ear = use(await listener(broker.url, `${base}/event/pass`));
      const fixture = start(use, `url: "${broker.url}"\n  onvif: { enabled: true, topicPrefix: cams }`);
      for (const id of ["a", "b", "c"]) await fixture.outbox.add([passEvent(passRecord({ id }), "NEW", 1)]);
      await fixture.report.start();
      await until(async () => (await fixture.outbox.count()) === 0, "all are taken");
      await until(() => ear.heard.length >= 3, "all are heard");
      assert.equal(
        ear.heard.map((h) => JSON.parse(h.text).id),
        ["a:new", "b:new", "c:new"],
      );
      assert.is(sink(fixture).isLimited, true);
      assert.match(
        sink(fixture).sentence,
        /refuses what we publish on cams\/onvif-ej.*correct its access list/,
      );
      assert.is(fixture.lines.filter((l) => /refuses what we publish/.test(l.sentence)).length, 1);
    }),
  );

  if (!existsSync("/usr/bin/mosquitto_passwd"))
    skipLoudly("passwords", "there is no mosquitto_passwd on this machine");
  else
    test(
      "a wrong password is a clear state, is tried again, and stands in no log",
      scoped(async (use) => {
        const folder = mkdtempSync(join(tmpdir(), "plategate-password-"));
        use({ close: () => rmSync(folder, { recursive: true, force: true }) });
        const [users, file] = [join(folder, "users"), join(folder, "password")];
        execFileSync("mosquitto_passwd", ["-c", "-b", users, "gate", "right-horse-battery"]);
        const broker = use(await mosquitto(["allow_anonymous false", `password_file ${users}`]));
        await broker.start();
        writeFileSync(file, "wrong-horse-battery\n", { mode: 0o600 });
        const fixture = start(use, `url: "${broker.url}"\n  username: gate\n  passwordFile: ${file}`);
        await fixture.report.start();
        await until(() => sink(fixture).state === "refused", "it is refused");
        assert.match(sink(fixture).sentence, "report.passwordFile");
        assert.not.match(JSON.stringify([fixture.lines, fixture.report.status()]), "horse");
        await fixture.report.close();
        writeFileSync(file, "right-horse-battery\n");
        const right = start(use, `url: "${broker.url}"\n  username: gate\n  passwordFile: ${file}`);
        await right.report.start();
        await up(right);
      }),
    );

  if (!hasOpenssl) skipLoudly("TLS", "there is no openssl on this machine to make certificates with");
  else tls();
}

test(
  "a port where nobody listens, a name that is none, and something that is no broker: one sentence each",
  scoped(async (use) => {
    const silent = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    use(silent);
    const port = (silent.address() as { port: number }).port;
    for (const [url, sentence] of [
      [
        "mqtt://127.0.0.1:1",
        /127\.0\.0\.1:1: nothing listens there; start the broker or correct report\.url\./,
      ],
      ["mqtt://no-such-host.invalid:1883", /no-such-host\.invalid:1883: this name cannot be resolved/],
      [`mqtt://127.0.0.1:${port}`, new RegExp(`127\\.0\\.0\\.1:${port}: `)],
    ] as const) {
      const fixture = start(use, `url: "${url}"`);
      await fixture.report.start();
      await until(() => sink(fixture).state === "waiting", url);
      assert.match(sink(fixture).sentence, sentence);
    }
  }),
);

test("a credential file that cannot be read stops the start with its setting and name", async () => {
  const fixture = reportFixture(
    "report:\n  url: mqtt://127.0.0.1:1\n  username: gate\n  passwordFile: /no/such/file\n",
  );
  try {
    await fixture.report.start();
    assert.unreachable("it must be refused");
  } catch (error) {
    assert.is((error as Error).message, "report.passwordFile: /no/such/file cannot be read (ENOENT).");
  }
});

test.run();

function tls(): void {
  const withBroker = async (use: Use, server: string, more: readonly string[] = []) => {
    const certs: Certificates = use(certificates());
    const files = [
      `cafile ${certs.file("ca.pem")}`,
      `certfile ${certs.file(`${server}.pem`)}`,
      `keyfile ${certs.file("server.key")}`,
    ];
    const broker = use(await mosquitto(["allow_anonymous true", ...files, ...more]));
    await broker.start();
    return { certs, url: broker.url.replace("mqtt:", "mqtts:") };
  };

  test(
    "TLS with our own authority connects",
    scoped(async (use) => {
      const { certs, url } = await withBroker(use, "server");
      const fixture = start(use, `url: "${url}"\n  caFile: ${certs.file("ca.pem")}`);
      await fixture.report.start();
      await up(fixture);
    }),
  );

  for (const [name, server, ca, sentence] of [
    ["of another authority", "server", "other-ca", /nobody trusted has signed; set report\.caFile/],
    ["that nobody signed whom we know", "server", null, /nobody trusted has signed/],
    ["that has expired", "expired", "ca", /certificate has expired/],
    ["for another name", "elsewhere", "ca", /certificate is for another name/],
  ] as const)
    test(
      `a certificate ${name} is refused with a sentence`,
      scoped(async (use) => {
        const { certs, url } = await withBroker(use, server);
        const fixture = start(
          use,
          `url: "${url}"${ca === null ? "" : `\n  caFile: ${certs.file(`${ca}.pem`)}`}`,
        );
        await fixture.report.start();
        await until(() => sink(fixture).state === "refused", "it is refused");
        assert.match(sink(fixture).sentence, sentence);
      }),
    );

  test(
    "a broker that wants a client certificate gets one, and without it the sentence says so",
    scoped(async (use) => {
      const { certs, url } = await withBroker(use, "server", ["require_certificate true"]);
      const ca = `url: "${url}"\n  caFile: ${certs.file("ca.pem")}`;
      const without = start(use, ca);
      await without.report.start();
      await until(() => ["refused", "waiting"].includes(sink(without).state), "it is refused");
      assert.match(sink(without).sentence, /client certificate|cut the connection|closed the connection/);
      const fixture = start(
        use,
        `${ca}\n  certFile: ${certs.file("client.pem")}\n  keyFile: ${certs.file("client.key")}`,
      );
      await fixture.report.start();
      await up(fixture);
    }),
  );

  test(
    "a key that belongs to another certificate, and a certificate that is none, are told as such",
    scoped(async (use) => {
      const { certs, url } = await withBroker(use, "server");
      for (const [cert, key] of [
        ["client.pem", "server.key"],
        ["names", "client.key"],
      ] as const) {
        const files = `certFile: ${certs.file(cert)}\n  keyFile: ${certs.file(key)}`;
        const fixture = start(use, `url: "${url}"\n  caFile: ${certs.file("ca.pem")}\n  ${files}`);
        await fixture.report.start();
        await until(() => sink(fixture).state === "refused", "it is refused");
        assert.match(
          sink(fixture).sentence,
          /certificate files cannot be used .* correct report\.caFile, certFile/,
        );
      }
    }),
  );

  test(
    "TLS towards a port that speaks none is told as such",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const fixture = start(use, `url: "${broker.url.replace("mqtt:", "mqtts:")}"`);
      await fixture.report.start();
      await until(() => ["refused", "waiting"].includes(sink(fixture).state), "it is refused");
      assert.match(sink(fixture).sentence, /does not speak TLS|cut the connection|closed the connection/);
    }),
  );
}

type Use = <T extends { close(): unknown }>(part: T) => T;

function start(use: Use, settings: string): ReportFixture {
  const fixture = reportFixture(`report:\n  ${settings}\n`);
  use(fixture.report);
  return fixture;
}

function sink(fixture: ReportFixture) {
  return fixture.report.status().sinks[0]!;
}

function up(fixture: ReportFixture): Promise<void> {
  return until(() => sink(fixture).state === "up", "connected");
}

/** The flags of a CONNECT packet of MQTT 3.1.1. */
function connectFlags(bytes: Buffer): number {
  const at = bytes.indexOf("MQTT");
  return bytes[at + 5]!;
}
