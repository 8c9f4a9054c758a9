import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDatabase } from "../../src/store/database.js";
import { migrate } from "../../src/store/migrate.js";
import { markDamaged, openHealthy } from "../../src/store/recovery.js";
import { createStore, type Store } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, noon, passEntry } from "../support/records.js";
import { skipLoudly } from "../support/skip.js";
import { fillUp, mountSmall } from "../support/small-disk.js";
import { until } from "../support/until.js";

const starter = fileURLToPath(new URL("../support/store-process.js", import.meta.url));

async function openStore(folder: string): Promise<Store> {
  const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
  await store.start();
  return store;
}

/** A store with passes, a picture of 100 kB each, in whose database damage was found. */
async function damagedStore(passes: number, folder = temporaryFolder()) {
  const store = await openStore(folder);
  await store.rules.save(accessRule());
  const jpeg = Buffer.alloc(100_000, 7);
  for (let i = 0; i < passes; i++)
    await store.passes.save({ ...passEntry(`p${i}`, `AB${i}`), pictures: [{ kind: "frame", jpeg }] });
  await store.close();
  const file = join(folder, "plategate.db");
  markDamaged(file);
  return { folder, file };
}

async function counts(store: Store, passes: number) {
  let pictures = 0;
  for (let i = 0; i < passes; i++) if ((await store.passes.picture(`p${i}`, "frame")) !== null) pictures++;
  return {
    rules: (await store.rules.all()).length,
    passes: (await store.passes.list({ limit: 1000 })).items.length,
    pictures,
  };
}

/** Databases that were set aside, without their logs. */
const setAside = (folder: string) => named(folder, ".damaged-").filter((name) => !/-(wal|shm)$/.test(name));
const named = (folder: string, part: string) => readdirSync(folder).filter((name) => name.includes(part));

test("killed while rows are saved from a damaged database, the next start saves all of them", async () => {
  const { folder, file } = await damagedStore(300);
  const child = start(folder);
  await until(
    () => (statSync(`${file}.salvaging`, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000,
    "the saving to have begun",
  );
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  const store = await openStore(folder);
  assert.match(store.status().problem, "set aside");
  assert.equal(await counts(store, 300), { rules: 1, passes: 300, pictures: 300 });
  assert.is(setAside(folder).length, 1);
  assert.equal(named(folder, ".salvag"), []);
  await store.close();
  const again = await openStore(folder);
  assert.is(again.status().problem, "");
  await again.close();
});

test("cut off between saving and putting in place, the next start goes on from the finished copy", async () => {
  for (const isOldGone of [false, true]) {
    const { folder, file } = await damagedStore(3);
    copyFileSync(file, `${file}.salvaged`);
    if (isOldGone) renameSync(file, `${file}.damaged-then`);
    else writeFileSync(file, "rubbish");
    const store = await openStore(folder);
    assert.match(store.status().problem, "what could be read was saved");
    assert.equal(await counts(store, 3), { rules: 1, passes: 3, pictures: 3 });
    await store.close();
    assert.equal(named(folder, ".is-damaged"), []);
    assert.is(setAside(folder).length, 1);
    const again = await openStore(folder);
    assert.is(again.status().problem, "");
    await again.close();
  }
});

test("a damaged page costs what is on it: every row between two of them is saved", async () => {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  const ids = Array.from({ length: 600 }, (_, i) => `p${i}`);
  await Promise.all(ids.map((id, i) => store.passes.save(passEntry(id, `AB${i}`))));
  await store.close();
  const file = join(folder, "plategate.db");
  const db = openDatabase(file);
  const pageBytes = db.pragma("page_size", { simple: true }) as number;
  const leaves = db
    .prepare("select pageno from dbstat where name = 'pass' and pagetype = 'leaf' order by path")
    .pluck()
    .all() as number[];
  db.close();
  const handle = openSync(file, "r+");
  for (const page of [leaves[1]!, leaves.at(-4)!, leaves.at(-1)!])
    writeSync(handle, Buffer.alloc(pageBytes), 0, pageBytes, (page - 1) * pageBytes);
  closeSync(handle);
  markDamaged(file);
  const again = await openStore(folder);
  const old = openDatabase(join(folder, setAside(folder)[0]!), { readonly: true });
  const readable = ids.filter((_, i) => {
    try {
      return old.prepare("select id from pass where seq = ?").get(i + 1) !== undefined;
    } catch {
      return false;
    }
  });
  old.close();
  assert.ok(readable.length > 400 && readable.length < 590, `${readable.length} can be read`);
  for (const id of readable) assert.ok(await again.passes.find(id), `${id} is lost`);
  await again.close();
});

test("a card too full for the rows that are saved leaves the damaged database as it is, for the next try", async () => {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 40)) return skipSmall();
  try {
    const { file } = await damagedStore(10, folder);
    const before = statSync(file).size;
    const ballast = join(folder, "ballast");
    fillUp(ballast);
    const free = () => execFileSync("truncate", ["-s", "-200K", ballast]);
    free();
    assert.throws(
      () => openHealthy(file, noon),
      (error: { code: string }) => error.code === "SQLITE_FULL",
    );
    assert.is(statSync(file).size, before);
    assert.ok(existsSync(`${file}.is-damaged`));
    assert.equal([...named(folder, ".damaged-"), ...named(folder, ".salvag")], []);
    execFileSync("rm", [ballast]);
    const store = await openStore(folder);
    assert.equal(await counts(store, 10), { rules: 1, passes: 10, pictures: 10 });
    await store.close();
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test("where not all pictures fit, every row is saved, the newest pictures are, and the store says so", async () => {
  const folder = temporaryFolder();
  if (!mountSmall(folder, 48)) return skipSmall();
  try {
    const { file } = await damagedStore(230, folder);
    assert.ok(statSync(file).size > 23_000_000);
    const store = await openStore(folder);
    assert.match(store.status().problem, "pictures for which there was no room were left out");
    const saved = await counts(store, 230);
    assert.equal([saved.rules, saved.passes], [1, 230]);
    assert.ok(saved.pictures > 0 && saved.pictures < 230, `${saved.pictures} pictures`);
    assert.ok((await store.passes.picture("p229", "frame")) !== null);
    await store.close();
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
});

test("while rows are being saved a command is refused and told why, and the long start is told", async () => {
  const { file } = await damagedStore(3);
  const told: string[] = [];
  const { db } = openHealthy(file, noon, true, (sentence) => {
    told.push(sentence);
    const filling = openDatabase(`${file}.salvaging`);
    migrate(filling);
    filling.close();
    assert.throws(() => openHealthy(file, noon, false), /is saving it from damage/);
  });
  db.close();
  assert.is(told.length, 1);
  assert.match(told[0]!, "0 rows were saved from it so far");
});

test.run();

function start(folder: string): ChildProcess {
  return spawn(process.execPath, [starter, folder], { stdio: "ignore" });
}

function skipSmall(): void {
  skipLoudly("saving onto a small card", "mounting a small file system takes root and a kernel that lets it");
}
