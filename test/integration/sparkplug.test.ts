/**
 * The numbers are those of our list of what a Sparkplug edge node must do; src/report/README.md has the list.
 * The host checks every message by the specification's rules; each test ends by asking it for violations.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decisionEvent, passEvent } from "../../src/core/events.js";
import { systemClock } from "../../src/system/clock.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { decisionRecord, passRecord } from "../support/records.js";
import { type ReportFixture, reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { type SparkplugHost, sparkplugHost } from "../support/sparkplug-host.js";
import { until } from "../support/until.js";

if (mosquittoPath === null)
  test("Sparkplug against a real broker", () =>
    skipLoudly("Sparkplug against a real broker", "there is no mosquitto on this machine"));
else {
  test(
    "SpB 1, 5-8, 10, 24, 25: the session begins with NBIRTH and the births of the gate and its camera",
    scoped(async (use) => {
      const { host } = await setUp(use);
      await until(() => host.of("DBIRTH").length === 2, "everybody is born");
      assert.equal(
        host.messages.map((m) => [m.type, m.device]),
        [
          ["NBIRTH", null],
          ["DBIRTH", "main"],
          ["DBIRTH", "camera-front"],
        ],
      );
      assert.is(host.value("main", "Barrier/State"), "closed");
      assert.is(host.value("main", "Input/loop"), false);
      assert.is(host.value(null, "Event/LastPlate"), null, "a value that is not known is null");
      const temperature = host.of("NBIRTH")[0]?.payload.metrics?.find((m) => m.name === "Health/Temperature");
      assert.is(temperature?.properties?.engUnit?.value, "°C");
      assert.equal([...host.strangers], [], "it publishes for no other node");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 2, 4: the will is an NDEATH with the bdSeq of its birth; bdSeq rises with every CONNECT",
    scoped(async (use) => {
      const { broker, host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      assert.is(host.bdSeq(), 0);
      const second = use(reportFixture(yaml(broker.url)).report);
      // The same client id: the broker throws the first one out and publishes its will.
      await second.start();
      await until(() => host.of("NDEATH").length > 0, "the will came");
      const [death] = host.of("NDEATH");
      assert.is(Number(death!.payload.metrics?.[0]?.value), 0);
      assert.is(death!.qos, 1);
      await second.close();
      await until(() => host.bdSeq() > 0, "the first one is back with a new number");
      assert.ok(fixture.report.status().sinks.find((s) => s.name === "sparkplug")!.reconnects >= 1);
    }),
  );

  test(
    "SpB 9, 11, 12: data by exception, sequence numbers wrap from 255 to 0 over node and devices",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("camera-front"), "born");
      await until(() => fixture.report.status().sinks.every((s) => s.state === "up"), "up");
      fixture.changed();
      fixture.changed();
      const words = ["opening", "open", "closing", "closed"] as const;
      for (let i = 0; i < 600; i++) {
        fixture.barrier = { ...fixture.barrier, state: words[i % 4]!, sinceAt: i };
        if (i % 3 === 0) fixture.inputs.loop = !fixture.inputs.loop;
        if (i % 5 === 0)
          fixture.health[0] = { ...fixture.health[0]!, state: "warning", sentence: `picture ${i}` };
        fixture.changed();
      }
      // Messages of the camera count as well, so that 600 of all are not yet all of the barrier's.
      const states = () =>
        host
          .of("DDATA")
          .flatMap((m) => m.metrics)
          .filter((m) => m.name === "Barrier/State").length;
      await until(() => host.value("main", "Barrier/State") === "closed" && states() >= 600, "all data came");
      assert.ok(host.of("DDATA").every((m) => m.metrics.length > 0));
      assert.is(states(), 600, "each change once, and nothing that did not change");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 12: live values never go back in time, although events are committed out of the order in which they happened",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      const at = Date.now() + 60_000;
      await fixture.outbox.add(
        [500, 0, 400, 900].map((ms, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", at + ms)),
      );
      fixture.report.poke();
      await until(() => host.value(null, "Count/Passes") === 4, "all came");
      // Seen from here the clock is set back now; a birth may go back, and what follows it is live again.
      fixture.barrier = { ...fixture.barrier, state: "opening" };
      fixture.changed();
      await until(() => host.value("main", "Barrier/State") === "opening", "the next value came");
      assert.is(host.of("NBIRTH").length, 2);
      assert.is(host.bdSeq(), 0);
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 11: a metric that was not announced brings a new birth with the same bdSeq",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("camera-front"), "born");
      fixture.inputs.fire = true;
      fixture.changed();
      await until(() => host.of("NBIRTH").length === 2, "born again");
      await until(() => host.value("main", "Input/fire") === true, "with the new metric");
      assert.is(host.bdSeq(), 0);
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 13: a rebirth command brings all births again, seq from 0, bdSeq unchanged; other NCMDs are ignored",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("camera-front"), "born");
      await host.listener.publish("spBv1.0/plategate/NCMD/demo-main", "rubbish");
      await host.rebirth();
      await until(() => host.of("NBIRTH").length === 2 && host.of("DBIRTH").length === 4, "born again");
      assert.is(host.bdSeq(), 0);
      await until(
        () => fixture.lines.some((l) => /NCMD was ignored/.test(l.sentence)),
        "the rubbish was noted",
      );
      assert.equal(host.violations, []);
      assert.equal(fixture.commands, []);
    }),
  );

  test(
    "SpB 14: a camera that is lost dies and is born again when it is back; so does the gate",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("camera-front"), "born");
      const { health, barrier } = fixture;
      health[0] = { ...health[0]!, state: "bad", sentence: "no pictures" };
      fixture.barrier = {
        ...barrier,
        alarms: [{ code: "lines", input: null, sentence: "lost", sinceAt: 1 }],
      };
      fixture.changed();
      await until(() => !host.isAlive("camera-front") && !host.isAlive("main"), "both died");
      health[0] = { ...health[0]!, state: "good" };
      fixture.barrier = barrier;
      fixture.changed();
      await until(() => host.isAlive("camera-front") && host.isAlive("main"), "both are back");
      assert.is(host.of("NBIRTH").length, 1);
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 14: a barrier in fault stays alive and says what is wrong",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      fixture.health.push({ part: "gate", name: "Barrier", state: "bad", sentence: "stuck" });
      const alarm = { code: "stuck-input", input: "loop", sentence: "loop", sinceAt: 1 };
      fixture.barrier = { ...fixture.barrier, state: "fault", sentence: "stuck", alarms: [alarm] };
      fixture.changed();
      await until(() => host.value("main", "Barrier/Fault") === true, "the fault is told");
      assert.is(host.value("main", "Alarm/StuckInput"), true);
      assert.is(host.value("main", "Alarm/HeldOpen"), false);
      assert.equal(host.of("DDEATH"), []);
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 25: a value that cannot be relied on has the quality bad, in births and when it changes",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      const quality = (type: string, name: string) =>
        host
          .of(type)
          .flatMap((m) => m.metrics)
          .filter((m) => m.name === name)
          .map((m) => m.quality);
      assert.equal(quality("NBIRTH", "Health/Temperature"), [192]);
      assert.equal(quality("DBIRTH", "Barrier/State"), [192]);
      for (const state of ["unknown", "opening", "open"] as const) {
        fixture.barrier = { ...fixture.barrier, state };
        fixture.changed();
      }
      await until(() => host.value("main", "Barrier/State") === "open", "it is open");
      assert.equal(quality("DDATA", "Barrier/State"), [0, 192, null], "quality goes along when it changes");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 27: two gates of one site are two edge nodes with client ids of their own",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const main = use(await sparkplugHost(broker.url, "plategate", "demo-main"));
      const back = use(await sparkplugHost(broker.url, "plategate", "demo-back"));
      for (const gate of ["main", "back"]) {
        const identity = { site: "demo", gate, serial: "10000000abcdef01", version: "0.1.0" };
        const fixture = reportFixture(yaml(broker.url), { identity });
        use(fixture.report);
        await fixture.report.start();
      }
      await until(() => main.isAlive("main") && back.isAlive("back"), "both are born");
      assert.equal([...main.of("NDEATH"), ...back.of("NDEATH")], [], "neither threw the other out");
      assert.equal([...main.violations, ...back.violations], []);
    }),
  );

  test(
    "SpB 28: an access list that lets the node publish below its own branch only, and read its commands, is enough",
    scoped(async (use) => {
      const broker = use(
        await mosquitto(["allow_anonymous true", "acl_file {folder}/acl"], {
          acl: [
            ...["NBIRTH", "NDEATH", "NDATA"].map((t) => `topic write spBv1.0/plategate/${t}/demo-main`),
            ...["DBIRTH", "DDEATH", "DDATA"].map((t) => `topic write spBv1.0/plategate/${t}/demo-main/#`),
            "topic read #",
            // What the host and the plain topics need.
            ...["NCMD/demo-main", "DCMD/demo-main/#"].map((t) => `topic write spBv1.0/plategate/${t}`),
            "topic write plategate/#",
          ],
        }),
      );
      await broker.start();
      const host = use(await sparkplugHost(broker.url, "plategate", "demo-main"));
      const fixture = reportFixture(yaml(broker.url, "commands: true"));
      use(fixture.report);
      await fixture.report.start();
      await until(() => host.isAlive("main") && host.isAlive("camera-front"), "everybody is born");
      await fixture.outbox.add([passEvent(passRecord(), "NEW", Date.now() + 1000)]);
      fixture.report.poke();
      await until(() => host.value(null, "Count/Passes") === 1, "an event arrives");
      await host.command("main", [{ name: "Control/Open", type: "Boolean", value: true }]);
      await until(() => fixture.commands.length === 1, "a command arrives");
      fixture.barrier = {
        ...fixture.barrier,
        alarms: [{ code: "lines", input: null, sentence: "", sinceAt: 1 }],
      };
      fixture.changed();
      await until(() => host.of("DDEATH").length === 1, "a death arrives");
      await fixture.report.close();
      await until(() => host.of("NDEATH").length === 1, "and the last word");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 15: an orderly stop publishes NDEATH with the current bdSeq",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      await fixture.report.close();
      await until(() => !host.isAlive(null), "dead");
      assert.is(host.of("NDEATH").length, 1, "and only once");
    }),
  );

  test(
    "SpB 16, 17, 19: nothing is born before the primary host is online; malformed and older STATE is ignored",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use, "primaryHost: scada");
      await until(
        () => sink(fixture).state === "waiting" && /primary host scada/.test(sink(fixture).sentence),
        "it waits and says so",
      );
      for (const rubbish of [
        "ONLINE",
        "{}",
        '{"online":"true","timestamp":1}',
        '{"online":true}',
        Buffer.from([0xff, 0xfe]),
      ])
        await host.listener.publish("spBv1.0/STATE/scada", rubbish as string);
      await host.state(false, 5000);
      await host.state(true, 4000);
      await until(
        () => fixture.lines.filter((l) => /STATE message/.test(l.sentence)).length === 6,
        "all six were ignored",
      );
      assert.equal(host.messages, []);
      await host.state(true, 5000);
      await until(() => host.isAlive("main"), "born");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 18, 20, 21: events of a time without host are kept and come first, historical, with their own time",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use, "primaryHost: scada");
      await host.state(true, 1000);
      await until(() => host.isAlive("main"), "born");
      await host.state(false, 2000);
      await until(() => host.of("NDEATH").length === 1, "it said goodbye");
      const happenedAt = systemClock.wallMs() - 3000;
      await fixture.outbox.add(
        Array.from({ length: 200 }, (_, i) =>
          passEvent(passRecord({ id: `p${i}`, plate: `AA${100 + i}BB` }), "NEW", happenedAt + i),
        ),
      );
      fixture.report.poke();
      fixture.barrier = { ...fixture.barrier, state: "fault", sentence: "slow" };
      fixture.changed();
      assert.is(host.of("NDATA").length, 0);
      await host.state(true, 3000);
      await until(() => host.of("NBIRTH").length === 2, "born again");
      await until(
        () =>
          host
            .of("NDATA")
            .flatMap((m) => m.metrics)
            .filter((m) => m.name === "Event/LastPlate" && m.historical).length === 200,
        "all came",
      );
      assert.is(host.bdSeq(), 1);
      const plates = host
        .of("NDATA")
        .flatMap((m) => m.metrics)
        .filter((m) => m.name === "Event/LastPlate" && m.historical);
      assert.equal(
        plates.map((p) => p.value),
        Array.from({ length: 200 }, (_, i) => `AA${100 + i}BB`),
      );
      assert.equal(
        plates.map((p) => p.timestamp),
        Array.from({ length: 200 }, (_, i) => happenedAt + i),
      );
      await until(() => host.value(null, "Count/Passes") === 200, "then the live values");
      const order = host.of("NDATA").flatMap((m) => m.metrics.map((x) => x.historical));
      assert.is(order.lastIndexOf(true) < order.indexOf(false), true, "history before anything live");
      assert.is(host.value("main", "Barrier/Fault"), true);
      assert.equal(host.violations, []);
      await until(async () => (await fixture.outbox.count()) === 0, "and are acknowledged");
    }),
  );

  test(
    "SpB 22, 23: open, hold, release and mode by alias or name reach the gate once, and are set back in DDATA",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use, "commands: true");
      await until(() => host.isAlive("main"), "born");
      await host.command("main", [
        { alias: host.alias("main", "Control/Open"), type: "Boolean", value: true },
      ]);
      await until(() => fixture.commands.length === 1, "open reached the gate");
      await host.command("main", [{ name: "Control/Hold", type: "Boolean", value: true }]);
      await host.command("main", [{ name: "Control/Hold", type: "Boolean", value: false }]);
      await host.command("main", [{ name: "Control/Mode", type: "String", value: "locked" }]);
      await host.command("main", [{ name: "Control/Approve", type: "String", value: "pass-7" }]);
      await until(() => fixture.commands.length === 5, "all reached the gate");
      assert.equal(
        fixture.commands.map((c) => [c.kind, c.mode ?? c.pass, c.via]),
        [
          ["open", undefined, "sparkplug"],
          ["hold", undefined, "sparkplug"],
          ["release", undefined, "sparkplug"],
          ["mode", "locked", "sparkplug"],
          ["approve", "pass-7", "sparkplug"],
        ],
      );
      await until(
        () =>
          host
            .of("DDATA")
            .flatMap((m) => m.metrics)
            .some((m) => m.name === "Control/Open" && m.value === false),
        "Open is set back",
      );
      assert.is(host.value("main", "Control/Result"), "The barrier opens.");
      await host.command("main", [{ name: "Control/Open", type: "Boolean", value: true }], { timestamp: 1 });
      await until(
        () => host.value("main", "Control/Result") === "It is older than 5000 ms.",
        "a refusal is told",
      );
      await host.rebirth();
      await until(() => host.of("NBIRTH").length === 2, "born again");
      assert.is(fixture.commands.length, 5, "a birth repeats no command");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 22: a command that is mistyped, unknown, old, retained, repeated, for another device or two in one moves nothing and is counted",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use, "commands: true");
      await until(() => host.isAlive("camera-front"), "born");
      const now = Date.now();
      const open = { name: "Control/Open", type: "Boolean", value: true };
      await host.command("main", [{ ...open, type: "Int32", value: 1 }]);
      await host.command("main", [{ ...open, type: "String", value: "true" }]);
      await host.command("main", [{ ...open, value: false }]);
      await host.command("main", [{ name: "Control/Mode", type: "String", value: "open" }]);
      await host.command("main", [{ name: "Control/Approve", type: "String", value: "" }]);
      await host.command("main", [{ alias: 9999, type: "Boolean", value: true }]);
      await host.command("main", [{ alias: host.alias("main", "Control/Close"), ...open }]);
      await host.command("main", [{ name: "Barrier/State", type: "String", value: "open" }]);
      await host.command("main", [open], { timestamp: now - 60_000 });
      await host.command("main", [open], { timestamp: now + 60_000 });
      await host.command("main", [open, { name: "Control/Close", type: "Boolean", value: true }]);
      await host.command("camera-front", [open]);
      await host.command("main", []);
      await host.listener.publish("spBv1.0/plategate/DCMD/demo-main/main", Buffer.from("rubbish"));
      const refused = () => fixture.report.status().commands.refused;
      await until(() => Object.values(refused()).reduce((a, b) => a + b, 0) === 14, "fourteen were refused");
      assert.equal(refused(), {
        "wrong-type": 5,
        "unknown-metric": 4,
        expired: 1,
        "from-the-future": 1,
        malformed: 3,
      });
      assert.equal(fixture.commands, []);
      await host.command("main", [open], { timestamp: now });
      await host.command("main", [open], { timestamp: now });
      await until(() => refused().duplicate === 1, "the repeated one was refused");
      assert.is(fixture.commands.length, 1);
    }),
  );

  test(
    "SpB 22: a retained DCMD waiting at the broker moves nothing",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const host = use(await sparkplugHost(broker.url, "plategate", "demo-main"));
      await host.command("main", [{ name: "Control/Open", type: "Boolean", value: true }], { retain: true });
      const fixture = reportFixture(yaml(broker.url, "commands: true"));
      use(fixture.report);
      await fixture.report.start();
      await until(() => Object.keys(fixture.report.status().commands.refused).length > 0, "it was refused");
      assert.equal(fixture.commands, []);
    }),
  );

  test(
    "SpB 22: without report.sparkplug.commands no DCMD moves anything",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      await host.command("main", [{ name: "Control/Open", type: "Boolean", value: true }]);
      await until(() => fixture.report.status().commands.refused["commands-off"] === 1, "refused");
      assert.equal(fixture.commands, []);
    }),
  );

  test(
    "SpB 26, 18: with two brokers it is at one at a time, and goes where the primary host is",
    scoped(async (use) => {
      const [first, second] = [use(await mosquitto()), use(await mosquitto())];
      await first.start();
      await second.start();
      const there = use(await sparkplugHost(first.url, "plategate", "demo-main"));
      const here = use(await sparkplugHost(second.url, "plategate", "demo-main"));
      await there.state(true, 1000);
      const fixture = reportFixture(
        yaml(first.url, `primaryHost: scada\n    servers: ["${first.url}", "${second.url}"]`),
      );
      use(fixture.report);
      await fixture.report.start();
      await until(() => there.isAlive("main"), "born at the first");
      assert.equal(here.messages, []);
      await here.state(true, 2000);
      await there.state(false, 2000);
      await until(() => here.isAlive("main"), "born at the second");
      assert.not.ok(there.isAlive(null));
      assert.is(here.bdSeq(), 1);
      assert.equal([...there.violations, ...here.violations], []);
    }),
  );

  test(
    "SpB 29: plates as this receiver may see them, the event as JSON, counters as Int64",
    scoped(async (use) => {
      const { host, fixture } = await setUp(use, "plates: masked");
      await until(() => host.isAlive("main"), "born");
      const at = Date.now();
      await fixture.outbox.add([
        passEvent(passRecord({ id: "a" }), "NEW", at),
        decisionEvent(decisionRecord({ passId: "a", at })),
      ]);
      fixture.report.poke();
      await until(() => host.value(null, "Count/Granted") === 1, "counted");
      assert.is(host.value(null, "Event/LastPlate"), "AB****E");
      assert.is(JSON.parse(String(host.value(null, "Event/Json"))).decision.verdict, "granted");
      assert.ok(
        host
          .of("NBIRTH")[0]!
          .metrics.filter((m) => m.name.startsWith("Count/"))
          .every((m) => m.type === "Int64"),
      );
      assert.not.match(host.listener.heard.map((h) => h.payload.toString("latin1")).join(), "AB12CDE");
      assert.equal(host.violations, []);
    }),
  );

  test(
    "SpB 20: events under way when the broker is killed come again, none is lost, in order",
    scoped(async (use) => {
      const { broker, host, fixture } = await setUp(use);
      await until(() => host.isAlive("main"), "born");
      const at = Date.now();
      await fixture.outbox.add(
        Array.from({ length: 3000 }, (_, i) =>
          passEvent(passRecord({ id: `p${i}`, plate: `P${i}` }), "NEW", at),
        ),
      );
      fixture.report.poke();
      await until(() => host.of("NDATA").length > 500, "some came", 60_000);
      await broker.stop("SIGKILL");
      await broker.start();
      const plates = () => [
        ...new Set(
          host
            .of("NDATA")
            .flatMap((m) => m.metrics)
            .filter((m) => m.name === "Event/LastPassId")
            .map((m) => m.value),
        ),
      ];
      await until(() => plates().length === 3000, "all came", 60_000);
      assert.equal(
        plates(),
        Array.from({ length: 3000 }, (_, i) => `p${i}`),
      );
      await until(() => host.value(null, "Count/Passes") === 3000, "each counted once");
    }),
  );
}

test.run();

type Use = <T extends { close(): unknown }>(part: T) => T;

async function setUp(use: Use, settings = "") {
  const broker = use(await mosquitto());
  await broker.start();
  const host: SparkplugHost = use(await sparkplugHost(broker.url, "plategate", "demo-main"));
  const fixture = reportFixture(yaml(broker.url, settings));
  use(fixture.report);
  await fixture.report.start();
  return { broker, host, fixture };
}

function yaml(url: string, settings = ""): string {
  return `report:\n  url: "${url}"\n  sparkplug:\n    enabled: true\n    ${settings}\n`;
}

function sink(fixture: ReportFixture) {
  return fixture.report.status().sinks.find((s) => s.name === "sparkplug")!;
}
