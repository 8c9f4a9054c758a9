/** Rules that come in with an export: none is dropped, and what the audit would have refused is told. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exportCommand, importCommand } from "../../src/commands/export-import.js";
import type { AccessRule } from "../../src/core/records.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { accessRule } from "../support/records.js";

/** An appliance with these rules. */
async function appliance(...rules: AccessRule[]) {
  const folder = temporaryFolder();
  const config = join(temporaryFolder(), "plategate.yaml");
  writeFileSync(config, `dataFolder: ${folder}\nstore:\n  kind: sql\n`);
  const withStore = async <T>(task: (store: ReturnType<typeof createStore>) => Promise<T>) => {
    const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
    await store.start();
    return task(store).finally(() => store.close());
  };
  await withStore(async (store) => {
    for (const rule of rules) await store.rules.save(rule);
  });
  return {
    config,
    plates: () => withStore(async (store) => (await store.rules.all()).map((r) => r.plate)),
  };
}

/** What a command says, line by line: `err` before what is an error or a warning. */
async function said(task: () => Promise<number>): Promise<string[]> {
  const lines: string[] = [];
  const { log, error } = console;
  console.log = (line: string) => void lines.push(line);
  console.error = (line: string) => void lines.push(`err ${line}`);
  try {
    lines.push(`code ${await task()}`);
  } catch (thrown) {
    lines.push(`thrown ${(thrown as Error).message}`);
  } finally {
    Object.assign(console, { log, error });
  }
  return lines;
}

async function exported(...rules: AccessRule[]): Promise<string> {
  const file = join(temporaryFolder(), "all.jsonl");
  const { config } = await appliance(...rules);
  await said(() => exportCommand([file, "--config", config]));
  return file;
}

const ann = accessRule({ id: "ann", plate: "AB12CDE", owner: "Ann" });
const wide = accessRule({ id: "wide", plate: "AB12*", owner: "Bob" });
const broken = accessRule({ id: "broken", plate: "ZZ99", owner: "Cy", schedule: "never" });

test("a rule of an export that could let a listed other plate in comes in, and both are named", async () => {
  const at = await appliance(ann);
  const lines = await said(async () => importCommand([await exported(wide, broken), "--config", at.config]));
  assert.equal(await at.plates(), ["AB12CDE", "AB12*", "ZZ99"]);
  const warnings = lines.filter((line) => line.startsWith("err Warning: "));
  assert.is(warnings.length, 2, lines.join("\n"));
  assert.match(warnings[0]!, /AB12\* could let AB12CDE in, which belongs to Ann/);
  assert.match(warnings[1]!, /ZZ99 cannot be saved/);
  assert.is(lines.at(-1), "code 0");
});

test("two rules of one export that collide are told of once, and those of a list in order not at all", async () => {
  const both = await appliance();
  const lines = await said(async () => importCommand([await exported(ann, wide), "--config", both.config]));
  assert.is(lines.filter((line) => line.startsWith("err Warning: ")).length, 1, lines.join("\n"));
  const one = await appliance();
  const quiet = await said(async () => importCommand([await exported(ann), "--config", one.config]));
  assert.is(quiet.filter((line) => line.startsWith("err ")).length, 0, quiet.join("\n"));
});

test("rules before a line that is torn are told of as well: they are in force", async () => {
  const at = await appliance(ann);
  const file = await exported();
  const torn = `${JSON.stringify({ format: "plategate-export", version: 1 })}\n${JSON.stringify({ kind: "rule", row: wide })}\n{"kind":"ru`;
  writeFileSync(file, torn);
  const lines = await said(() => importCommand([file, "--config", at.config]));
  assert.ok(
    lines.some((line) => line.startsWith("err Warning: AB12*")),
    lines.join("\n"),
  );
  assert.match(lines.at(-1)!, /thrown .*line 3 is torn/);
});

test.run();
