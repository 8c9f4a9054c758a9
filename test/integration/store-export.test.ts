import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exportCommand, importCommand } from "../../src/commands/export-import.js";
import { importRow } from "../../src/store/portable.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, clipRecord, noon, passEntry } from "../support/records.js";
import { skipLoudly } from "../support/skip.js";
import { fillUp, mountSmall } from "../support/small-disk.js";

function place(kind: "sql" | "json") {
  const folder = temporaryFolder();
  const config = join(temporaryFolder(), "plategate.yaml");
  writeFileSync(config, `dataFolder: ${folder}\nstore:\n  kind: ${kind}\n`);
  return { folder, config, kind };
}

async function open({ folder, kind }: ReturnType<typeof place>) {
  const store = createStore({ config: { kind }, folder, clock: systemClock, log: silentLog });
  await store.start();
  return store;
}

async function fill(at: ReturnType<typeof place>): Promise<void> {
  const store = await open(at);
  await store.rules.save(accessRule({ id: "r1", note: 'says "hi", twice', usesLeft: 3 }));
  await store.rules.save(accessRule({ id: "r2", plate: "XY*", effect: "deny" }));
  for (let i = 0; i < 230; i++)
    await store.passes.save(passEntry(`p${i}`, `AB${i}`, { startedAt: noon + i }));
  const track = { id: "t", passId: "p3", camera: "front", firstAt: 1, lastAt: 2, frames: 3 };
  const detections = [
    { trackId: "t", at: 1, box: [1, 2, 3, 4] as const, quad: [[1, 2]] as const, confidence: 0.5 },
  ];
  const appearance = { model: "1:x", vector: Array.from({ length: 256 }, (_, i) => (i % 255) - 127) };
  const p3 = passEntry("p3", "AB3", { startedAt: noon + 3 });
  const pictures = [
    { kind: "crop" as const, jpeg: new Uint8Array([1, 2]), enhanced: new Uint8Array([3, 4, 5]) },
    { kind: "frame" as const, jpeg: new Uint8Array([6]) },
  ];
  await store.passes.save({ ...p3, pictures, tracks: [track], detections, appearance });
  await store.segments.add({
    id: "s",
    camera: "front",
    path: "front/a.mp4",
    startedAt: 1,
    endedAt: 2,
    bytes: 3,
    bootId: "b",
    monotonicEndMs: 4,
  });
  await store.clips.add(clipRecord({ id: "c", passId: "p3", pinned: true }), []);
  await store.clips.want({
    id: "w",
    passId: null,
    camera: "front",
    from: 1,
    to: 2,
    kind: "manual",
    createdAt: 3,
  });
  await store.edges.add([{ at: 1, line: "loop", kind: "input", active: true, cause: "x" }]);
  await store.register.savePerson({ id: "q", name: "Ann", unit: "3", phone: "", note: "" });
  await store.register.saveVehicle({ id: "v", plate: "AB1", personId: "q", make: "", colour: "", note: "" });
  await store.settings.set("tone", "low");
  await store.audit.add({ id: "a", at: 1, actor: "eve", action: "rule.save", subject: "r1", detail: "{}" });
  await store.wear.add([{ day: "2026-01-05", subsystem: "video", bytes: 5 }]);
  await store.close();
}

/** The rows of an export, without what is new by nature: number, import entry, and the last digit of a float. */
function rowsOf(file: string): string[] {
  const [, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  return lines
    .filter((line) => !line.includes('"action":"import"'))
    .map((line) => JSON.stringify(sorted(JSON.parse(line))));
}

function sorted(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(6));
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "seq");
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, v]) => [key, sorted(v)]));
}

async function quietly(task: () => Promise<number>): Promise<number> {
  const { log, error } = console;
  console.log = () => {};
  console.error = () => {};
  try {
    return await task();
  } finally {
    Object.assign(console, { log, error });
  }
}

