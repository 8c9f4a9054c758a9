import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PassPicture } from "../../src/core/records.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, clipRecord, noon, passEntry } from "../support/records.js";
import { until } from "../support/until.js";

async function openStore(kind: "sql" | "json", folder = temporaryFolder()) {
  const store = createStore({ config: { kind }, folder, clock: systemClock, log: silentLog });
  await store.start();
  return { store, folder };
}

// Both kinds of store keep one contract.
for (const kind of ["sql", "json"] as const) {
  test(`${kind}: a pass, its decision, reading, picture and event are there after the store was closed and opened again`, async () => {
    const first = await openStore(kind);
    await first.store.passes.save(passEntry("p1", "AB12CDE"));
    await first.store.close();
    const { store } = await openStore(kind, first.folder);
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

  test(`${kind}: saving a pass again changes it and reports nothing twice, even after the event was acknowledged`, async () => {
    const { store } = await openStore(kind);
    await store.passes.save(passEntry("p1", "AB12CDE"));
    const [event] = await store.outbox.pending(0, 10);
    await store.outbox.acknowledge([event!.seq]);
    assert.is((await store.passes.find("p1"))?.letThrough, undefined);
    await store.passes.save(
      passEntry("p1", "AB12CDE", { endedAt: noon + 5000, frames: 40, letThrough: true }),
    );
    assert.is((await store.passes.find("p1"))?.frames, 40);
    assert.is((await store.passes.find("p1"))?.letThrough, true);
    assert.is(await store.outbox.count(), 0);
    assert.is((await store.passes.decisions("p1")).length, 1);
    await store.passes.save(passEntry("p2", "AB12CDE", { letThrough: false }));
    assert.is((await store.passes.list({ limit: 1 })).items[0]?.letThrough, false);
    await store.close();
  });

  test(`${kind}: passes are listed newest first, page by page, by plate pattern, time and verdict`, async () => {
    const { store } = await openStore(kind);
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

  test(`${kind}: a call that breaks a check is refused alone; the others of its group are kept`, async () => {
    const { store } = await openStore(kind);
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

  test(`${kind}: a visitor pass is used up once per use and an unlimited one never`, async () => {
    const { store } = await openStore(kind);
    await store.rules.save(accessRule({ id: "two", usesLeft: 2 }));
    await store.rules.save(accessRule({ id: "free" }));
    const uses = await Promise.all([1, 2, 3].map((n) => store.rules.use("two", `use-${n}`)));
    assert.equal(uses, [true, true, false]);
    assert.ok(await store.rules.use("free", "use-4"));
    assert.not.ok(await store.rules.use("nobody", "use-5"));
    await store.close();
  });

  test(`${kind}: a use counts once, however often the store is told, and one given back is there after the next start`, async () => {
    const first = await openStore(kind);
    await first.store.rules.save(accessRule({ id: "three", usesLeft: 3 }));
    const left = async (store: typeof first.store) => (await store.rules.all()).map((r) => r.usesLeft).join();
    const tell = async () => {
      for (const use of ["a", "a", "b", "c"]) assert.ok(await first.store.rules.use("three", use));
      for (const use of ["a", "b", "strange"]) await first.store.rules.giveBack(use, true);
      await first.store.rules.giveBack("b", false);
    };
    await tell();
    await tell();
    assert.is(await left(first.store), "0", "the gate has it in its own count");
    await first.store.close();
    const { store } = await openStore(kind, first.folder);
    for (let i = 0; i < 2; i++) {
      await store.rules.settleUses();
      assert.is(await left(store), "1");
    }
    await store.close();
  });

  test(`${kind}: clips are listed by camera, pass, plate, class and pin, are removed by way of the garbage and leave their pass`, async () => {
    const { store } = await openStore(kind);
    for (const [i, plate] of ["AB12CDE", "XY34ZZZ", "AB99ZZZ"].entries()) {
      await store.passes.save(passEntry(`p${i}`, plate));
      await store.clips.want({
        id: `c${i}`,
        passId: `p${i}`,
        camera: "front",
        from: 1,
        to: 2,
        kind: "known",
        createdAt: i,
      });
      await store.clips.add(
        clipRecord({
          id: `c${i}`,
          passId: `p${i}`,
          kind: i === 1 ? "unknown" : "known",
          path: `_clips/c${i}.mp4`,
        }),
        [{ id: `clip:c${i}`, kind: "clip", at: noon, payload: "{}" }],
      );
    }
    await store.clips.add(
      clipRecord({
        id: "m",
        camera: "back",
        kind: "manual",
        path: "_clips/m.mp4",
        startedAt: noon + 60_000,
        endedAt: noon + 61_000,
      }),
      [],
    );
    assert.equal(await store.clips.wanted(), []);
    assert.ok(await store.clips.pin("c0", true));
    const ids = async (filter: object) => (await store.clips.list(filter)).items.map((c) => c.id);
    assert.equal(await ids({}), ["m", "c2", "c1", "c0"]);
    assert.equal(await ids({ camera: "back" }), ["m"]);
    assert.equal(await ids({ passId: "p1" }), ["c1"]);
    assert.equal(await ids({ plate: "AB*" }), ["c2", "c0"]);
    assert.equal(await ids({ kind: "known" }), ["c2", "c0"]);
    assert.equal(await ids({ pinned: true }), ["c0"]);
    assert.equal(await ids({ pinned: false, limit: 1 }), ["m"]);
    assert.equal(await ids({ from: noon + 30_000 }), ["m"]);
    assert.equal(
      (await store.clips.oldest("known", 5)).map((c) => c.id),
      ["c2"],
    );
    assert.is((await store.passes.find("p2"))?.clipId, "c2");
    assert.is((await store.clips.remove("c2"))?.id, "c2");
    assert.is(await store.clips.remove("c2"), null);
    assert.is((await store.passes.find("p2"))?.clipId, null);
    assert.equal(await store.segments.garbage(), ["_clips/c2.mp4"]);
    await store.segments.forget(["_clips/c2.mp4"]);
    assert.equal(await store.segments.garbage(), []);
    assert.is(await store.clips.totalBytes(), 200);
    assert.is(await store.outbox.count(), 6);
    await store.close();
  });

  test(`${kind}: segments keep the order in which they came, move with the clock of their boot, and go by way of the garbage`, async () => {
    const { store, folder } = await openStore(kind);
    for (const [i, bootId] of ["one", "one", "two"].entries()) {
      const segment = {
        id: `s${i}`,
        camera: "front",
        path: `front/${i}.mp4`,
        startedAt: i * 100,
        endedAt: i * 100 + 100,
        bytes: 10,
      };
      await store.segments.add({ ...segment, bootId, monotonicEndMs: i });
      await store.segments.add({ ...segment, bytes: 20 });
    }
    assert.equal(
      (await store.segments.overlapping("front", 50, 150)).map((s) => s.id),
      ["s0", "s1"],
    );
    assert.is(await store.segments.totalBytes(), 60);
    await store.segments.shift("one", 1000);
    const all = await store.segments.all();
    assert.equal(
      all.map((s) => s.startedAt),
      [1000, 1100, 200],
    );
    assert.equal([all[0]?.bootId, all[0]?.monotonicEndMs], ["one", 0]);
    await store.segments.discard(["s0"]);
    assert.equal(
      (await store.segments.oldest(1)).map((s) => s.id),
      ["s1"],
    );
    await store.close();
    const again = await openStore(kind, folder);
    assert.equal(
      (await again.store.segments.all()).map((s) => s.id),
      ["s1", "s2"],
    );
    assert.equal(await again.store.segments.garbage(), ["front/0.mp4"]);
    await again.store.close();
  });

  test(`${kind}: the small tables keep what they are given`, async () => {
    const { store, folder } = await openStore(kind);
    await store.edges.add([
      { at: 1, line: "loop", kind: "input", active: true, cause: "vehicle" },
      { at: 2, line: "lift", kind: "output", active: true, cause: "granted" },
    ]);
    await store.settings.set("colour", "red");
    await store.settings.set("colour", "blue");
    await store.audit.add({ id: "a", at: 1, actor: "eve", action: "rule.save", subject: "r", detail: "{}" });
    await store.register.savePerson({ id: "q", name: "Ann", unit: "3", phone: "", note: "" });
    await store.register.saveVehicle({
      id: "v",
      plate: "AB1",
      personId: "q",
      make: "",
      colour: "",
      note: "",
    });
    await store.wear.add([{ day: "2026-01-05", subsystem: "video", bytes: 5 }]);
    await store.wear.add([{ day: "2026-01-05", subsystem: "video", bytes: 6 }]);
    await store.close();
    const again = (await openStore(kind, folder)).store;
    assert.equal(
      (await again.edges.list({})).items.map((e) => e.line),
      ["lift", "loop"],
    );
    assert.equal((await again.edges.list({ line: "loop" })).items[0]?.active, true);
    assert.is(await again.settings.get("colour"), "blue");
    assert.is(await again.settings.get("nothing"), null);
    assert.is((await again.audit.list({ actor: "eve" })).items.length, 1);
    assert.is((await again.register.findVehicle("AB1"))?.personId, "q");
    assert.ok(await again.register.removeVehicle("v"));
    assert.equal(await again.wear.since("2026-01-01"), [
      { day: "2026-01-05", subsystem: "video", bytes: 11 },
    ]);
    await again.close();
  });

  test(`${kind}: the enhanced crop goes and is replaced with its crop, by a better one, by age and by erasure`, async () => {
    const { store, folder } = await openStore(kind);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const hard = { kind: "crop" as const, jpeg: bytes("plain"), enhanced: bytes("enhanced, for people") };
    const save = (id: string, plate: string, pictures: PassPicture[], startedAt = noon) =>
      store.passes.save({ ...passEntry(id, plate, { startedAt }), pictures });
    const enhanced = async (id: string) => {
      const jpeg = await store.passes.picture(id, "enhanced");
      return jpeg === null ? null : new TextDecoder().decode(jpeg);
    };
    await save("better", "AB1", [hard]);
    await save("old", "AB2", [hard], 1000);
    await save("erased", "AB3", [hard]);
    await save("kept", "AB4", [hard]);
    await save("plain", "AB5", [{ kind: "crop", jpeg: bytes("plain") }]);
    for (const id of ["better", "old", "erased", "kept"])
      assert.is(await enhanced(id), "enhanced, for people");
    await save("better", "AB1", [{ kind: "crop", jpeg: bytes("clear") }]);
    await save("kept", "AB4", [{ kind: "frame", jpeg: bytes("frame") }]);
    await store.upkeep.prune({ passesBefore: 0, picturesBefore: 2000, edgesBefore: 0, auditBefore: 0 });
    await store.upkeep.erase("AB3");
    const left = [];
    for (const id of ["better", "old", "erased", "kept", "plain"]) left.push(await enhanced(id));
    assert.equal(left, [null, null, null, "enhanced, for people", null]);
    await store.close();
    const files = readdirSync(folder, { recursive: true }).map(String);
    if (kind === "json") assert.is(files.filter((name) => name.includes("enhanced")).length, 1);
  });

  test(`${kind}: what is too old goes in batches, and never a pass whose clip is pinned`, async () => {
    const { store } = await openStore(kind);
    await Promise.all(
      Array.from({ length: 450 }, (_, i) =>
        store.passes.save(passEntry(`p${i}`, "AB12CDE", { startedAt: i < 300 ? 1000 : noon })),
      ),
    );
    await store.clips.add(clipRecord({ passId: "p7", pinned: true }), []);
    await store.edges.add([{ at: 1, line: "loop", kind: "input", active: true, cause: "" }]);
    const limits = { passesBefore: 2000, picturesBefore: 2000, edgesBefore: 2000, auditBefore: 2000 };
    let rounds = 0;
    while ((await store.upkeep.prune(limits)) > 0 && rounds < 10) rounds++;
    assert.ok(rounds >= 2 && rounds < 10, `${rounds} rounds`);
    assert.is((await store.passes.list({ limit: 1000 })).items.length, 151);
    assert.ok((await store.passes.find("p7")) !== null);
    assert.is(await store.passes.picture("p8", "crop"), null);
    assert.ok((await store.passes.picture("p400", "crop")) !== null);
    assert.is((await store.edges.list({})).items.length, 0);
    await store.close();
  });
}

test("json: a line that a power cut tore off never happened, and what came before it did", async () => {
  const { store, folder } = await openStore("json");
  for (const id of ["a", "b", "c"]) await store.passes.save(passEntry(id, "AB12CDE"));
  await store.close();
  const file = join(folder, "store.jsonl");
  const bytes = readFileSync(file);
  for (const cut of [1, 20, 300]) {
    writeFileSync(file, bytes.subarray(0, bytes.length - cut));
    const again = (await openStore("json", folder)).store;
    assert.equal(
      (await again.passes.list({})).items.map((p) => p.id),
      ["b", "a"],
    );
    await again.close();
  }
});

test("json: everything is written anew when the journal has grown, and is still there", async () => {
  const { store, folder } = await openStore("json");
  for (let i = 0; i < 60; i++) await store.rules.save(accessRule({ id: "r", note: "x".repeat(90_000) }));
  await store.rules.save(accessRule({ id: "last" }));
  await until(() => existsSync(join(folder, "store.json")), "the snapshot");
  await store.rules.save(accessRule({ id: "after" }));
  await store.close();
  assert.ok(statSync(join(folder, "store.jsonl")).size < 10_000);
  const again = (await openStore("json", folder)).store;
  assert.equal(
    (await again.rules.all()).map((r) => r.id),
    ["r", "last", "after"],
  );
  await again.close();
});

test.run();
