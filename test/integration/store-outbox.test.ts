import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDatabase } from "../../src/store/database.js";
import { exportRows, importRow, type PortableRow } from "../../src/store/portable.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { passEntry } from "../support/records.js";
import { reportFixture } from "../support/report-fixture.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";
import { receiver, type Use } from "../support/webhook-receiver.js";

const kinds = ["sql", "json"] as const;

async function openStore(folder = temporaryFolder(), kind: (typeof kinds)[number] = "sql") {
  const store = createStore({ config: { kind }, folder, clock: systemClock, log: silentLog });
  await store.start();
  return store;
}

type Opened = Awaited<ReturnType<typeof openStore>>;

async function reported(store: Opened, count: number): Promise<void> {
  await store.outbox.add(
    Array.from({ length: count }, (_, i) => ({ id: `e${i}`, kind: "pass", at: 1, payload: "{}" })),
  );
  const events = await store.outbox.pending(0, count);
  await store.outbox.acknowledge(events.map((e) => e.seq));
}

/** A report with two webhooks on this store, where each receiver's place is kept in its settings. */
async function withTwoHooks(use: Use, store: Opened) {
  const hooks = [await receiver(use), await receiver(use)];
  const webhooks = hooks.map((hook, i) => `{ name: hook${i}, url: "${hook.url}", kinds: [pass] }`);
  const { report } = reportFixture(`report: { webhooks: [${webhooks.join(", ")}] }`, {
    outbox: store.outbox,
    cursors: {
      load: async () => JSON.parse((await store.settings.get("report.cursors")) ?? "{}"),
      save: (value) => store.settings.set("report.cursors", JSON.stringify(value)),
    },
  });
  use(report);
  await report.start();
  const ids = () => hooks.map(({ posts }) => posts.map((p) => p.headers["idempotency-key"]));
  return { report, ids };
}

const places = (seq: number) => JSON.stringify({ mqtt: seq, "webhook:hook0": seq, "webhook:hook1": seq });

for (const kind of kinds) {
  test(`${kind}: the last number of the outbox is known when all is acknowledged, and after a restart`, async () => {
    const folder = temporaryFolder();
    const first = await openStore(folder, kind);
    assert.is(await first.outbox.lastSeq(), 0);
    await reported(first, 5);
    const last = await first.outbox.lastSeq();
    assert.ok(last >= 5);
    await first.upkeep.scrub();
    await first.close();
    const again = await openStore(folder, kind);
    assert.is(await again.outbox.lastSeq(), last);
    await again.outbox.add([{ id: "next", kind: "pass", at: 1, payload: "{}" }]);
    assert.ok((await again.outbox.pending(last, 1))[0]!.seq > last);
    await again.close();
  });

  test(`${kind}: where receivers stood in another store's outbox is neither exported nor imported`, async () => {
    const from = await openStore(temporaryFolder(), kind);
    const to = await openStore(temporaryFolder(), kind);
    for (const name of ["report.cursors", "report.announced"]) {
      await from.settings.set(name, '{"theirs":700}');
      await to.settings.set(name, '{"own":1}');
    }
    await from.settings.set("tone", "low");
    const rows: PortableRow[] = [];
    for await (const row of exportRows(from)) rows.push(row);
    assert.equal(
      rows.map((row) => row.row),
      [{ name: "tone", value: "low" }],
    );
    // As a file of an earlier version has it.
    for (const [name, value] of Object.entries(await from.settings.all()))
      await importRow(to, { kind: "setting", row: { name, value } });
    assert.is(await to.settings.get("report.cursors"), '{"own":1}');
    assert.is(await to.settings.get("report.announced"), '{"own":1}');
    assert.is(await to.settings.get("tone"), "low");
    await from.close();
    await to.close();
  });

  test(
    `${kind}: places beyond the end of the outbox are not believed: what waits goes to every receiver`,
    scoped(async (use) => {
      const store = use(await openStore(temporaryFolder(), kind));
      await store.settings.set("report.cursors", places(700));
      for (const id of ["a", "b", "c"]) await store.passes.save(passOf(id));
      const { ids } = await withTwoHooks(use, store);
      await until(() => ids().every((one) => one.length === 3), "both have heard of all passes");
      for (const one of ids()) assert.equal(one, ["event-a", "event-b", "event-c"]);
    }),
  );

  test(
    `${kind}: places up to the end of the outbox are believed, and nothing comes twice`,
    scoped(async (use) => {
      const store = use(await openStore(temporaryFolder(), kind));
      for (const id of ["a", "b"]) await store.passes.save(passOf(id));
      await store.settings.set("report.cursors", places(await store.outbox.lastSeq()));
      const { report, ids } = await withTwoHooks(use, store);
      await store.passes.save(passOf("c"));
      report.poke();
      await until(() => ids().every((one) => one.length === 1), "both have heard of the new pass");
      for (const one of ids()) assert.equal(one, ["event-c"]);
    }),
  );
}

test("an outbox that is lost goes on with its numbers, so that receivers hear what comes next", async () => {
  const folder = temporaryFolder();
  const first = await openStore(folder);
  await reported(first, 700);
  await first.close();
  const file = join(folder, "plategate.db");
  const db = openDatabase(file, { readonly: true });
  const page = db.prepare("select rootpage from sqlite_schema where name = 'outbox'").pluck().get() as number;
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
  writeFileSync(file, bytes);
  writeFileSync(`${file}.is-damaged`, "");

  const store = await openStore(folder);
  assert.match(store.status().problem, "set aside");
  await store.passes.save(passOf("new"));
  const [event, ...more] = await store.outbox.pending(700, 10);
  assert.is(event?.id, "event-new");
  assert.equal(more, []);
  await store.close();
});

test.run();

function passOf(id: string) {
  const entry = passEntry(id, "AB12CDE");
  return {
    ...entry,
    events: [{ ...entry.events[0]!, payload: JSON.stringify({ phase: "END", pass: entry.pass }) }],
  };
}
