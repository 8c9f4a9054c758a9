import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { APPEARANCE_NUMBERS, type Appearance } from "../../src/core/appearance.js";
import { lookAlikes } from "../../src/core/look-alikes.js";
import { ALPHABET, editDistance } from "../../src/core/plate.js";
import { openDatabase } from "../../src/store/database.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { seeded as seededRandom } from "../support/random.js";
import { evidenceOf, noon, passEntry, plateRead } from "../support/records.js";
import { until } from "../support/until.js";

const seeded = (seed: number) => seededRandom(seed).next;

async function openStore(folder = temporaryFolder()) {
  const store = createStore({
    config: { kind: "sql", passDays: 3650 },
    folder,
    clock: systemClock,
    log: silentLog,
  });
  await store.start();
  return store;
}

/** A pass that was read as `text` with this evidence. */
function readAs(id: string, text: string, evidence = evidenceOf(text), appearance?: Appearance) {
  const entry = { ...passEntry(id, text), read: plateRead({ passId: id, text, evidence, at: noon }) };
  return appearance === undefined ? entry : { ...entry, appearance };
}

test("a plate with a forgotten character, a look-alike, or one character too few or too many finds its pass", async () => {
  const store = await openStore();
  for (const plate of ["B8X12", "AB12CDE", "XY34ZZZ", "KA19TRE", "WOB7777", "LM0Q123", "HH1234"]) {
    await store.passes.save(readAs(plate, plate));
  }
  const best = async (query: string) => (await store.search.soft(query, 3))[0]?.pass.plate;
  assert.is(await best("B8?12"), "B8X12");
  assert.is(await best("A812CDE"), "AB12CDE");
  assert.is(await best("LMOO123"), "LM0Q123");
  assert.is(await best("AB2CDE"), "AB12CDE");
  assert.is(await best("AB12CCDE"), "AB12CDE");
  assert.is(await best("xy-34 zz?"), "XY34ZZZ");
  await store.close();
});

test("all passes of the best plate come first, newest first", async () => {
  const store = await openStore();
  for (const id of ["a", "b", "c"]) await store.passes.save(readAs(id, "AB12CDE"));
  await store.passes.save(readAs("other", "AB12CDF"));
  const hits = await store.search.soft("AB12CD?", 10);
  assert.equal(hits.map((h) => h.pass.id).sort(), ["a", "b", "c", "other"]);
  const exact = await store.search.soft("AB12CDE", 3);
  assert.equal(
    exact.map((h) => h.pass.id),
    ["c", "b", "a"],
  );
  await store.close();
});

test("half-remembered plates find their passes among misreadings, far more often than by edit distance", async () => {
  const random = seeded(7);
  const store = await openStore();
  // Fleets: plates that differ in one or two characters only, as in a car park of one company.
  const truths = Array.from({ length: 300 }, () => randomPlate(random)).flatMap((plate) => [
    plate,
    ...Array.from({ length: 9 }, () => sibling(plate, random)),
  ]);
  const reads = truths.map((truth) => misread(truth, random));
  await Promise.all(reads.map((r, i) => store.passes.save(readAs(`p${i}`, r.text, r.evidence))));
  let soft = 0;
  let edit = 0;
  const asked = reads
    .map((r, i) => ({ i, truth: truths[i]!, text: r.text }))
    .filter((r) => r.text !== r.truth)
    .slice(0, 300);
  for (const { i, truth } of asked) {
    if ((await store.search.soft(truth, 1))[0]?.pass.id === `p${i}`) soft++;
    const distances = reads.map((r) => editDistance(truth, r.text));
    const least = Math.min(...distances);
    if (distances[i] === least) edit += 1 / distances.filter((d) => d === least).length;
  }
  console.log(
    `of ${asked.length} misread plates the soft search puts ${soft} first, edit distance ${Math.round(edit)}`,
  );
  assert.ok(soft / asked.length > 0.7, `${soft} of ${asked.length}`);
  assert.ok(soft > edit * 1.5, `${soft} against ${edit}`);
  await store.close();
});

/** A vehicle that looks like this: three numbers tell it from others. */
function looking(numbers: readonly [number, number, number], model = "1:detector"): Appearance {
  return { model, vector: Array.from({ length: APPEARANCE_NUMBERS }, (_, i) => numbers[i] ?? 0) };
}

test("vehicles that look alike are found, most alike first, without the one that was asked for", async () => {
  const store = await openStore();
  const save = (id: string, plate: string, appearance?: Appearance) =>
    store.passes.save(readAs(id, plate, evidenceOf(plate), appearance));
  await save("red", "AB1", looking([127, 0, 0]));
  await save("reddish", "AB2", looking([120, 13, 0]));
  await save("blue", "AB3", looking([0, 0, 127]));
  await save("unseen", "AB4");
  const hits = await store.search.alike("red", 5);
  assert.equal(
    hits.map((h) => h.pass.id),
    ["reddish", "blue"],
  );
  assert.ok(hits[0]!.likelihood > 0.98 && hits[1]!.likelihood < 0.01);
  assert.equal(await store.search.alike("unseen", 5), []);
  // A better picture came.
  await save("blue", "AB3", looking([127, 1, 0]));
  assert.is((await store.search.alike("red", 1))[0]!.pass.id, "blue");
  await store.close();
});

