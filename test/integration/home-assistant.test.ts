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
      await home.listener.publish("fence", "1");
      await until(() => home.listener.on("fence").length === 1, "the birth message has been heard");
      assert.not.ok(
        home.listener.heard.slice(before).some((h) => h.topic.startsWith("homeassistant/device/")),
        "not at once, when all devices would do it",
      );
      clock.advance(10_000);
      await until(
        () => home.listener.heard.slice(before).some((h) => h.topic.endsWith("state/storage")),
        "it is announced again",
      );
      const after = home.listener.heard
        .slice(before)
        .map((h) => h.topic)
        .filter((t) => t !== "homeassistant/status" && t !== "fence");
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
    "HA 9: the birth message is heard also when only the discovery prefix is another one, or when it is published retained",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const home = use(await fakeHomeAssistant(broker.url, "ha"));
      const clock = fakeClock();
      const settings = yaml(broker).replace("{ enabled", "{ prefix: ha, enabled");
      const fixture = reportFixture(settings, { clock });
      use(fixture.report);
      await fixture.report.start();
      await until(() => allAvailable(home), "everything is available");
      const announced = () => home.listener.heard.filter((h) => h.topic.startsWith("ha/device/")).length;
      assert.is(announced(), 1);
      for (const [times, options] of [
        [2, {}],
        [3, { retain: true }],
      ] as const) {
        await home.listener.publish("homeassistant/status", "online", options);
        await until(() => {
          clock.advance(1000);
          return announced() === times;
        }, `announced ${times} times`);
      }
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
        decisionEvent(decisionRecord({ id: "f", passId: "b", at }), {
          accepted: false,
          sentence: "It is stopped.",
        }),
      ]);
      fixture.report.poke();
      const events = () => home.listener.json("plategate/demo/main/ha/event");
      await until(() => events().length === 5, "five events");
      assert.equal(
        events().map((e) => e.event_type),
        ["read", "opened", "read", "refused", "refused"],
      );
      assert.match(
        String(events()[4]?.sentence),
        "It is stopped.",
        "a grant that the gate did not take opened nothing",
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
      await until(() => crops(home).length > 0, "the crop is there");
      assert.equal(
        crops(home).map((h) => h.payload),
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
            sentence: "AB12 CDE, also ab-12-cde, is on the list (Ada).",
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
      assert.match(all, "AB****E, also AB****E, is on the list.");
      assert.equal(crops(home), []);
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
      await home.listener.publish(topic, "CLOSE", { retain: true });
      const refused = () => fixture.report.status().commands.refused;
      await until(() => refused().duplicate === 1 && refused().retained === 1, "both were refused");
      assert.is(fixture.commands.length, 2);
      assert.ok(
        fixture.lines.some((l) => l.level === "warn" && l.facts.reason === "retained"),
        "and logged with the reason",
      );
    }),
  );

  test(
    "HA 11: a word that was pressed while the broker stood still moves nothing when it goes on",
    scoped(async (use) => {
      const { broker, fixture, home, clock } = await setUp(use);
      await until(() => allAvailable(home), "everything is available");
      broker.freeze();
      clock.advance(2500);
      const pressed = home.listener.publish("plategate/demo/main/ha/set", "OPEN", { qos: 0 });
      clock.advance(2500);
      broker.thaw();
      await pressed;
      await until(() => fixture.report.status().commands.refused.expired === 1, "it is refused");
      assert.equal(fixture.commands, []);
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

  for (const settings of [keeping, ["allow_anonymous true"]])
    for (const gone of [
      ["us"],
      ["home"],
      ["broker", "us"],
      ["broker", "home"],
      ["us", "home"],
      ["broker", "us", "home"],
    ])
      test(
        `HA 22: ${gone.join(", ").replace("home", "Home Assistant")} restarted, with a broker that ${settings === keeping ? "remembers" : "forgets"}: everything is back within 30 s, the last plate as well`,
        scoped(async (use) => {
          const newestPass = async () => passRecord({ id: "a", plate: "LAST1" });
          const { broker, fixture, home, clock } = await setUp(use, { newestPass }, settings);
          await until(() => allAvailable(home), "everything is available");
          let [ours, theirs] = [fixture, home];
          if (gone.includes("us")) await ours.report.close();
          if (gone.includes("home")) await theirs.close();
          if (gone.includes("broker")) {
            await broker.stop("SIGTERM");
            if (!gone.includes("us"))
              await until(() => ours.report.status().sinks[0]?.state === "waiting", "the loss is noticed");
            await broker.start();
          }
          if (gone.includes("us")) {
            ours = reportFixture(yaml(broker), { clock, newestPass });
            use(ours.report);
            await ours.report.start();
          }
          if (gone.includes("home")) {
            theirs = use(await fakeHomeAssistant(broker.url));
            await theirs.birth();
          }
          const before = gone.includes("home") ? 0 : theirs.listener.heard.length;
          const plate = () => theirs.listener.json("plategate/demo/main/state/last-pass").at(-1)?.pass;
          await within30s(
            clock,
            () =>
              (before === 0 || theirs.listener.heard.length > before) &&
              allAvailable(theirs) &&
              (plate() as { plate: string } | undefined)?.plate === "LAST1",
          );
        }),
      );

  test(
    "HA 19: what the settings have switched off or renamed since the last run is taken back from the broker",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const ears = use(await fakeHomeAssistant(broker.url));
      let saved = {};
      const announced = {
        load: async () => saved,
        save: async (value: object) => {
          saved = value;
        },
      };
      const run = async (settings: string, change: (fixture: ReportFixture) => void = () => {}) => {
        const fixture = reportFixture(settings, { announced, pictures: { crop: async () => jpeg } });
        change(fixture);
        use(fixture.report);
        await fixture.outbox.add([passEvent(passRecord({ id: "a" }), "NEW", Date.now())]);
        await fixture.report.start();
        await until(() => fixture.report.status().sinks[0]?.state === "up", "connected");
        await until(async () => (await fixture.outbox.count()) === 0, "the pass is told");
        await ears.listener.publish("fence", "1");
        const fences = ears.listener.on("fence").length;
        await until(() => ears.listener.on("fence").length >= fences, "all has been heard");
        await fixture.report.close();
      };
      const config = "homeassistant/device/plategate_10000000abcdef01/config";
      await run(yaml(broker));
      await run(yaml(broker), ({ inputs, health }) => {
        delete inputs.beam;
        health.length = 0;
      });
      const { cmps } = ears.listener.json(config).at(-1) as { cmps: Record<string, object> };
      assert.equal(
        [cmps.input_beam, cmps.eye_front],
        [{ p: "binary_sensor" }, { p: "binary_sensor" }],
        "an input and a camera that are no longer there",
      );
      await run(`report: { url: "${broker.url}", topic: other, plates: masked }`);
      const late = use(await fakeHomeAssistant(broker.url));
      await late.listener.publish("last", "1");
      await until(() => late.listener.on("last").length === 1, "everything retained has come");
      const left = late.listener.heard.filter((h) => h.retain).map((h) => h.topic);
      assert.ok(left.length > 5 && left.every((t) => t.startsWith("other/demo/main/")), left.join(" "));
      assert.not.ok(left.includes("other/demo/main/picture/crop"));
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

/** Crops that were published; an empty message takes one back. */
function crops(home: FakeHomeAssistant) {
  return home.listener.on("plategate/demo/main/picture/crop").filter((h) => h.payload.length > 0);
}

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
