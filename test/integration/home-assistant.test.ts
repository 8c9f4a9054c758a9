/** The numbers are those of our list of what a Home Assistant device must do; src/report/README.md has the list. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decisionEvent, passEvent } from "../../src/core/events.js";
import { type FakeClock, fakeClock } from "../support/fake-clock.js";
import { type FakeHomeAssistant, fakeHomeAssistant } from "../support/fake-home-assistant.js";
import { type Mosquitto, mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { decisionRecord, passRecord } from "../support/records.js";
import { type ReportFixture, reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const keeping = ["allow_anonymous true", "persistence true", "persistence_location {folder}/"];
const jpeg = Buffer.from("ffd8ffe000104a46494600010100000100010000ffd9", "hex");

if (mosquittoPath === null)
  test("Home Assistant against a real broker", () =>
    skipLoudly("Home Assistant against a real broker", "there is no mosquitto on this machine"));
else {
  test(
    "HA 1, 7, 11: discovery, availability and states are retained, so that Home Assistant may come later",
    scoped(async (use) => {
      const { home } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      assert.ok(
        home.listener.heard.length > 0 && home.listener.heard.every((h) => h.retain),
        "all of it was retained",
      );
      assert.ok(home.listener.heard.every((h) => h.qos === 1));
    }),
  );

  test(
    "HA 7: the will says offline when the appliance dies, a stop says it too",
    scoped(async (use) => {
      const { fixture, home } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      await fixture.report.close();
      await until(() => !home.isAvailable("cover.barrier"), "it is unavailable");
    }),
  );

  test(
    "HA 8: without pictures the plate is unavailable, the barrier is not",
    scoped(async (use) => {
      const { fixture, home } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      fixture.health[0] = { part: "eye:front", name: "Camera", state: "bad", sentence: "no picture" };
      fixture.changed();
      await until(() => !home.isAvailable("event.plate"), "the plate is unavailable");
      assert.ok(home.isAvailable("cover.barrier"));
    }),
  );

  test(
    "HA 9: a birth message brings discovery, then availability, then states, within ten seconds",
    scoped(async (use) => {
      const { clock, home, fixture } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      const before = home.listener.heard.length;
      await home.birth();
      await until(() => {
        clock.advance(250);
        return home.listener.heard.slice(before).some((h) => h.topic.endsWith("state/storage"));
      }, "it is announced again");
      const after = home.listener.heard
        .slice(before)
        .map((h) => h.topic)
        .filter((t) => t !== "homeassistant/status");
      assert.match(after[0]!, "homeassistant/device/");
      assert.is(after[1], "plategate/demo/main/availability");
      assert.match(after[2]!, "plategate/demo/main/state/");
      assert.ok(fixture.lines.some((l) => /Home Assistant has started/.test(l.sentence)));
    }),
  );

  test(
    "HA 9: a retained birth message found at connecting does not publish everything twice",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const first = use(await fakeHomeAssistant(broker.url));
      await first.listener.publish("homeassistant/status", "online", { retain: true });
      const clock = fakeClock();
      const fixture = reportFixture(yaml(broker), { clock });
      use(fixture.report);
      await fixture.report.start();
      await until(() => allAvailable(first), "everything is available");
      clock.advance(20_000);
      await first.listener.publish("fence", "1");
      await until(() => first.listener.on("fence").length === 1, "all that was sent before has arrived");
      assert.is(first.listener.heard.filter((h) => h.topic.startsWith("homeassistant/device/")).length, 1);
    }),
  );

  test(
    "HA 12, 13: the same plate twice gives two read events, and the decision one of its own",
    scoped(async (use) => {
      const { fixture, home, clock } = await setUp(use);
      const at = clock.wallMs();
      await fixture.outbox.add([
        passEvent(passRecord({ id: "a" }), "NEW", at),
        decisionEvent(decisionRecord({ id: "d", passId: "a", at })),
        passEvent(passRecord({ id: "b" }), "NEW", at),
        decisionEvent(decisionRecord({ id: "e", passId: "b", at, verdict: "denied" })),
      ]);
      fixture.report.poke();
      const events = () => home.listener.json("plategate/demo/main/ha/event");
      await until(() => events().length === 4, "four events");
      assert.equal(
        events().map((e) => e.event_type),
        ["read", "opened", "read", "refused"],
      );
      assert.is(events()[0]?.plate, "AB12CDE");
      assert.ok(home.listener.on("plategate/demo/main/ha/event").every((h) => !h.retain));
    }),
  );

  test(
    "HA 12: what happened during an outage of an hour starts no automation afterwards, but is reported",
    scoped(async (use) => {
      const { fixture, home, clock } = await setUp(use);
      await fixture.outbox.add([passEvent(passRecord({ id: "old" }), "NEW", clock.wallMs() - 3_600_000)]);
      fixture.report.poke();
      await until(() => home.listener.on("plategate/demo/main/event/pass").length === 1, "it is reported");
      assert.is(home.listener.on("plategate/demo/main/ha/event").length, 0);
    }),
  );

  test(
    "HA 16: the crop is published retained up to 100 kB, a larger one is not",
    scoped(async (use) => {
      let picture: Uint8Array = Buffer.alloc(100_001);
      const { fixture, home, clock } = await setUp(use, { pictures: { crop: async () => picture } });
      await fixture.outbox.add([passEvent(passRecord({ id: "a" }), "NEW", clock.wallMs())]);
      fixture.report.poke();
      await until(
        () => home.listener.on("plategate/demo/main/state/last-pass").length > 0,
        "the pass is told",
      );
      picture = jpeg;
      await fixture.outbox.add([passEvent(passRecord({ id: "b" }), "NEW", clock.wallMs())]);
      fixture.report.poke();
      await until(() => home.listener.on("plategate/demo/main/picture/crop").length > 0, "the crop is there");
      assert.equal(
        home.listener.on("plategate/demo/main/picture/crop").map((h) => h.payload),
        [jpeg],
      );
      assert.ok(home.entities().has("image.picture"));
    }),
  );

  test(
    "HA 21: masked plates are masked everywhere, and no picture shows them",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const home = use(await fakeHomeAssistant(broker.url));
      const clock = fakeClock();
      const fixture = reportFixture(`${yaml(broker)}\n  plates: masked`, {
        clock,
        pictures: { crop: async () => jpeg },
      });
      use(fixture.report);
      await fixture.outbox.add([
        passEvent(passRecord({ id: "a" }), "NEW", clock.wallMs()),
        decisionEvent(
          decisionRecord({
            passId: "a",
            at: clock.wallMs(),
            sentence: "AB12 CDE (ab-12-cde) is on the list.",
          }),
        ),
      ]);
      await fixture.report.start();
      await until(() => home.listener.on("plategate/demo/main/ha/event").length === 2, "both are told");
      await until(
        () => home.listener.on("plategate/demo/main/state/last-pass").length > 0,
        "and the last pass",
      );
      const all = home.listener.heard.map((h) => h.text).join("\n");
      assert.not.match(all, /AB[- ]?12[- ]?CDE/i);
      assert.match(all, "AB****E (AB****E) is on the list.");
      assert.is(home.listener.on("plategate/demo/main/picture/crop").length, 0);
      assert.not.ok(home.entities().has("image.picture"));
    }),
  );

  test(
    "HA 14, 11: cover, switch and button reach the gate; a retained or repeated word does not",
    scoped(async (use) => {
      const { fixture, home, clock } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      const topic = "plategate/demo/main/ha/set";
      clock.advance(10);
      await home.listener.publish(topic, "OPEN", { qos: 0 });
      await home.listener.publish(topic, "OPEN", { qos: 0 });
      await home.listener.publish(
        topic,
        JSON.stringify({
          command: "hold",
          nonce: "ha-1-234567",
          issuedAt: clock.wallMs(),
          holdMs: 3_600_000,
          by: "home-assistant",
        }),
      );
      await until(() => fixture.commands.length === 2, "two commands reached the gate");
      assert.equal(
        fixture.commands.map((c) => [c.kind, c.via, c.holdMs]),
        [
          ["open", "home-assistant", undefined],
          ["hold", "home-assistant", 3_600_000],
        ],
      );
      await until(
        () => fixture.report.status().commands.refused.duplicate === 1,
        "the repeated word was refused",
      );
    }),
  );

  for (const [name, outageMs, settings, signal] of [
    ["10 s", 10_000, keeping, "SIGTERM"],
    ["10 min", 600_000, keeping, "SIGTERM"],
    ["10 min and has forgotten everything", 600_000, ["allow_anonymous true"], "SIGKILL"],
  ] as const) {
    test(
      `HA 10, 22: a broker that was away for ${name} has all entities back within 30 s`,
      scoped(async (use) => {
        const { broker, fixture, home, clock } = await setUp(use, {}, settings);
        await until(() => allAvailable(home), "everything is available");
        await broker.stop(signal);
        await until(() => fixture.report.status().sinks[0]?.state === "waiting", "the loss is noticed");
        await pass(clock, outageMs);
        await broker.start();
        const again = use(await fakeHomeAssistant(broker.url));
        await within30s(clock, () => allAvailable(again));
      }),
    );
  }

  test(
    "HA 22: Home Assistant restarted alone, and together with the broker, has all entities back within 30 s",
    scoped(async (use) => {
      const { broker, fixture, home, clock } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      await home.close();
      const second = use(await fakeHomeAssistant(broker.url));
      await second.birth();
      await within30s(clock, () => allAvailable(second));
      await broker.stop("SIGKILL");
      await second.close();
      await until(() => fixture.report.status().sinks[0]?.state === "waiting", "the loss is noticed");
      await pass(clock, 60_000);
      await broker.start();
      const third = use(await fakeHomeAssistant(broker.url));
      await third.birth();
      await within30s(clock, () => allAvailable(third));
    }),
  );

  test(
    "HA 23: two appliances on one broker do not collide",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const ears = use(await fakeHomeAssistant(broker.url));
      for (const [serial, gate] of [
        ["aaaa", "main"],
        ["bbbb", "back"],
      ] as const) {
        const fixture = reportFixture(`gate: ${gate}\n${yaml(broker)}`, {
          identity: { site: "demo", gate, serial, version: "0.1.0" },
        });
        use(fixture.report);
        await fixture.report.start();
      }
      const configs = () => ears.listener.heard.filter((h) => h.topic.startsWith("homeassistant/device/"));
      await until(() => configs().length === 2, "both are announced");
      const ids = configs().flatMap((h) =>
        Object.values(JSON.parse(h.text).cmps as Record<string, { unique_id?: string }>).flatMap(
          (c) => c.unique_id ?? [],
        ),
      );
      assert.is(new Set(ids).size, ids.length);
      assert.is(new Set(configs().map((h) => h.topic)).size, 2);
      await until(
        () =>
          ["main", "back"].every(
            (g) => ears.listener.on(`plategate/demo/${g}/availability`).at(-1)?.text === "online",
          ),
        "both stay online",
      );
    }),
  );
}

test.run();

type Use = <T extends { close(): unknown }>(part: T) => T;

async function setUp(use: Use, more: object = {}, settings: readonly string[] = ["allow_anonymous true"]) {
  const broker = use(await mosquitto(settings));
  await broker.start();
  const clock = fakeClock();
  const fixture: ReportFixture = reportFixture(yaml(broker), {
    clock,
    pictures: { crop: async () => jpeg },
    ...more,
  });
  use(fixture.report);
  await fixture.report.start();
  await until(() => fixture.report.status().sinks[0]?.state === "up", "connected");
  const home = use(await fakeHomeAssistant(broker.url));
  return { broker, clock, fixture, home };
}

function yaml(broker: Mosquitto): string {
  return `report:\n  url: "${broker.url}"\n  homeAssistant: { enabled: true, commands: true }`;
}

function allAvailable(home: FakeHomeAssistant): boolean {
  const names = [...home.entities().keys()];
  return (
    names.length > 12 && names.every((n) => home.isAvailable(n)) && home.state("cover.barrier") !== undefined
  );
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 1000) {
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Half seconds of the fake clock, each given real time to act, 60 of them at most. */
async function within30s(clock: FakeClock, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 60 && !condition(); i++) {
    clock.advance(500);
    await until(condition, "", 100).catch(() => {});
  }
  assert.ok(condition(), "not everything was back after 30 s");
}