test("what another detector thought of a vehicle is never compared", async () => {
  const store = await openStore();
  await store.passes.save(readAs("old", "AB1", evidenceOf("AB1"), looking([127, 0, 0], "1:before")));
  await store.passes.save(readAs("new", "AB2", evidenceOf("AB2"), looking([127, 0, 0], "1:after")));
  await store.passes.save(readAs("newer", "AB3", evidenceOf("AB3"), looking([0, 127, 0], "1:after")));
  assert.equal(
    (await store.search.alike("new", 5)).map((h) => h.pass.id),
    ["newer"],
  );
  assert.equal(await store.search.alike("old", 5), []);
  await store.close();
});

test("a pass that is erased is not found by its looks any more", async () => {
  const store = await openStore();
  await store.passes.save(readAs("a", "AB1", evidenceOf("AB1"), looking([127, 0, 0])));
  await store.passes.save(readAs("b", "AB2", evidenceOf("AB2"), looking([127, 0, 0])));
  await store.upkeep.erase("AB2");
  assert.equal(await store.search.alike("a", 5), []);
  assert.equal(
    (await store.passes.looks(10)).map((l) => l.plate),
    ["AB1"],
  );
  await store.close();
});

test("a write that is asked for after many searches does not wait for them", async () => {
  const store = await openStore();
  const plates = Array.from({ length: 400 }, (_, i) => `AB${1000 + i * 7}XY`);
  await Promise.all(plates.map((plate) => store.passes.save(readAs(plate, plate))));
  const order: string[] = [];
  const searches = plates
    .slice(0, 32)
    .map((plate) => store.search.soft(plate, 20).then((hits) => order.push(hits[0]!.pass.plate)));
  const write = store.passes.save(readAs("new", "NEW1")).then(() => order.push("written"));
  await Promise.all([...searches, write]);
  assert.equal(order.filter((o) => o !== "written").sort(), plates.slice(0, 32).sort());
  assert.is.not(order.at(-1), "written");
  await store.close();
});

test("too many searches at once are refused, and a search after the store is closed as well", async () => {
  const store = await openStore();
  const many = await Promise.allSettled(Array.from({ length: 40 }, () => store.search.soft("AB1234", 5)));
  assert.is(many.filter((one) => one.status === "rejected").length, 8);
  await store.close();
});

test("readings that came while there was no search are made searchable after the next start", async () => {
  const folder = temporaryFolder();
  const first = await openStore(folder);
  await first.passes.save(readAs("a", "AB12CDE"));
  await first.close();
  const db = openDatabase(join(folder, "plategate.db"));
  // What a start without the extension leaves.
  db.exec("insert into reading (text, evidence) select 'KA19TRE', evidence from reading");
  db.exec(
    "insert into plate_read (pass_seq, at, text, probability, chars, evidence) select pass_seq, at + 1, 'KA19TRE', 1, chars, evidence from plate_read",
  );
  db.close();
  const store = await openStore(folder);
  await until(async () => (await store.search.soft("KA19TRE", 5)).length === 2, "both readings are found");
  await store.close();
});

test.run();

function randomPlate(random: () => number): string {
  const pick = (from: string) => from[Math.floor(random() * from.length)]!;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  // Two schemes, so that plates of both kinds are near one another.
  return [..."LLDDLLL", ..."LLDDDD"]
    .slice(...(random() < 0.5 ? [0, 7] : [7, 13]))
    .map((k) => pick(k === "L" ? letters : "0123456789"))
    .join("");
}

/** Another plate of the same fleet. */
function sibling(plate: string, random: () => number): string {
  const at = Math.floor(random() * plate.length);
  const other = /[0-9]/.test(plate[at]!)
    ? String(Math.floor(random() * 10))
    : ALPHABET[11 + Math.floor(random() * 26)]!;
  return plate.slice(0, at) + other + plate.slice(at + 1);
}

/** What a reader makes of a plate: every third one has an error or two, mostly look-alikes, with the truth in second place. */
function misread(truth: string, random: () => number): { text: string; evidence: number[][] } {
  let text = truth;
  let evidence = evidenceOf(truth, 0.97);
  const errors = random() < 0.33 ? (random() < 0.7 ? 1 : 2) : 0;
  for (let n = 0; n < errors; n++) {
    const at = Math.floor(random() * text.length);
    if (random() < 0.12) {
      text = text.slice(0, at) + text.slice(at + 1);
      evidence = evidence.filter((_, i) => i !== at);
      continue;
    }
    const alike = lookAlikes(text[at]!);
    const wrong =
      random() < 0.8 && alike.length > 0
        ? alike[Math.floor(random() * alike.length)]!
        : ALPHABET[1 + Math.floor(random() * 36)]!;
    const right = text[at]!;
    if (wrong === right) continue;
    text = text.slice(0, at) + wrong + text.slice(at + 1);
    const second = 0.1 + 0.3 * random();
    evidence[at] = Array.from(ALPHABET, (c) =>
      c === wrong ? 0.95 - second : c === right ? second : 0.05 / 35,
    );
  }
  return { text, evidence };
}
