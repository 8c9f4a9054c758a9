import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OutboxEvent } from "../../src/core/records.js";
import { createDrain, type Drain, type SendResult } from "../../src/report/drain.js";
import { createLedger } from "../../src/report/ledger.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { fakeOutbox } from "../support/fake-outbox.js";
import { until } from "../support/until.js";

interface Sent {
  event: OutboxEvent;
  answer(result: SendResult): void;
}

test("events go out in order, never more at a time than the window", async () => {
  const { drain, sent, add } = await setUp(3);
  await add(10);
  drain.up();
  await until(() => sent.length === 3, "the window is full");
  for (let i = 0; i < 10; i++) {
    assert.ok(sent.length - i <= 3);
    sent[i]!.answer("taken");
    await until(() => sent.length >= Math.min(10, i + 4), "the next one");
  }
  assert.equal(
    sent.map((s) => s.event.seq),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test("what was not taken before a loss is sent again, what was taken is not", async () => {
  const { drain, sent, add, delivered } = await setUp(5);
  await add(8);
  drain.up();
  await until(() => sent.length === 5, "the window is full");
  sent[0]!.answer("taken");
  sent[1]!.answer("taken");
  await until(() => delivered.length === 2, "two are noted");
  drain.down({ hungUp: true });
  for (const s of sent.slice(2)) s.answer("lost");
  const before = sent.length;
  drain.up();
  await until(() => sent.length === before + 5, "the window is full again");
  assert.equal(
    sent.slice(before).map((s) => s.event.seq),
    [3, 4, 5, 6, 7],
  );
  assert.is(drain.status().resent, 5);
});

test("an answer of a former connection is not taken for one of the new", async () => {
  const { drain, sent, add, delivered } = await setUp(2);
  await add(2);
  drain.up();
  await until(() => sent.length === 2, "both are under way");
  const old = [...sent];
  drain.down({ hungUp: true });
  drain.up();
  for (const s of old) s.answer("taken");
  await until(() => sent.length === 4, "both are sent again");
  assert.equal(delivered, []);
});

test("a later answer waits for the earlier one: nothing is noted with a gap", async () => {
  const { drain, sent, add, delivered } = await setUp(3);
  await add(3);
  drain.up();
  await until(() => sent.length === 3, "all are under way");
  sent[2]!.answer("taken");
  sent[1]!.answer("taken");
  await Promise.resolve();
  assert.equal(delivered, []);
  sent[0]!.answer("taken");
  await until(() => delivered.length === 3, "all are noted");
  assert.equal(delivered, [1, 2, 3]);
});

test("an event that nobody can take is left out, counted, and does not hold up the rest", async () => {
  const { drain, sent, add, delivered } = await setUp(5);
  await add(3);
  drain.up();
  await until(() => sent.length === 3, "all are under way");
  sent[0]!.answer("taken");
  sent[1]!.answer("unusable");
  sent[2]!.answer("taken");
  await until(() => delivered.length === 3, "all are done with");
  assert.is(drain.status().dropped, 1);
  assert.is(drain.status().delivered, 2);
});

test("an event that breaks the connection every time is left out after four tries", async () => {
  const { drain, sent, add } = await setUp(10);
  await add(5);
  for (let i = 0; i < 4; i++) {
    const before = sent.length;
    drain.up();
    await until(() => sent.length > before, "it is tried");
    drain.down({ hungUp: true });
  }
  const before = sent.length;
  drain.up();
  await until(() => sent.length > before, "the next one goes out");
  assert.is(sent[before]!.event.seq, 2);
  assert.is(drain.status().dropped, 1);
});

test("a network that breaks ten times in a row is no event's fault", async () => {
  const { drain, sent, add } = await setUp(10);
  await add(2);
  for (let i = 0; i < 10; i++) {
    const before = sent.length;
    drain.up();
    await until(() => sent.length > before, "it is tried");
    drain.down({ hungUp: false });
  }
  assert.is(drain.status().dropped, 0);
});

test("a poke while the outbox is being read is not forgotten", async () => {
  const { drain, sent, add } = await setUp(10);
  drain.up();
  await add(1);
  drain.poke();
  await add(1);
  drain.poke();
  await until(() => sent.length === 2, "both are sent");
});

test("a store that fails is asked again", async () => {
  const clock = fakeClock();
  const outbox = fakeOutbox();
  await outbox.add([row(1)]);
  let broken = true;
  const sent: number[] = [];
  const drain = createDrain({
    name: "t",
    outbox: { pending: (a, l) => (broken ? Promise.reject(new Error("disk")) : outbox.pending(a, l)) },
    clock,
    log: silentLog,
    window: 5,
    send: async (e) => {
      sent.push(e.seq);
      return "taken";
    },
    delivered: () => {},
  });
  drain.up();
  await new Promise((resolve) => setImmediate(resolve));
  broken = false;
  clock.advance(1000);
  await until(() => sent.length === 1, "it is sent after all");
});

test("an event is acknowledged when the slowest receiver has it, once", async () => {
  const clock = fakeClock();
  const outbox = fakeOutbox();
  await outbox.add(Array.from({ length: 6 }, (_, i) => row(i)));
  const ledger = createLedger({ outbox, sinks: ["a", "b"], saved: {}, clock, log: silentLog });
  ledger.delivered("a", [1, 2, 3, 4]);
  await ledger.settled();
  assert.equal(outbox.acknowledged, []);
  ledger.delivered("b", [1, 2]);
  await ledger.settled();
  assert.equal(outbox.acknowledged, [1, 2]);
  ledger.delivered("b", [3, 4, 5, 6]);
  ledger.delivered("a", [5, 6]);
  await ledger.settled();
  assert.equal(outbox.acknowledged, [1, 2, 3, 4, 5, 6]);
});

test("an acknowledgement that the store did not take is repeated", async () => {
  const clock = fakeClock();
  const outbox = fakeOutbox();
  await outbox.add([row(1), row(2)]);
  let broken = true;
  const ledger = createLedger({
    outbox: { acknowledge: (s) => (broken ? Promise.reject(new Error("disk")) : outbox.acknowledge(s)) },
    sinks: ["a"],
    saved: {},
    clock,
    log: silentLog,
  });
  ledger.delivered("a", [1]);
  await new Promise((resolve) => setImmediate(resolve));
  ledger.delivered("a", [2]);
  broken = false;
  clock.advance(1000);
  await ledger.settled();
  assert.equal(outbox.acknowledged, [1, 2]);
});

test("an orderly end starts nothing more and waits for the answers under way", async () => {
  const { drain, sent, add, delivered } = await setUp(2);
  await add(5);
  drain.up();
  await until(() => sent.length === 2, "the window is full");
  let over = false;
  const finished = drain.finish().then(() => {
    over = true;
  });
  sent[0]!.answer("taken");
  await until(() => delivered.length === 1, "one is noted");
  assert.not.ok(over);
  sent[1]!.answer("taken");
  await finished;
  assert.equal(delivered, [1, 2]);
  assert.is(sent.length, 2);
});

test("a receiver that asks for patience is not blamed on the event that was first in line", async () => {
  const { drain, sent, add } = await setUp(10);
  await add(2);
  for (let i = 0; i < 10; i++) {
    const before = sent.length;
    drain.up();
    await until(() => sent.length > before, "it is tried");
    drain.rest();
  }
  assert.is(drain.status().dropped, 0);
});

test("a receiver goes on where it stood before the restart", async () => {
  const { drain, sent, add } = await setUp(10);
  await add(5);
  drain.resumeAfter(3);
  drain.up();
  await until(() => sent.length === 2, "the rest is sent");
  assert.equal(
    sent.map((s) => s.event.seq),
    [4, 5],
  );
});

test.run();

async function setUp(window: number) {
  const outbox = fakeOutbox();
  const sent: Sent[] = [];
  const delivered: number[] = [];
  const drain: Drain = createDrain({
    name: "test",
    outbox,
    clock: fakeClock(),
    log: silentLog,
    window,
    send: (event) => new Promise((resolve) => sent.push({ event, answer: resolve })),
    delivered: (seqs) => delivered.push(...seqs),
  });
  const add = (n: number) => outbox.add(Array.from({ length: n }, (_, i) => row(i)));
  return { outbox, drain, sent, delivered, add };
}

function row(i: number): Omit<OutboxEvent, "seq"> {
  return { id: `e${i}`, kind: "alarm", at: i, payload: '{"code":"x","sentence":"y"}' };
}