test("a JSON store goes into SQL and back into JSON without loss", async () => {
  const [first, sql, last] = [place("json"), place("sql"), place("json")];
  await fill(first);
  const out = temporaryFolder();
  const file = (name: string) => join(out, `${name}.jsonl`);
  const run = async (code: Promise<number>) => assert.is(await code, 0);
  await run(quietly(() => exportCommand([file("first"), "--config", first.config])));
  await run(quietly(() => importCommand([first.folder, "--config", sql.config])));
  await run(quietly(() => exportCommand([file("sql"), "--config", sql.config])));
  await run(quietly(() => importCommand([file("sql"), "--config", last.config])));
  await run(quietly(() => exportCommand([file("last"), "--config", last.config])));
  assert.ok(rowsOf(file("first")).length > 240);
  assert.is(rowsOf(file("last")).filter((row) => row.includes('"enhanced":"AwQF"')).length, 1);
  assert.equal(rowsOf(file("sql")), rowsOf(file("first")));
  assert.equal(rowsOf(file("last")), rowsOf(file("first")));
});

test("importing twice doubles no pass, rule, clip, event or entry of the log", async () => {
  const [first, sql] = [place("sql"), place("sql")];
  await fill(first);
  const file = join(temporaryFolder(), "all.jsonl");
  await quietly(() => exportCommand([file, "--config", first.config]));
  await quietly(() => importCommand([file, "--config", sql.config]));
  await quietly(() => importCommand([file, "--config", sql.config]));
  const store = await open(sql);
  assert.is((await store.passes.list({ limit: 1000 })).items.length, 230);
  assert.is((await store.passes.reads("p3")).length, 1);
  assert.is((await store.passes.decisions("p3")).length, 1);
  assert.is((await store.rules.all()).length, 2);
  assert.is(await store.outbox.count(), 230);
  await store.close();
});

test("an export of an earlier version, with an account in it, comes in without the account", async () => {
  const [first, second] = [place("sql"), place("sql")];
  await fill(first);
  const file = join(temporaryFolder(), "old.jsonl");
  await quietly(() => exportCommand([file, "--config", first.config]));
  const account = { id: "o", name: "eve", role: "admin", passwordHash: "x", createdAt: 1, disabled: false };
  appendFileSync(file, `${JSON.stringify({ kind: "operator", row: account })}\n`);
  assert.is(await quietly(() => importCommand([file, "--config", second.config])), 0);
  const store = await open(second);
  const { detail } = (await store.audit.list({ action: "import" })).items[0]!;
  assert.is(JSON.parse(detail).rule, 2);
  assert.is(JSON.parse(detail).operator, undefined);
  await store.close();
});

test("rules go into a list for a spreadsheet and back", async () => {
  const [first, second] = [place("sql"), place("sql")];
  await fill(first);
  const file = join(temporaryFolder(), "rules.csv");
  await quietly(() => exportCommand([file, "--config", first.config]));
  assert.is(await quietly(() => importCommand([file, "--config", second.config])), 0);
  const [a, b] = [await open(first), await open(second)];
  const facts = async (store: typeof a) =>
    (await store.rules.all()).map(({ id: _, createdAt: __, ...rule }) => rule);
  assert.equal(await facts(b), await facts(a));
  await a.close();
  await b.close();
});

for (const kind of ["sql", "json"] as const) {
  test(`a list of rules that goes out of a ${kind} store and back in changes none of them`, async () => {
    const at = place(kind);
    await fill(at);
    const file = join(temporaryFolder(), "rules.csv");
    await quietly(() => exportCommand([file, "--config", at.config]));
    const store = await open(at);
    await store.rules.use("r1", "first");
    const before = await store.rules.all();
    await store.close();
    assert.is(await quietly(() => importCommand([file, "--config", at.config])), 0);
    const after = await open(at);
    assert.equal(await after.rules.all(), before);
    assert.is(before.find((r) => r.id === "r1")!.usesLeft, 2);
    await after.close();
  });
}

for (const [ending, why] of [
  ["jsonl", "ENOENT"],
  ["csv", "ENOENT"],
  ["jsonl", "EISDIR"],
  ["csv", "EISDIR"],
] as const) {
  test(`an export whose .${ending} file cannot be written (${why}) says so in one sentence`, async () => {
    const at = place("sql");
    await fill(at);
    const target = join(temporaryFolder(), "missing", `all.${ending}`);
    if (why === "EISDIR") mkdirSync(target, { recursive: true });
    const refused = await quietly(() => exportCommand([target, "--config", at.config])).then(
      () => "",
      (error: Error) => error.message,
    );
    assert.ok(refused.startsWith(`${target} cannot be written (${why}); `), refused);
    await (await open(at)).close();
  });
}

