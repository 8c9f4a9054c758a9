import { test } from "uvu";
import * as assert from "uvu/assert";
import { passEvent } from "../../src/core/events.js";
import { fakeClock } from "../support/fake-clock.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { type Listener, listener } from "../support/mqtt-listener.js";
import { passRecord } from "../support/records.js";
import { type ReportFixture, reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const topic = "plategate/demo/main/event/pass";
/** A broker that remembers sessions and what is queued in them over a restart. */
const remembering = [
  "allow_anonymous true",
  "persistence true",
  "persistence_location {folder}/",
  "max_queued_messages 0",
];

if (mosquittoPath === null)
  test("the outbox against a real broker", () =>
    skipLoudly("the outbox against a real broker", "there is no mosquitto on this machine"));
else {
  test(
    "10,000 events of a day without broker arrive, each once, in order",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      const clock = fakeClock();
      const fixture = reportFixture(`report: { url: "${broker.url}" }`, { clock });
      use(fixture.report);
      await fixture.report.start();
      for (let minute = 0; minute < 1440; minute++) {
        await add(fixture, minute * 6, minute === 1439 ? 10_000 - minute * 6 : 6);
        clock.advance(60_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.is(await fixture.outbox.count(), 10_000);
      assert.is(fixture.report.status().sinks[0]?.state, "waiting");
      assert.match(fixture.report.status().sinks[0]?.sentence ?? "", /nothing listens there/);
      assert.ok(fixture.lines.length < 10, "an outage is told once, not at every try");

      await broker.start();
      const consumer = use(await listener(broker.url, topic));
      await until(async () => {
        clock.advance(1000);
        return (await fixture.outbox.count()) === 0;
      }, "the outbox is empty");
      await until(() => consumer.heard.length >= 10_000, "all have arrived");
      assert.equal(ids(consumer), wanted(10_000));
      assert.is(fixture.report.status().sinks[0]?.resent, 0);
    }),
  );

  test(
    "10,000 events arrive although the broker is restarted again and again while they are sent",
    scoped(async (use) => {
      const broker = use(await mosquitto(remembering));
      await broker.start();
      const consumer = use(
        await listener(broker.url, topic, {
          clientId: "scada",
          clean: false,
          properties: { sessionExpiryInterval: 3600 },
        }),
      );
      const fixture = reportFixture(`report: { url: "${broker.url}" }`);
      use(fixture.report);
      await add(fixture, 0, 10_000);
      await fixture.report.start();
      for (const share of [9000, 7000, 4000, 1000]) {
        await until(async () => (await fixture.outbox.count()) < share, `fewer than ${share} are left`);
        await broker.stop("SIGTERM");
        await broker.start();
      }
      await until(async () => (await fixture.outbox.count()) === 0, "the outbox is empty", 60_000);
      await until(() => new Set(ids(consumer)).size === 10_000, "all have arrived", 60_000);
      assert.equal(
        firstOfEach(ids(consumer)),
        wanted(10_000),
        "a reader that keeps the first of each id has them in order",
      );
      const { resent, reconnects } = fixture.report.status().sinks[0]!;
      assert.is(reconnects, 4);
      assert.ok(resent <= 4 * 128, "only what was under way at a restart is sent again");
    }),
  );

  test(
    "a broker that stops answering is left and found again, nothing is lost",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const fixture = reportFixture(`report: { url: "${broker.url}" }`);
      use(fixture.report);
      const consumer = use(await listener(broker.url, topic));
      await fixture.report.start();
      await until(() => fixture.report.status().sinks[0]?.state === "up", "connected");
      await add(fixture, 0, 100);
      await until(() => consumer.heard.length === 100, "the first have arrived");
      broker.freeze();
      await add(fixture, 100, 100);
      await until(async () => (await fixture.outbox.count()) === 100, "they wait");
      await broker.stop("SIGKILL");
      await broker.start();
      await until(
        () => consumer.heard.length >= 100 && new Set(ids(consumer)).size === 200,
        "all have arrived",
      );
      assert.equal(firstOfEach(ids(consumer)), wanted(200));
    }),
  );

  test(
    "after a restart of the appliance only what was not noted is sent again",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const consumer = use(await listener(broker.url, topic));
      const first = reportFixture(`report: { url: "${broker.url}" }`);
      use(first.report);
      await add(first, 0, 50);
      await first.report.start();
      await until(() => consumer.heard.length === 50, "the first have arrived");
      await first.report.close();
      const second = reportFixture(`report: { url: "${broker.url}" }`, { outbox: first.outbox });
      use(second.report);
      await second.report.start();
      await first.outbox.add([passEvent(passRecord({ id: "late" }), "NEW", 1)]);
      second.report.poke();
      await until(() => consumer.heard.length > 50, "the new one has arrived");
      assert.is(consumer.heard.length, 51);
    }),
  );

  test(
    "an outbox above its bound gives up the oldest events and says so",
    scoped(async (use) => {
      const clock = fakeClock();
      const fixture = reportFixture(`report: { url: "mqtt://127.0.0.1:1", maxQueued: 1000 }`, { clock });
      use(fixture.report);
      await fixture.report.start();
      await add(fixture, 0, 1800);
      clock.advance(10_000);
      await until(() => fixture.report.status().overflowed === 800, "the oldest are given up");
      assert.is(await fixture.outbox.count(), 1000);
      assert.is(fixture.outbox.rows()[0]?.seq, 801);
      assert.ok(fixture.lines.some((l) => l.level === "error" && /outbox was full/.test(l.sentence)));
    }),
  );
}

test.run();

async function add(fixture: ReportFixture, from: number, n: number): Promise<void> {
  await fixture.outbox.add(
    Array.from({ length: n }, (_, i) =>
      passEvent(passRecord({ id: `p${from + i}` }), "NEW", 1_700_000_000_000 + from + i),
    ),
  );
  fixture.report.poke();
}

function ids(consumer: Listener): string[] {
  return consumer.json(topic).map((m) => m.id as string);
}

function wanted(n: number): string[] {
  return Array.from({ length: n }, (_, i) => `p${i}:new`);
}

function firstOfEach(all: readonly string[]): string[] {
  return [...new Set(all)];
}
