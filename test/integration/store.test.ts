import { test } from "uvu";
import * as assert from "uvu/assert";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, noon, passEntry } from "../support/records.js";

async function openStore(folder = temporaryFolder()) {
  const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
  await store.start();
  return { store, folder };
}

test("a pass, its decision, reading, picture and event are there after the store was closed and opened again", async () => {
  const first = await openStore();
  await first.store.passes.save(passEntry("p1", "AB12CDE"));
  await first.store.close();
  const { store } = await openStore(first.folder);
  assert.is((await store.passes.find("p1"))?.plate, "AB12CDE");
  assert.is((await store.passes.decisions("p1")).length, 1);
  const [read] = await store.passes.reads("p1");
  assert.equal(read?.chars, [1, 1, 1, 1, 1, 1, 1]);
  assert.is(read?.evidence[0]?.[11], 1);
  assert.is(new TextDecoder().decode((await store.passes.picture("p1", "crop"))!), "crop of p1");
  const events = await store.outbox.pending(0, 10);
  assert.equal(
    events.map((e) => e.id),
    ["event-p1"],
  );
  await store.close();
});

test("saving a pass again changes it and reports nothing twice, even after the event was acknowledged", async () => {
  const { store } = await openStore();
  await store.passes.save(passEntry("p1", "AB12CDE"));
  const [event] = await store.outbox.pending(0, 10);
  await store.outbox.acknowledge([event!.seq]);
  await store.passes.save(passEntry("p1", "AB12CDE", { endedAt: noon + 5000, frames: 40 }));
  assert.is((await store.passes.find("p1"))?.frames, 40);
  assert.is(await store.outbox.count(), 0);
  assert.is((await store.passes.decisions("p1")).length, 1);
  await store.close();
});

test("passes are listed newest first, page by page, by plate pattern, time and verdict", async () => {
  const { store } = await openStore();
  const plates = ["AB12CDE", "AB13CDE", "XY99ZZZ", "AB12CDF", "K1"];
  await Promise.all(
    plates.map((plate, i) =>
      store.passes.save(
        passEntry(`p${i}`, plate, { startedAt: noon + i * 1000, verdict: i % 2 ? "denied" : "granted" }),
      ),
    ),
  );
  const page = await store.passes.list({ limit: 2 });
  assert.equal(
    page.items.map((p) => p.id),
    ["p4", "p3"],
  );
  const next = await store.passes.list({ limit: 3, before: page.next! });
  assert.equal(
    next.items.map((p) => p.id),
    ["p2", "p1", "p0"],
  );
  assert.is(next.next, null);
  const ids = async (filter: object) => (await store.passes.list(filter)).items.map((p) => p.id);
  assert.equal(await ids({ plate: "ab12cd?" }), ["p3", "p0"]);
  assert.equal(await ids({ plate: "AB*" }), ["p3", "p1", "p0"]);
  assert.equal(await ids({ from: noon + 1000, to: noon + 2000 }), ["p2", "p1"]);
  assert.equal(await ids({ verdict: "denied" }), ["p3", "p1"]);
  await store.close();
});

test("a call that breaks a check is refused alone; the others of its group are kept", async () => {
  const { store } = await openStore();
  const [good, bad, other] = await Promise.allSettled([
    store.rules.save(accessRule({ id: "r1" })),
    store.rules.save(accessRule({ id: "r2", tolerance: 99 })),
    store.rules.save(accessRule({ id: "r3" })),
  ]);
  assert.equal([good!.status, bad!.status, other!.status], ["fulfilled", "rejected", "fulfilled"]);
  assert.is((bad as PromiseRejectedResult).reason.code, "refused");
  assert.equal(
    (await store.rules.all()).map((r) => r.id),
    ["r1", "r3"],
  );
  await store.close();
});

test("a visitor pass is used up once per use and an unlimited one never", async () => {
  const { store } = await openStore();
  await store.rules.save(accessRule({ id: "two", usesLeft: 2 }));
  await store.rules.save(accessRule({ id: "free" }));
  const uses = await Promise.all([1, 2, 3].map(() => store.rules.use("two")));
  assert.equal(uses, [true, true, false]);
  assert.ok(await store.rules.use("free"));
  assert.not.ok(await store.rules.use("nobody"));
  await store.close();
});

test.run();
