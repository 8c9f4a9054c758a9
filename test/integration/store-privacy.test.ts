import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, passEntry } from "../support/records.js";

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: of a plate that no rule names only a keyed hash is kept, of a listed one everything`, async () => {
    const folder = temporaryFolder();
    const store = createStore({
      config: { kind, unknownPlates: "hash" },
      folder,
      clock: systemClock,
      log: silentLog,
    });
    await store.start();
    await store.rules.save(accessRule({ plate: "KN0WN*" }));
    const sentence = "STRANGER1 is on no list.";
    for (const id of ["u1", "u2"]) {
      const entry = passEntry(id, "STRANGER1", { sentence });
      await store.passes.save({
        ...entry,
        decision: { ...entry.decision!, sentence, evidence: '{"candidates":["STRANGERI"]}' },
      });
    }
    await store.passes.save(passEntry("k", "KN0WN77"));

    const [second, first] = (await store.passes.list({ plate: "stranger 1" })).items;
    assert.match(first!.plate, /^#[0-9A-F]{20}$/);
    assert.is(second!.plate, first!.plate);
    assert.is(second!.sentence, `${second!.plate} is on no list.`);
    assert.equal(await store.passes.reads("u1"), []);
    assert.is(await store.passes.picture("u1", "crop"), null);
    assert.is((await store.passes.reads("k"))[0]?.text, "KN0WN77");
    assert.ok((await store.passes.picture("k", "crop")) !== null);
    assert.is((await store.upkeep.erase("STRANGER1")).passes, 2);
    await store.passes.save(passEntry("u3", "STRANGER1", { sentence }));
    await store.close();

    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const all = files.map((e) => readFileSync(join(e.parentPath, e.name), "latin1")).join("\n");
    assert.ok(all.includes("KN0WN77"));
    assert.not.ok(all.includes("STRANGER"));
  });
}

test("hiding a plate of few digits leaves numbers and ids of its event as they are", async () => {
  const config = { kind: "sql", unknownPlates: "hash" } as const;
  const store = createStore({ config, folder: temporaryFolder(), clock: systemClock, log: silentLog });
  await store.start();
  const entry = passEntry("0f0e1d2c-4711-4abc", "4711", {
    sentence: "4711 is on no list.",
    probability: 0.4711,
  });
  const by = "plate 4711";
  const payload = JSON.stringify({ phase: "END", pass: entry.pass, at: 44711, by });
  await store.passes.save({ ...entry, events: [{ id: "e", kind: "pass", at: 1, payload }] });
  const pass = (await store.passes.find(entry.pass.id))!;
  const [event] = await store.outbox.pending(0, 9);
  await store.close();
  assert.is(pass.sentence, `${pass.plate} is on no list.`);
  assert.equal(JSON.parse(event!.payload), { phase: "END", pass, at: 44711, by: `plate ${pass.plate}` });
});

test("the key of the hashes is made whole, for the owner's eyes, and kept", async () => {
  const folder = temporaryFolder();
  const hash = await hashIn(folder, "p1");
  const file = join(folder, "plate-hash.key");
  assert.is(readFileSync(file).length, 32);
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.is(await hashIn(folder, "p2"), hash);
  rmSync(file);
  assert.is.not(await hashIn(folder, "p3"), hash);
});

for (const [what, content] of [
  ["an empty key", Buffer.alloc(0)],
  ["a torn key", Buffer.alloc(31, 7)],
  ["a key of zeros", Buffer.alloc(32)],
] as const) {
  test(`${what} is replaced while nothing is hashed with it, and refused afterwards`, async () => {
    const folder = temporaryFolder();
    const file = join(folder, "plate-hash.key");
    writeFileSync(file, content);
    await hashIn(folder, "p1");
    assert.is.not(readFileSync(file).toString("hex"), content.toString("hex"));
    assert.is(readFileSync(file).length, 32);

    writeFileSync(file, content);
    const told = await hashIn(folder, "p2").catch((error: Error) => error.message);
    assert.match(
      told,
      /plate-hash\.key is no key \(\d+ bytes, 32 are needed\).*put the right file back, or remove it/,
    );
    assert.equal(readFileSync(file), content);
  });
}

test.run();

/** The hash under which a stranger's pass is kept in this folder. */
async function hashIn(folder: string, id: string): Promise<string> {
  const config = { kind: "sql", unknownPlates: "hash" } as const;
  const store = createStore({ config, folder, clock: systemClock, log: silentLog });
  await store.start();
  await store.passes.save(passEntry(id, "STRANGER1"));
  const { plate } = (await store.passes.find(id))!;
  await store.close();
  assert.match(plate, /^#[0-9A-F]{20}$/);
  return plate;
}
