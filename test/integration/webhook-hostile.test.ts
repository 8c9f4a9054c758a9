/** Receivers that misbehave: none may stop its webhook for ever. */
import { createServer, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { passEvent } from "../../src/core/events.js";
import { createPoster } from "../../src/report/http-post.js";
import { fakeClock } from "../support/fake-clock.js";
import { passRecord } from "../support/records.js";
import { reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";
import { receiver, type Use } from "../support/webhook-receiver.js";

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

for (const [what, head, again] of [
  ["drips and never ends", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"],
  ["has no end", chunked, "5\r\nhello\r\n"],
] as const)
  test(
    `an answer that ${what} counts all the same, and the next post is answered as well`,
    scoped(async (use) => {
      const poster = use(
        createPoster(await rawReceiver(use, head, again), null, { answer: 30_000, rest: 100 }),
      );
      for (const event of ["1", "2"]) {
        const answer = await poster.post("{}", { event });
        assert.equal(answer, { status: 200, retryAfterSeconds: null });
      }
    }),
  );

test(
  "a receiver that announces progress and never answers is given up in the end",
  scoped(async (use) => {
    const progress = "HTTP/1.1 102 Processing\r\n\r\n";
    const poster = use(
      createPoster(await rawReceiver(use, progress, progress), null, { answer: 200, rest: 100 }),
    );
    await assertNoAnswer(poster.post("{}", {}), "ETIMEDOUT");
  }),
);

test(
  "an answer that switches to a protocol that nobody asked for is no answer",
  scoped(async (use) => {
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    const poster = use(createPoster(await rawReceiver(use, upgrade, ""), null));
    await assertNoAnswer(poster.post("{}", {}), "ECONNRESET");
  }),
);

test(
  "a receiver may say with seconds or with a date when to come again, an hour off at most",
  scoped(async (use) => {
    const date = "Date: Mon, 05 Jan 2026 12:00:00 GMT";
    for (const [headers, seconds] of [
      ["Retry-After: 60", 60],
      [`Retry-After: Mon, 05 Jan 2026 12:10:00 GMT\r\n${date}`, 600],
      [`Retry-After: Tue, 06 Jan 2026 12:00:00 GMT\r\n${date}`, 3600],
      [`Retry-After: Mon, 05 Jan 2026 11:00:00 GMT\r\n${date}`, null],
      ["Retry-After: Mon, 05 Jan 2026 12:10:00 GMT", null],
      [`Retry-After: soon\r\n${date}`, null],
    ] as const) {
      const head = `HTTP/1.1 503 Busy\r\n${headers}\r\nContent-Length: 0\r\n\r\n`;
      const poster = use(createPoster(await rawReceiver(use, head, ""), null));
      assert.equal(await poster.post("{}", {}), { status: 503, retryAfterSeconds: seconds }, headers);
    }
  }),
);

test(
  "an event at which the receiver alone hangs up is left out, in the end, and the later ones come",
  scoped(async (use) => {
    const { fixture, posts, wait, taken } = await fiveEvents(use, (id) => (id === "p1:new" ? 0 : 200));
    await wait(() => taken().includes("p4:new"), "the last one came");
    assert.not.ok(taken().includes("p1:new"));
    assert.equal([...new Set(taken())], ["p0:new", "p2:new", "p3:new", "p4:new"]);
    assert.ok(posts.filter((p) => JSON.parse(p.body).id === "p1:new").length > 40);
    assert.is(fixture.report.status().sinks[1]!.dropped, 1);
  }),
);

for (const [what, after] of [
  ["hangs up on everything for long", []],
  ["comes and goes after it was away for long", [200, 0, 200, 0]],
] as const)
  test(
    `a receiver that ${what} misses no event`,
    scoped(async (use) => {
      const statuses: number[] = [...Array(20).fill(0), ...after, ...Array(30).fill(0)];
      const { fixture, wait, taken } = await fiveEvents(use, () => statuses.shift() ?? 200);
      await wait(() => taken().includes("p4:new"), "the last one came");
      assert.equal(new Set(taken()), new Set(Array.from({ length: 5 }, (_, i) => `p${i}:new`)));
      assert.is(fixture.report.status().sinks[1]!.dropped, 0);
    }),
  );

test(
  "a receiver that has called every event bad so far loses none; once it takes one, only those it calls bad are left out",
  scoped(async (use) => {
    let isWrong = true;
    const { fixture, posts, wait, taken } = await fiveEvents(use, (id) =>
      isWrong || id === "p0:new" ? 400 : 200,
    );
    await wait(() => posts.length > 50, "it is tried again and again");
    const { state, sentence, dropped } = fixture.report.status().sinks[1]!;
    assert.is(state, "refused");
    assert.match(sentence, /answers 400 and has taken nothing yet; correct the webhook's url/);
    assert.is(dropped, 0);
    isWrong = false;
    await wait(() => taken().includes("p4:new"), "the last one came");
    assert.equal(new Set(taken()), new Set(["p1:new", "p2:new", "p3:new", "p4:new"]));
    assert.is(fixture.report.status().sinks[1]!.dropped, 1);
  }),
);

test.run();

/** A report with five events, and a receiver that answers each as `status` says; 0: it hangs up. */
async function fiveEvents(use: Use, status: (id: string) => number) {
  const { url, posts, answer } = await receiver(use);
  answer.status = () => status(JSON.parse(posts.at(-1)!.body).id);
  const clock = fakeClock();
  const fixture = reportFixture(
    `report: { url: "mqtt://127.0.0.1:1", webhooks: [{ name: w, url: "${url}" }] }`,
    {
      clock,
    },
  );
  use(fixture.report);
  await fixture.outbox.add(
    Array.from({ length: 5 }, (_, i) => passEvent(passRecord({ id: `p${i}` }), "NEW", i)),
  );
  await fixture.report.start();
  return {
    fixture,
    posts,
    taken: () => posts.filter((p) => p.status === 200).map((p) => JSON.parse(p.body).id as string),
    wait: (condition: () => boolean, what: string) =>
      until(() => {
        clock.advance(15_000);
        return condition();
      }, what),
  };
}

async function assertNoAnswer(post: Promise<unknown>, code: string): Promise<void> {
  try {
    await post;
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, code);
    return;
  }
  assert.unreachable("there was no answer");
}

/** Answers every post with `head`, and goes on with `again` until the other end hangs up. */
async function rawReceiver(use: Use, head: string, again: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(head);
      const timer = setInterval(() => socket.write(again), 20);
      socket.on("close", () => clearInterval(timer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  use({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}
