import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { registerCommand } from "../../src/commands/register.js";
import { openStoreOf } from "../../src/commands/with-store.js";
import { defaultConfig } from "../../src/config.js";
import { silentLog } from "../../src/system/log.js";

/** The command on a store of its own, of either kind. */
async function desk(kind: "sql" | "json", use: (desk: Desk) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "register-"));
  const config = { ...defaultConfig(), dataFolder: folder };
  config.store = { ...config.store, kind };
  const store = await openStoreOf(config, silentLog);
  const out: string[] = [];
  const err: string[] = [];
  const deps = {
    withStore: (_: string | undefined, task: (s: typeof store) => Promise<number>) => task(store),
    wallMs: () => Date.UTC(2026, 0, 5),
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
  };
  try {
    await use({ store, out, err, run: (...args) => registerCommand(args, deps) });
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

interface Desk {
  store: Awaited<ReturnType<typeof openStoreOf>>;
  out: string[];
  err: string[];
  run: (...args: string[]) => Promise<number>;
}

for (const kind of ["sql", "json"] as const) {
  test(`${kind}: a vehicle is registered, added to, listed and removed, and its owner found again`, () =>
    desk(kind, async ({ store, out, run }) => {
      assert.is(
        await run("add", "pg 26-dem", "--person", "Ann Lee", "--unit", "Flat 3", "--make", "Skoda"),
        0,
      );
      assert.is(await run("add", "XB71NOT", "--person", "ann lee", "--phone", "555 123"), 0);
      assert.is(await run("add", "PG26DEM", "--colour", "red"), 0);
      const people = await store.register.people();
      assert.equal(
        people.map((p) => [p.name, p.unit, p.phone]),
        [["Ann Lee", "Flat 3", "555 123"]],
      );
      const vehicle = await store.register.findVehicle("PG26DEM");
      assert.equal([vehicle?.make, vehicle?.colour, vehicle?.personId], ["Skoda", "red", people[0]?.id]);
      out.length = 0;
      assert.is(await run("list"), 0);
      assert.match(out[0]!, /^PG26DEM +Ann Lee, Flat 3, 555 123, Skoda, red$/);
      assert.is(out.at(-1), "2 vehicles, 1 people.");
      assert.is(await run("remove", "pg26dem"), 0);
      assert.is(await store.register.findVehicle("PG26DEM"), null);
      assert.is(await run("remove", "Ann Lee"), 0);
      assert.equal(await store.register.people(), []);
      assert.is((await store.register.findVehicle("XB71NOT"))?.personId, null);
    }));
}

test("every change is in the chained log of changes", () =>
  desk("sql", async ({ store, run }) => {
    await run("add", "PG26DEM", "--person", "Ann Lee");
    await run("remove", "PG26DEM");
    const { items } = await store.audit.list({});
    assert.equal(
      items.map((e) => [e.action, e.subject]),
      [
        ["register.remove", "PG26DEM"],
        ["register.save", "PG26DEM"],
      ],
    );
  }));

test("what cannot be meant is refused with a sentence", () =>
  desk("sql", async ({ store, err, run }) => {
    assert.is(await run("add", "--person", "Ann"), 2);
    assert.is(await run("add", "PG26DEM", "XB71NOT"), 2);
    assert.is(await run("list", "PG26DEM"), 2);
    assert.is(await run("add", "京"), 1);
    assert.is(await run("add", "PG26DEM", "--phone", "555"), 1);
    assert.is(await run("add", "PG26DEM", "--note", "x".repeat(201)), 2);
    assert.is(await run("remove", "nobody"), 1);
    assert.is(err.length, 7);
    assert.equal(await store.register.vehicles(), []);
  }));

test("a plate in letters of another alphabet is not registered as what is left of it, nor does a name remove a vehicle", async () => {
  await desk("json", async ({ run, err, store }) => {
    await run("add", "2", "--person", "Ann");
    assert.is(await run("add", "А2ВС"), 1);
    assert.match(err.join(), "write it with Latin letters and digits");
    assert.is(await run("remove", "Иван 2"), 1);
    assert.equal(
      (await store.register.vehicles()).map((v) => v.plate),
      ["2"],
    );
  });
});

test.run();
