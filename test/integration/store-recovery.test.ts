import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDatabase } from "../../src/store/database.js";
import { migrate, readMigrations } from "../../src/store/migrate.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, passEntry } from "../support/records.js";
import { skipLoudly } from "../support/skip.js";
import { fillUp, mountSmall } from "../support/small-disk.js";
import { until } from "../support/until.js";

async function openStore(folder: string) {
  const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
  await store.start();
  return store;
}

const setAside = (folder: string) => readdirSync(folder).filter((name) => name.includes(".damaged-"));

test("a file that is no database is set aside, and the store starts afresh and says so", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "plategate.db"), "this was a photo once ".repeat(1000));
  const store = await openStore(folder);
  assert.match(store.status().problem, "set aside");
  assert.is(setAside(folder).length, 1);
  await store.passes.save(passEntry("p1", "AB12CDE"));
  assert.is((await store.passes.list({})).items.length, 1);
  await store.close();
});

test("the database of another program is set aside untouched", async () => {
  const folder = temporaryFolder();
  const foreign = openDatabase(join(folder, "plategate.db"));
  foreign.exec("create table setting (name text, value text); insert into setting values ('theirs', '1')");
  foreign.close();
  const store = await openStore(folder);
  assert.match(store.status().problem, "another program");
  assert.not.ok("theirs" in (await store.settings.all()));
  const [aside] = setAside(folder);
  const again = openDatabase(join(folder, aside!), { readonly: true });
  assert.is(again.prepare("select count(*) from setting").pluck().get(), 1);
  again.close();
  await store.close();
});

test("rows around a damaged spot are saved into a fresh database", async () => {
  const folder = temporaryFolder();
  const first = await openStore(folder);
  await first.rules.save(accessRule());
  await Promise.all(Array.from({ length: 2000 }, (_, i) => first.passes.save(passEntry(`p${i}`, `AB${i}`))));
  await first.close();
  const file = join(folder, "plategate.db");
  const db = openDatabase(file);
  db.prepare("update setting set value = '0' where name = 'clean'").run();
  const page = db
    .prepare(
      "select pageno from dbstat where name = 'pass' and pagetype = 'leaf' order by path limit 1 offset 5",
    )
    .pluck()
    .get() as number;
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
  writeFileSync(file, bytes);

  const store = await openStore(folder);
  assert.match(store.status().problem, "rows were saved");
  assert.is((await store.rules.all()).length, 1);
  let saved = 0;
  for (let i = 0; i < 2000; i++) if ((await store.passes.find(`p${i}`)) !== null) saved++;
  assert.ok(saved > 1900 && saved < 2000, `${saved} of 2000 passes were saved`);
  await store.close();
});

test("damage that shows up while the store runs makes it start again with what can be read", async () => {
  const folder = temporaryFolder();
  const first = await openStore(folder);
  await Promise.all(Array.from({ length: 500 }, (_, i) => first.passes.save(passEntry(`p${i}`, `AB${i}`))));
  await first.close();
  const file = join(folder, "plategate.db");
  const bytes = readFileSync(file);
  const db = openDatabase(file, { readonly: true });
  const page = db.prepare("select rootpage from sqlite_schema where name = 'outbox'").pluck().get() as number;
  db.close();
  bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
  writeFileSync(file, bytes);

  // The last stop was in order, so the start does not look; the first question finds it.
  const store = await openStore(folder);
  assert.is(store.status().problem, "");
  await store.outbox.count().catch(() => {});
  await until(
    () => store.status().state === "ready" && store.status().restarts === 1,
    "the store is there again",
  );
  assert.match(store.status().problem, "set aside");
  assert.ok((await store.passes.list({})).items.length > 0);
  await store.close();
});

test("every earlier version of the database is brought to the newest one with its rows, and a backup is kept", () => {
  const all = readMigrations();
  for (let from = 1; from < all.length; from++) {
    const file = join(temporaryFolder(), "plategate.db");
    const old = openDatabase(file);
    migrate(old, all.slice(0, from));
    old.exec(`insert into pass (id, site, gate, camera, track_id, started_at, plate, probability, direction, frames, verdict, reason, sentence)
      values ('p', 's', 'g', 'c', 't', 1, 'AB1', 1, 'unknown', 1, 'denied', 'r', 's')`);
    if (from < 7) old.exec("insert into operator values ('o', 'eve', 'admin', 'hash', 1, 0)");
    old.close();
    const db = openDatabase(file);
    assert.equal(migrate(db, all), { from, to: all.length });
    assert.is(db.prepare("select plate from pass").pluck().get(), "AB1");
    assert.is(
      db.prepare("select count(*) from sqlite_schema where name = 'operator'").pluck().get(),
      0,
      "accounts that nothing used are gone",
    );
    assert.is(db.pragma("user_version", { simple: true }), all.length);
    const backup = openDatabase(`${file}.before-v${from + 1}`, { readonly: true });
    assert.is(backup.pragma("user_version", { simple: true }), from);
    assert.is(backup.prepare("select count(*) from pass").pluck().get(), 1);
    backup.close();
    db.close();
  }
});

