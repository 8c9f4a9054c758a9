import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eraseCommand } from "../../src/commands/erase.js";
import { alarmEvent, barrierEvent, passEvent } from "../../src/core/events.js";
import { PLACES_NAME, placesText } from "../../src/gate/places-file.js";
import { openDatabase } from "../../src/store/database.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import {
  accessRule,
  alarmFacts,
  barrierFacts,
  clipRecord,
  decisionRecord,
  noon,
  passEntry,
} from "../support/records.js";

const plates = ["AB12", "AB123", "KAB12X", "XY99ZZZ"];

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: erasing a plate leaves vehicles alone whose plate merely contains it`, async () => {
    const { store } = await filled(kind);
    const report = await store.upkeep.erase("AB12");
    assert.equal(
      { ...report, files: [...report.files] },
      {
        passes: 1,
        reads: 1,
        decisions: 1,
        rules: 1,
        vehicles: 1,
        events: 2,
        clips: 1,
        files: ["_clips/c0.mp4"],
      },
    );
    assert.equal(await keptPlates(store), ["XY99ZZZ", "KAB12X", "AB123"]);
    for (const i of [1, 2, 3]) {
      assert.is((await store.passes.decisions(`p${i}`)).length, 1);
      assert.is((await store.passes.reads(`p${i}`)).length, 1);
      assert.ok((await store.passes.picture(`p${i}`, "crop")) !== null);
    }
    assert.equal(
      (await store.clips.all()).map((c) => c.id),
      ["c1", "c2", "c3"],
    );
    assert.equal(
      (await store.outbox.pending(0, 99)).map((e) => e.id),
      ["p1:end", "barrier:p1", "p2:end", "barrier:p2", "p3:end", "barrier:p3", "alarm:x"],
    );
    assert.equal(
      (await store.rules.all()).map((r) => r.plate),
      ["AB123", "KAB12X", "XY99ZZZ"],
    );
    assert.equal(
      (await store.register.vehicles()).map((v) => v.plate),
      ["AB123", "KAB12X", "XY99ZZZ"],
    );
    assert.equal(
      (await store.audit.list({})).items.map((e) => e.subject),
      ["XY99ZZZ", "KAB12X", "AB123"],
    );
    await store.close();
  });

  test(`${kind}: erasing digits touches no number in evidence, payloads or sentences`, async () => {
    const { store } = await filled(kind);
    const { files: _, ...counts } = await store.upkeep.erase("971");
    assert.equal(
      Object.values(counts).filter((n) => n !== 0),
      [],
    );
    assert.equal(await keptPlates(store), [...plates].reverse());
    for (const i of [0, 1, 2, 3]) assert.is((await store.passes.decisions(`p${i}`)).length, 1);
    assert.is(await store.outbox.count(), 9);
    await store.close();
  });

  test(`${kind}: a decision about another vehicle that names the erased plate goes, its pass stays`, async () => {
    const { store, folder } = await filled(kind);
    const pass = (await store.passes.find("p3"))!;
    const decision = decisionRecord({ id: "d-more", passId: "p3", plate: "XY99ZZZ", sentence: "Opened." });
    const evidence = JSON.stringify({
      request: { plate: "XY99ZZZ", passages: { GONE4EVER: { at: noon } } },
      rules: [{ plate: "GONE4EVER" }],
    });
    await store.passes.save({ pass, decision: { ...decision, evidence }, events: [] });
    const report = await store.upkeep.erase("GONE4EVER");
    assert.is(report.passes, 0);
    assert.is(report.decisions, 1);
    assert.equal(
      (await store.passes.decisions("p3")).map((d) => d.id),
      ["decision-p3"],
    );
    await store.upkeep.scrub();
    await store.close();
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    const all = files.map((e) => readFileSync(join(e.parentPath, e.name), "latin1")).join("\n");
    assert.ok(all.includes("XY99ZZZ"));
    assert.not.ok(all.includes("GONE4EVER"));
  });
}

test("an erasure that was cut off while it overwrote the log does not hinder the next one", async () => {
  const { store, folder } = await filled("sql");
  await store.close();
  const file = join(folder, "plategate.db");
  const db = openDatabase(file);
  db.exec("create table filling (bytes blob); insert into filling values (zeroblob(1000000))");
  db.close();
  writeFileSync(`${file}.before-v2`, "an old copy with AB12 in it");
  const config = join(temporaryFolder(), "plategate.yaml");
  writeFileSync(config, `dataFolder: ${folder}\n`);
  const { log } = console;
  console.log = () => {};
  try {
    assert.is(await eraseCommand(["AB12", "--config", config]), 0);
  } finally {
    console.log = log;
  }
  assert.not.ok(existsSync(`${file}.before-v2`));
  const after = openDatabase(file, { readonly: true });
  assert.is(after.prepare("select count(*) from sqlite_schema where name = 'filling'").pluck().get(), 0);
  assert.is(after.prepare("select count(*) from audit where action = 'erase'").pluck().get(), 1);
  after.close();
});

test("where an erased vehicle stood is forgotten, where others stand is not", async () => {
  const { store, folder } = await filled("sql");
  await store.close();
  const file = join(folder, PLACES_NAME);
  const place = (plate: string) => ({ camera: "front", plate, box: [0.5, 0.5, 0.1, 0.05], at: 1 }) as const;
  const config = join(temporaryFolder(), "plategate.yaml");
  writeFileSync(config, `dataFolder: ${folder}\n`);
  const { log } = console;
  console.log = () => {};
  try {
    writeFileSync(file, placesText([place("AB12"), place("XY99ZZZ"), place("AB123")]));
    writeFileSync(`${file}.new`, placesText([place("AB12")]));
    assert.is(await eraseCommand(["ab 12", "--config", config]), 0);
    assert.is(readFileSync(file, "utf8"), placesText([place("XY99ZZZ"), place("AB123")]));
    assert.not.ok(existsSync(`${file}.new`));
    writeFileSync(file, '[{"plate":"AB12');
    assert.is(await eraseCommand(["AB12", "--config", config]), 0);
    assert.is(readFileSync(file, "utf8"), placesText([]), "half a file may hold it as well");
  } finally {
    console.log = log;
  }
});

test.run();

async function filled(kind: "sql" | "json") {
  const folder = temporaryFolder();
  const store = createStore({ config: { kind }, folder, clock: systemClock, log: silentLog });
  await store.start();
  for (const [i, plate] of plates.entries()) {
    const sentence = `${plate} is on the allow list.`;
    const entry = passEntry(`p${i}`, plate, { sentence, startedAt: noon + i, probability: 0.971 });
    const evidence = JSON.stringify({ candidates: [{ text: plate, probability: 0.9712 }], at: 971 });
    await store.passes.save({
      ...entry,
      decision: { ...entry.decision!, sentence, evidence },
      events: [
        passEvent(entry.pass, "END", noon),
        barrierEvent(`p${i}`, noon, { ...barrierFacts, by: `plate ${plate}` }),
      ],
    });
    await store.clips.add(clipRecord({ id: `c${i}`, passId: `p${i}`, pinned: true }), []);
    await store.rules.save(accessRule({ id: `r${i}`, plate }));
    await store.register.saveVehicle({
      id: `v${i}`,
      plate,
      personId: null,
      make: "",
      colour: "",
      note: "",
    });
    await store.audit.add({
      id: `a${i}`,
      at: noon,
      actor: "admin",
      action: "rule.save",
      subject: plate,
      detail: JSON.stringify({ plate, createdAt: 971 }),
    });
  }
  await store.outbox.add([alarmEvent("x", noon, { ...alarmFacts, sentence: "Open for 0.971 hours." })]);
  return { store, folder };
}

async function keptPlates(store: Awaited<ReturnType<typeof filled>>["store"]): Promise<string[]> {
  return (await store.passes.list({})).items.map((pass) => pass.plate);
}