test("an export that does not fit leaves the one before it whole, and one that does is for its owner alone", async () => {
  const at = place("sql");
  await fill(at);
  const disk = temporaryFolder();
  if (!mountSmall(disk, 1)) return skipLoudly("an export on a full disk", "no file system can be mounted");
  try {
    const target = join(disk, "all.jsonl");
    writeFileSync(target, "the one before\n", { mode: 0o644 });
    fillUp(join(disk, "ballast"));
    const refused = await quietly(() => exportCommand([target, "--config", at.config])).then(
      () => "",
      (error: Error) => error.message,
    );
    assert.is(refused, `${target} cannot be written (ENOSPC); the export is not whole.`);
    assert.is(readFileSync(target, "utf8"), "the one before\n");
    assert.equal(readdirSync(disk).sort(), ["all.jsonl", "ballast"]);
    rmSync(join(disk, "ballast"));
    await quietly(() => exportCommand([target, "--config", at.config]));
    assert.match(readFileSync(target, "utf8"), /^\{"format":"plategate-export"/);
    assert.is(statSync(target).mode & 0o777, 0o600);
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
});

test("an export that finds the disk full ends with one sentence", async () => {
  const at = place("sql");
  await fill(at);
  const target = join(temporaryFolder(), "all.jsonl");
  symlinkSync("/dev/full", target);
  const refused = await quietly(() => exportCommand([target, "--config", at.config])).then(
    () => "",
    (error: Error) => error.message,
  );
  assert.is(refused, `${target} cannot be written (ENOSPC); the export is not whole.`);
});

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: a row that names a file outside of the recordings is refused by one sentence`, async () => {
    const at = place(kind);
    const store = await open(at);
    const clip = clipRecord({ id: "c" });
    for (const path of [
      "../plate-hash.key",
      "/etc/passwd",
      "a/../../x.mp4",
      "a/./x.mp4",
      "a//x.mp4",
      "..",
      "",
    ]) {
      for (const row of [
        { kind: "clip" as const, row: { ...clip, path } },
        { kind: "segment" as const, row: { ...clip, path } },
      ]) {
        const message = await importRow(store, row).catch((error: Error) => error.message);
        assert.match(message ?? "", /is not among the recordings; this row and those after it/);
      }
    }
    await importRow(store, { kind: "clip", row: clip });
    assert.equal(
      (await store.clips.all()).map((c) => c.path),
      ["_clips/c.mp4"],
    );
    assert.equal(await store.segments.all(), []);

    const { pass } = passEntry("p", "AB1");
    const pictures = [{ kind: "x/../../../gone" as "crop", base64: "AAAA" }];
    const row = { pass, decisions: [], reads: [], pictures, tracks: [], detections: [], appearance: null };
    const message = await importRow(store, { kind: "pass", row }).catch((error: Error) => error.message);
    assert.match(message ?? "", /neither crop nor frame/);
    await store.close();
  });

  test(`${kind}: a vehicle that exists anew under another id does not stop an import`, async () => {
    const at = place(kind);
    const store = await open(at);
    const vehicle = { id: "new", plate: "AB1", personId: null, make: "", colour: "", note: "" };
    await store.register.saveVehicle(vehicle);
    await importRow(store, {
      kind: "person",
      row: { id: "q", name: "Ann", unit: "3", phone: "", note: "" },
    });
    await importRow(store, {
      kind: "vehicle",
      row: { ...vehicle, id: "old", personId: "q", make: "Saab" },
    });
    assert.equal(await store.register.vehicles(), [{ ...vehicle, personId: "q", make: "Saab" }]);
    await store.close();
  });
}

test("what is no export is refused by one sentence", async () => {
  const at = place("sql");
  const file = join(temporaryFolder(), "x.jsonl");
  for (const text of ["", '{"format":"something else"}\n', "not json\n"]) {
    writeFileSync(file, text);
    const message = await quietly(() => importCommand([file, "--config", at.config])).catch(
      (error: Error) => error.message,
    );
    assert.type(message, "string");
  }
});

test.run();
