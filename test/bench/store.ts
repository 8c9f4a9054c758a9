/**
 * Figures of the store: durable inserts, exact search, soft search.
 *
 *   npm run bench:store [-- --reads 1000000] [--folder FOLDER]
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSqlBackend } from "../../src/store/sql/backend.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { type Random, seeded } from "../support/random.js";
import { evidenceOf, passEntry } from "../support/records.js";

const { values } = parseArgs({ options: { reads: { type: "string" }, folder: { type: "string" } } });
const reads = Number(values.reads ?? 1_000_000);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "plategate-bench-"));
const random = seeded(1);
mkdirSync(folder, { recursive: true });
console.log(
  `${reads} reads of as many plates, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`,
);

try {
  const inserted = Math.min(20_000, reads / 2);
  await measureInserts(inserted);
  fill(inserted, reads);
  await measureSearch();
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

/** Through the store thread, as the gate does it: every one acknowledged only when it is durable. */
async function measureInserts(count: number): Promise<void> {
  const store = openStore();
  await store.start();
  const began = performance.now();
  for (let i = 0; i < count; i += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, n) => store.passes.save(entry(i + n))));
  }
  report("durable inserts in groups", count / ((performance.now() - began) / 1000), "/s", 2000, "least");
  const alone: number[] = [];
  for (let i = 0; i < 200; i++) alone.push(await timed(() => store.passes.save(entry(-1 - i))));
  report("one durable insert, p95", percentile(alone, 0.95), "ms");
  await store.close();
}

/** The rest without the thread and without waiting for the card: it is not what is measured. */
function fill(from: number, to: number): void {
  const backend = openSqlBackend({ kind: "sql", folder, unknownPlates: "keep", isOwner: true }, systemClock);
  for (let i = from; i < to; i += 5000) {
    backend.begin();
    for (let n = i; n < Math.min(i + 5000, to); n++)
      backend.attempt(() => backend.repositories.passes.save(entry(n)));
    backend.commit();
    backend.maintain();
    if ((i - from) % 100_000 === 0) process.stderr.write(`\r${i} of ${to} `);
  }
  process.stderr.write("\r");
  backend.close();
}

async function measureSearch(): Promise<void> {
  const opened = performance.now();
  const store = openStore();
  await store.start();
  console.log(
    `opening: ${Math.round(performance.now() - opened)} ms, file ${Math.round(statSync(join(folder, "plategate.db")).size / 1e6)} MB`,
  );
  const exact: number[] = [];
  const pattern: number[] = [];
  const soft: number[] = [];
  let found = 0;
  for (let i = 0; i < 300; i++) {
    const plate = plateOf(random.whole(0, reads - 1));
    exact.push(await timed(() => store.passes.list({ plate, limit: 20 })));
    pattern.push(await timed(() => store.passes.list({ plate: `${plate.slice(0, 4)}*`, limit: 20 })));
  }
  for (let i = 0; i < 60; i++) {
    const plate = plateOf(random.whole(0, reads - 1));
    const at = random.whole(0, plate.length - 1);
    const asked = `${plate.slice(0, at)}?${plate.slice(at + 1)}`;
    soft.push(
      await timed(async () => {
        const hits = await store.search.soft(asked, 20);
        if (hits.some((hit) => hit.pass.plate === plate)) found++;
      }),
    );
  }
  report("exact search, p95", percentile(exact, 0.95), "ms", 2, "most");
  report("search by a beginning, p95", percentile(pattern, 0.95), "ms");
  report("soft search, p50", percentile(soft, 0.5), "ms");
  report("soft search, p95", percentile(soft, 0.95), "ms", 100, "most");
  console.log(`soft search found ${found} of ${soft.length} plates with one forgotten character`);
  await store.close();
}

function openStore() {
  return createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
}

function entry(n: number) {
  const plate = plateOf(n);
  const whole = passEntry(`pass-${n}`, plate, { startedAt: Date.UTC(2026, 0, 1) + n * 1000 });
  return { ...whole, read: { ...whole.read!, evidence: evidenceOf(plate, 0.9) }, pictures: [] };
}

/** Always the same plate for a number, all different. */
function plateOf(n: number): string {
  const own: Random = seeded(n + 1_000_000);
  const letter = () => String.fromCharCode(65 + own.whole(0, 25));
  const digit = () => String(own.whole(0, 9));
  return `${letter()}${letter()}${digit()}${digit()}${letter()}${letter()}${letter()}`;
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

function percentile(all: number[], share: number): number {
  return all.sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))]!;
}

function report(what: string, value: number, unit: string, aim?: number, bound?: "least" | "most"): void {
  const isMet = aim === undefined || (bound === "least" ? value >= aim : value <= aim);
  const verdict = aim === undefined ? "" : ` (aim: at ${bound} ${aim}${isMet ? "" : ", MISSED"})`;
  console.log(`${what}: ${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}${verdict}`);
}
