import { test } from "uvu";
import * as assert from "uvu/assert";
import { createOpening } from "../../src/appliance/opening.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";

async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** An opening whose tries are ended by hand. */
function bench() {
  const clock = fakeClock();
  const tries: { done: () => void; failed: (sentence: string) => void }[] = [];
  const opening = createOpening({
    clock,
    log: silentLog,
    open: () =>
      new Promise((resolve, reject) => {
        tries.push({ done: resolve, failed: (sentence) => reject(new Error(sentence)) });
      }),
  });
  const reached = { begun: false, open: false };
  void opening.whenBegun.then(() => {
    reached.begun = true;
  });
  void opening.whenOpen.then(() => {
    reached.open = true;
  });
  return { clock, tries, opening, reached };
}

test("what cannot be opened is tried again every ten seconds, and its sentence stands until it can", async () => {
  const { clock, tries, opening, reached } = bench();
  void opening.start();
  tries[0]!.failed("the data folder /x cannot be written (EROFS); replace the card.");
  await settle();
  assert.is(reached.begun, true);
  assert.is(opening.status().state, "failed");
  assert.match(opening.status().problem!, /^No plate opens: the data folder \/x cannot be written/);
  clock.advance(9999);
  assert.is(tries.length, 1);
  clock.advance(1);
  assert.is(tries.length, 2);
  tries[1]!.failed("unable to open database file");
  await settle();
  assert.match(opening.status().problem!, "No plate opens: unable to open database file. Contacts, fire");
  clock.advance(10_000);
  tries[2]!.done();
  await settle();
  assert.is(reached.open, true);
  assert.equal(opening.status(), {});
  clock.advance(600_000);
  assert.is(tries.length, 3);
});

test("a card that stalls keeps nobody waiting for longer than twenty seconds", async () => {
  const { clock, tries, opening, reached } = bench();
  void opening.start();
  clock.advance(19_999);
  await settle();
  assert.is(reached.begun, false);
  clock.advance(1);
  await settle();
  assert.is(reached.begun, true);
  assert.match(opening.status().problem!, "is still being opened");
  assert.is(tries.length, 1);
  tries[0]!.done();
  await settle();
  assert.is(opening.isOpen(), true);
});

test("whoever asks before all is open is refused at once, with the reason", async () => {
  const { tries, opening } = bench();
  const port = opening.refusing({ passes: { count: async () => 7 }, folder: "/x" });
  assert.is(port.folder, "/x");
  const { count } = port.passes;
  assert.throws(count, "Not opened yet");
  void opening.start();
  tries[0]!.done();
  await settle();
  assert.is(await count(), 7);
});

test("a close waits for the try that is going on, though not for ever, and nothing is tried after it", async () => {
  const { clock, tries, opening, reached } = bench();
  void opening.start();
  let isClosed = false;
  void opening.close().then(() => {
    isClosed = true;
  });
  await settle();
  assert.is(isClosed, false);
  clock.advance(5000);
  await settle();
  assert.is(isClosed, true);
  tries[0]!.failed("it was closed.");
  await settle();
  clock.advance(60_000);
  assert.equal([tries.length, reached.open], [1, false]);
});

test.run();
