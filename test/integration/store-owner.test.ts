import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { claim } from "../../src/store/owner.js";
import { createStore } from "../../src/store/store.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule, noon, passEntry } from "../support/records.js";
import { until } from "../support/until.js";

const starter = fileURLToPath(new URL("../support/store-process.js", import.meta.url));
const DAY_MS = 86_400_000;

/** Another process that has the store open. */
async function otherProcess(folder: string) {
  const child = spawn(process.execPath, [starter, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const said = await new Promise<string>((resolve) =>
    child.stdout.once("data", (line) => resolve(String(line).trim())),
  );
  const gone = new Promise((resolve) => child.once("exit", resolve));
  return {
    said,
    async end(how: "in order" | "killed") {
      if (how === "killed") child.kill("SIGKILL");
      else child.stdin.end();
      await gone;
    },
  };
}

function storeIn(folder: string) {
  const clock = fakeClock(noon);
  const store = createStore({
    config: { kind: "sql", passDays: 90 },
    folder,
    clock,
    log: silentLog,
  });
  const isOwner = () => {
    clock.advance(1000);
    return store.isOwner() && store.status().state === "ready";
  };
  return { clock, store, isOwner };
}

for (const how of ["in order", "killed"] as const) {
  test(`a store that is a guest becomes the owner when the other process has ended ${how}, and keeps house`, async () => {
    const folder = temporaryFolder();
    const other = await otherProcess(folder);
    assert.is(other.said, "ready owner");
    const { clock, store, isOwner } = storeIn(folder);
    await store.start();
    await store.passes.save(passEntry("old", "AB12CDE", { startedAt: noon - 400 * DAY_MS }));
    assert.not.ok(isOwner());
    let changes = 0;
    store.onForeignChange(() => changes++);
    await other.end(how);
    const saved = Array.from({ length: 50 }, (_, i) => {
      if (i === 25) clock.advance(500);
      return store.passes.save(passEntry(`p${i}`, `AB${i}`, { startedAt: noon }));
    });
    await until(isOwner, "it to be the owner");
    await Promise.all(saved);
    assert.ok(changes > 0, "what the other process left behind is looked at");
    assert.is((await store.passes.list({ limit: 1000 })).items.length, 51);
    const third = await otherProcess(folder);
    assert.is(third.said, "ready guest");
    await third.end("in order");
    await until(async () => {
      clock.advance(600_000);
      return (await store.passes.find("old")) === null;
    }, "the old pass to be removed");
    assert.is((await store.passes.list({ limit: 1000 })).items.length, 50);
    await store.close();
    const after = claim(join(folder, "store.owner"));
    assert.ok(after.isOwner, "the closed store has left the folder");
    after.release();
  });
}

test("a store that is closed while it takes over leaves nothing behind", async () => {
  const folder = temporaryFolder();
  const other = await otherProcess(folder);
  const { clock, store } = storeIn(folder);
  await store.start();
  await other.end("in order");
  const saved = store.rules.save(accessRule());
  clock.advance(500);
  assert.ok(store.isOwner());
  await store.close();
  await saved;
  assert.is(store.status().state, "stopped");
  assert.ok(claim(join(folder, "store.owner")).isOwner);
});

test("a store that could not be opened at first claims it anew, and takes nothing from who has it by then", async () => {
  const folder = temporaryFolder();
  const { store } = storeIn(folder);
  const inTheWay = join(folder, "plategate.db");
  mkdirSync(inTheWay);
  await store.start().then(
    () => assert.unreachable(),
    () => {},
  );
  assert.not.ok(store.isOwner());
  rmdirSync(inTheWay);
  await store.start();
  assert.ok(store.isOwner());
  const second = await otherProcess(folder);
  assert.is(second.said, "ready guest");
  await second.end("in order");
  await store.close();

  const late = storeIn(folder).store;
  const database = readFileSync(inTheWay);
  rmSync(inTheWay);
  mkdirSync(inTheWay);
  await late.start().then(
    () => assert.unreachable(),
    () => {},
  );
  rmdirSync(inTheWay);
  writeFileSync(inTheWay, database);
  const first = await otherProcess(folder);
  assert.is(first.said, "ready owner");
  await late.start();
  assert.not.ok(late.isOwner());
  await late.close();
  assert.not.ok(claim(join(folder, "store.owner")).isOwner, "the claim of the other process stands");
  await first.end("in order");
});

test("a claim that was left in an earlier boot of the machine does not count, even of the same number and time", () => {
  const file = join(temporaryFolder(), "store.owner");
  assert.ok(claim(file).isOwner);
  assert.not.ok(claim(file).isOwner);
  const [pid, startTime] = readFileSync(file, "utf8").split(" ");
  for (const left of [`${pid} ${startTime}`, `${pid} ${startTime} an-earlier-boot`, ""]) {
    writeFileSync(file, left);
    assert.ok(claim(file).isOwner, left);
  }
});

test.run();
