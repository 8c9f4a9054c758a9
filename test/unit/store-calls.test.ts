/** Calls that wait for a store that cannot take them: bounded in memory and in work, and none is lost. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCalls } from "../../src/store/calls.js";
import type { Answer, Call } from "../../src/store/protocol.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { passEntry } from "../support/records.js";

const FRAME_BYTES = 100_000;

function store(thread: "now" | "no" = "now") {
  const clock = fakeClock();
  const posted: Call[] = [];
  const calls = createCalls({
    clock,
    log: silentLog,
    thread: () => thread,
    post: (c) => void posted.push(c),
  });
  const done: number[] = [];
  return {
    clock,
    calls,
    done,
    edges(count: number) {
      for (let i = 0; i < count; i++)
        calls.repositories.edges.add([]).then(
          () => void done.push(i),
          () => {},
        );
    },
    /** Takes what was posted and answers all of it; gives how much that was. */
    answer(how: (call: Call, index: number) => Answer["error"] | undefined): number {
      const taken = posted.splice(0);
      calls.answer(
        taken.map((call, i) => {
          const error = how(call, i);
          return error === undefined ? { id: call.id } : { id: call.id, error };
        }),
      );
      return taken.length;
    },
  };
}

const full = { code: "cannot-write", message: "disk full" } as const;

test("pictures of passes that wait for a store that is gone take no more than their share of memory", () => {
  const { calls } = store("no");
  for (let i = 0; i < 1000; i++) {
    const entry = passEntry(`p${i}`, "AB12CDE");
    const pictures = [{ kind: "frame" as const, jpeg: new Uint8Array(FRAME_BYTES) }];
    calls.repositories.passes.save({ ...entry, pictures }).catch(() => {});
  }
  const { waiting, picturesDropped } = calls.figures();
  assert.is(waiting, 1000, "no pass is lost");
  assert.ok((1000 - picturesDropped) * FRAME_BYTES <= 32_000_000);
  assert.ok(picturesDropped < 800, "what there is memory for is kept");
});

test("a store that cannot write is tried with few calls, and gets all of them in order when it can", async () => {
  const { clock, edges, answer, done, calls } = store();
  edges(1000);
  answer(() => full);
  for (let second = 0; second < 30; second++) {
    clock.advance(1000);
    const tried = answer(() => full);
    assert.ok(tried > 0 && tried <= 100, `${tried} calls`);
  }
  edges(10);
  assert.is(calls.figures().held, 1010);
  clock.advance(1000);
  while (answer(() => undefined) > 0);
  assert.is(calls.figures().waiting, 0);
  await Promise.resolve();
  await Promise.resolve();
  assert.is(done.length, 1010);
  assert.equal(done.slice(0, 1000), [...Array(1000).keys()]);
});

test("calls that cannot be written for a reason of their own hold up no others for more than a minute", () => {
  const { clock, edges, answer, calls } = store();
  edges(1000);
  answer(() => full);
  const first = Math.min(100, calls.figures().held);
  for (let second = 0; second < 60; second++) {
    clock.advance(1000);
    answer(({ id }) => (id <= first ? full : undefined));
  }
  answer(({ id }) => (id <= first ? full : undefined));
  assert.is(calls.figures().waiting, first);
});

test("refusals of the calls that were tried do not hold up the others", () => {
  const { clock, edges, answer, calls } = store();
  edges(1000);
  answer(() => full);
  for (let second = 0; second < 20; second++) {
    clock.advance(1000);
    answer(() => ({ code: "refused", message: "no" }));
  }
  assert.is(calls.figures().waiting, 0);
});

test.run();
