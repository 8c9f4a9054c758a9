import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { alarmEvent, clipEvent, decisionEvent, passEvent } from "../../src/core/events.js";
import { meaningOf } from "../../src/report/webhook-sink.js";
import { certificates, hasOpenssl } from "../support/certificates.js";
import { fakeClock } from "../support/fake-clock.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { listener } from "../support/mqtt-listener.js";
import { alarmFacts, decisionRecord, passRecord } from "../support/records.js";
import { reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";
import { receiver, type Use } from "../support/webhook-receiver.js";

const key = "a key of more than sixteen bytes";

test(
  "events are posted in order, signed over time and body, with an id that stays the same",
  scoped(async (use) => {
    const { fixture, posts, clock } = await setUp(use);
    await fixture.outbox.add([
      passEvent(passRecord({ id: "a" }), "NEW", clock.wallMs()),
      decisionEvent(decisionRecord({ passId: "a" })),
      passEvent(passRecord({ id: "a", endedAt: 5 }), "END", clock.wallMs()),
    ]);
    fixture.report.poke();
    await until(() => posts.length === 3, "all three came");
    assert.equal(
      posts.map((p) => p.headers["idempotency-key"]),
      ["a:new", "decision:decision-1", "a:end"],
    );
    for (const { headers, body } of posts) {
      const signature = createHmac("sha256", key)
        .update(`${headers["x-plategate-timestamp"]}.${body}`)
        .digest("hex");
      assert.is(headers["x-plategate-signature"], `v1=${signature}`);
      assert.is(headers["content-type"], "application/json");
      assert.is(JSON.parse(body).id, headers["idempotency-key"]);
    }
  }),
);

test(
  "kinds that nobody asked for are not posted, and hold nothing up",
  scoped(async (use) => {
    const { fixture, posts } = await setUp(use);
    await fixture.outbox.add([
      clipEvent({
        id: "c",
        passId: null,
        camera: "front",
        path: "x",
        startedAt: 1,
        endedAt: 2,
        bytes: 3,
        pinned: false,
      }),
      alarmEvent("a", 1, alarmFacts),
    ]);
    fixture.report.poke();
    await until(() => posts.length === 1, "the alarm came");
    assert.is(JSON.parse(posts[0]!.body).event, "alarm");
  }),
);

test(
  "a receiver that is away, busy or asks for patience gets every event once it answers, in order",
  scoped(async (use) => {
    const { fixture, posts, clock, answer } = await setUp(use);
    await fixture.outbox.add(
      Array.from({ length: 20 }, (_, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", i)),
    );
    const statuses = [500, 503, 429, 408, 0, 200, 502];
    answer.status = () => statuses.shift() ?? 200;
    fixture.report.poke();
    await until(() => {
      clock.advance(500);
      return posts.filter((p) => p.status === 200).length === 20;
    }, "all came");
    assert.equal(
      posts.filter((p) => p.status === 200).map((p) => JSON.parse(p.body).id),
      Array.from({ length: 20 }, (_, i) => `p${i}:new`),
    );
  }),
);

test(
  "a receiver that asks to wait 60 s is left alone for 60 s",
  scoped(async (use) => {
    const { fixture, posts, clock, answer } = await setUp(use);
    answer.status = () => 429;
    answer.headers = { "retry-after": "60" };
    await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
    fixture.report.poke();
    await until(() => fixture.report.status().sinks[1]?.state === "waiting", "it waits");
    answer.status = () => 200;
    clock.advance(59_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.is(posts.length, 1);
    clock.advance(1000);
    await until(() => posts.length === 2, "then it is posted again");
  }),
);

test(
  "an event that the receiver calls bad is left out and told; a wrong address or key holds all of them",
  scoped(async (use) => {
    const { fixture, posts, answer } = await setUp(use);
    // Nothing has been taken before, so the second event is posted out of turn as well.
    answer.status = () => (posts.length === 1 ? 400 : posts.length > 3 ? 401 : 200);
    await fixture.outbox.add(["a", "b", "c"].map((id) => passEvent(passRecord({ id }), "NEW", 1)));
    fixture.report.poke();
    await until(() => fixture.report.status().sinks[1]?.state === "refused", "it is refused");
    assert.match(
      fixture.report.status().sinks[1]!.sentence,
      /answers 401; correct the webhook's url or secretFile/,
    );
    assert.is(fixture.report.status().sinks[1]!.dropped, 1);
    assert.is(fixture.report.status().sinks[1]!.delivered, 1);
  }),
);

test(
  "an event that the receiver alone fails at is left out, in the end; one that fails at all of them loses none",
  scoped(async (use) => {
    const { fixture, posts, clock, answer } = await setUp(use);
    let broken = true;
    answer.status = () => (broken || JSON.parse(posts.at(-1)!.body).id === "p1:new" ? 500 : 200);
    await fixture.outbox.add(
      Array.from({ length: 5 }, (_, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", i)),
    );
    fixture.report.poke();
    const taken = () => posts.filter((p) => p.status === 200).map((p) => JSON.parse(p.body).id);
    const tries = (id: string) => posts.filter((p) => JSON.parse(p.body).id === id).length;
    const wait = (condition: () => boolean, what: string) =>
      until(() => {
        clock.advance(15_000);
        return condition();
      }, what);
    await wait(() => tries("p0:new") > 50, "it is tried again and again");
    assert.equal(taken(), []);
    assert.is(fixture.report.status().sinks[1]!.dropped, 0);
    broken = false;
    await wait(() => taken().includes("p4:new"), "the last one came");
    assert.ok(tries("p1:new") > 20);
    // The second one was left out; the third was posted out of turn once, and again in its turn.
    assert.equal(taken(), ["p0:new", "p2:new", "p2:new", "p3:new", "p4:new"]);
    assert.is(fixture.report.status().sinks[1]!.dropped, 1);
    // The receiver knows of its last answer before the sender does.
    await until(() => fixture.report.status().sinks[1]!.delivered >= 4, "the last answer came back");
    assert.is(fixture.report.status().sinks[1]!.delivered, 4);
  }),
);

test("what an answer means", () => {
  assert.equal([200, 204, 299].map(meaningOf), Array(3).fill("taken"));
  assert.equal([500, 502, 408, 425, 429].map(meaningOf), Array(5).fill("again"));
  assert.equal([301, 302, 401, 403, 404, 410].map(meaningOf), Array(6).fill("misconfigured"));
  assert.equal([400, 413, 422].map(meaningOf), Array(3).fill("unusable"));
});

test(
  "each receiver sees plates in its own way: plain, masked, hashed with a key",
  scoped(async (use) => {
    const { fixture, posts, clock } = await setUp(use, (url) =>
      [
        `{ name: plain, url: "${url}" }`,
        `{ name: masked, url: "${url}", plates: masked }`,
        `{ name: hashed, url: "${url}", plates: hashed }`,
      ].join(", "),
    );
    await fixture.outbox.add([passEvent(passRecord(), "NEW", clock.wallMs())]);
    fixture.report.poke();
    await until(() => posts.length === 3, "all three came");
    const hash = `#${createHmac("sha256", key).update("AB12CDE").digest("hex").slice(0, 16)}`;
    assert.equal(posts.map((p) => JSON.parse(p.body).pass.plate).sort(), [hash, "AB****E", "AB12CDE"].sort());
    assert.equal(
      posts.map((p) => JSON.parse(p.body).pass.sentence).sort(),
      [
        `${hash} is on the allow list.`,
        "AB****E is on the allow list.",
        "AB12CDE is on the allow list.",
      ].sort(),
    );
  }),
);

if (!hasOpenssl)
  test("webhooks over TLS", () =>
    skipLoudly("webhooks over TLS", "there is no openssl on this machine to make certificates with"));
else
  for (const [name, server, ca, sentence] of [
    ["of the authority that caFile names", "server", "ca", null],
    ["of another authority", "server", "other-ca", /nobody trusted has signed; set the webhook's caFile/],
    ["that nobody signed whom we know", "server", null, /nobody trusted has signed/],
    ["that has expired", "expired", "ca", /certificate has expired/],
    ["for another name", "elsewhere", "ca", /certificate is for another name/],
  ] as const)
    test(
      `a receiver with a certificate ${name} ${sentence === null ? "gets the events" : "gets nothing, and the sentence says why"}`,
      scoped(async (use) => {
        const certs = use(certificates());
        const { url, posts } = await receiver(use, {
          cert: readFileSync(certs.file(`${server}.pem`)),
          key: readFileSync(certs.file("server.key")),
        });
        const trusted = ca === null ? "" : `, caFile: ${certs.file(`${ca}.pem`)}`;
        const fixture = reportFixture(
          `report:\n  url: mqtt://127.0.0.1:1\n  webhooks: [{ name: w, url: "${url}"${trusted} }]\n`,
        );
        use(fixture.report);
        await fixture.outbox.add([passEvent(passRecord(), "NEW", 1)]);
        await fixture.report.start();
        if (sentence === null) {
          await until(() => posts.length === 1, "it is posted");
          return;
        }
        await until(() => fixture.report.status().sinks[1]?.state === "refused", "it is refused");
        assert.match(fixture.report.status().sinks[1]!.sentence, sentence);
        assert.equal(posts, []);
        assert.is(await fixture.outbox.count(), 1, "the event waits");
      }),
    );

if (mosquittoPath === null)
  test("receivers that differ in speed", () =>
    skipLoudly("receivers that differ in speed", "there is no mosquitto on this machine"));
else
  test(
    "a webhook that is down does not hold up MQTT; the event stays until both have it; after a restart MQTT does not hear it twice",
    scoped(async (use) => {
      const broker = use(await mosquitto());
      await broker.start();
      const ear = use(await listener(broker.url, "plategate/demo/main/event/pass"));
      const clock = fakeClock();
      let saved: Readonly<Record<string, number>> = {};
      const cursors = {
        load: async () => saved,
        save: async (c: Readonly<Record<string, number>>) => {
          saved = c;
        },
      };
      const yaml = (hook: string) =>
        `report:\n  url: "${broker.url}"\n  webhooks: [{ name: w, url: "${hook}" }]\n`;
      const first = reportFixture(yaml("http://127.0.0.1:1/"), { clock, cursors });
      use(first.report);
      await first.outbox.add(
        Array.from({ length: 30 }, (_, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", 1)),
      );
      await first.report.start();
      await until(() => ear.heard.length === 30, "MQTT has all");
      assert.is(await first.outbox.count(), 30);
      await first.report.close();
      const { url, posts } = await receiver(use);
      const second = reportFixture(yaml(url), { clock, cursors, outbox: first.outbox });
      use(second.report);
      await second.report.start();
      await until(() => posts.length === 30, "the webhook has all");
      await until(async () => (await first.outbox.count()) === 0, "they are acknowledged");
      await first.outbox.add([passEvent(passRecord({ id: "last" }), "NEW", 1)]);
      second.report.poke();
      await until(() => ear.heard.length > 30, "the new one came");
      assert.is(ear.heard.length, 31);
    }),
  );

test.run();

async function setUp(use: Use, hooks?: (url: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), "plategate-webhook-"));
  use({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const file = join(folder, "key");
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  const { url, posts, answer } = await receiver(use);
  const clock = fakeClock();
  const list = hooks?.(url) ?? `{ name: office, url: "${url}", secretFile: ${file} }`;
  const fixture = reportFixture(
    `report:\n  url: mqtt://127.0.0.1:1\n  plateKeyFile: ${file}\n  webhooks: [${list}]\n`,
    { clock },
  );
  use(fixture.report);
  await fixture.report.start();
  return { fixture, posts, clock, answer };
}