test("where a backup does not fit, the database is brought to the newest version without one, and the store says so", async () => {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 24))
    return skipLoudly("the small card", "mounting a small file system takes root and a kernel that lets it");
  try {
    const file = join(folder, "plategate.db");
    const old = openDatabase(file);
    migrate(old, readMigrations().slice(0, -1));
    old.pragma(`application_id = ${0x504c4754}`);
    old.exec("insert into setting values ('clean', '1'), ('ballast', hex(randomblob(5000000)))");
    old.close();
    const store = await openStore(folder);
    assert.match(store.status().problem, "without a copy of the old one");
    assert.equal(
      readdirSync(folder).filter((name) => name.includes(".before-")),
      [],
    );
    assert.is((await store.settings.get("ballast"))?.length, 10_000_000);
    await store.close();
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test("a backup goes when a week is over", async () => {
  const folder = temporaryFolder();
  const nowS = systemClock.wallMs() / 1000;
  const backups = { "plategate.db.before-v3": 8, "plategate.db.before-v4": 6 };
  for (const [name, days] of Object.entries(backups)) {
    writeFileSync(join(folder, name), "");
    utimesSync(join(folder, name), nowS, nowS - days * 86_400);
  }
  const store = await openStore(folder);
  const left = () => readdirSync(folder).filter((name) => name.includes(".before-"));
  await until(() => left().length === 1, "the older one to go");
  assert.equal(left(), ["plategate.db.before-v4"]);
  await store.close();
});

test("a step that fails leaves the database as it was", () => {
  const file = join(temporaryFolder(), "plategate.db");
  const all = readMigrations();
  const db = openDatabase(file);
  migrate(db, all);
  const bad = {
    version: all.length + 1,
    name: "bad",
    sql: "create table half (x); insert into nowhere values (1);",
  };
  assert.throws(() => migrate(db, [...all, bad]), /nowhere/);
  assert.is(db.pragma("user_version", { simple: true }), all.length);
  assert.is(db.prepare("select count(*) from sqlite_schema where name = 'half'").pluck().get(), 0);
  db.close();
});

test("a database of a newer program is refused by one sentence and left alone", async () => {
  const folder = temporaryFolder();
  await (await openStore(folder)).close();
  const db = openDatabase(join(folder, "plategate.db"));
  db.pragma("user_version = 999");
  db.close();
  const message = await openStore(folder).then(
    () => "",
    (error: Error) => error.message,
  );
  assert.match(message, "newer version");
  assert.equal(setAside(folder), []);
});

test("a folder that cannot be made is refused by one sentence", async () => {
  const folder = join(temporaryFolder(), "file");
  writeFileSync(folder, "");
  const message = await openStore(join(folder, "var")).then(
    () => "",
    (error: Error) => error.message,
  );
  assert.match(message, "cannot be opened");
});

test("while the disk is full passes wait in memory and are written when there is room; what can be read is answered", async () => {
  const folder = temporaryFolder();
  const mounted = mountSmall(folder, 3);
  if (!mounted)
    return skipLoudly("the full disk", "mounting a small file system takes root and a kernel that lets it");
  try {
    const store = await openStore(folder);
    await store.rules.save(accessRule());
    await store.passes.save(passEntry("before", "AB12CDE"));
    const ballast = join(folder, "ballast");
    fillUp(ballast);
    const large = {
      ...passEntry("during", "XY34ZZZ"),
      pictures: [{ kind: "frame" as const, jpeg: Buffer.alloc(600_000, 7) }],
    };
    let isDone = false;
    const saved = store.passes.save(large).then(() => {
      isDone = true;
    });
    await until(() => store.status().state === "cannot-write", "the store says that it cannot write");
    assert.is(store.status().held, 1);
    assert.is((await store.rules.all()).length, 1);
    assert.is((await store.passes.find("before"))?.plate, "AB12CDE");
    const refusal = await store.rules
      .save(accessRule({ id: "r2", note: "x".repeat(500_000) }))
      .catch((e: { code: string }) => e.code);
    assert.is(refusal, "cannot-write");
    assert.not.ok(isDone);
    execFileSync("rm", [ballast]);
    await saved;
    assert.is((await store.passes.find("during"))?.plate, "XY34ZZZ");
    assert.is(store.status().state, "ready");
    await store.close();
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test.run();
