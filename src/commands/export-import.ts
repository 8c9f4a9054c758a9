import {
  createReadStream,
  createWriteStream,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import type { AccessRule } from "../core/records.js";
import { exportRows, importRow, type PortableRow } from "../store/portable.js";
import type { Store } from "../store/store.js";
import { systemClock } from "../system/clock.js";
import { configOfGate } from "./config-of-gate.js";
import { auditImported } from "./imported-rules.js";
import { RULE_COLUMNS } from "./rule-rows.js";
import { rulesCommand } from "./rules.js";
import { withStore } from "./with-store.js";

const FORMAT = { format: "plategate-export", version: 1 };

/** `plategate export FILE.jsonl|FILE.csv [--config FILE]`: everything, or the rules alone as a list for a spreadsheet. */
export async function exportCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: { type: "string" } },
  });
  const [target] = positionals;
  if (target === undefined || positionals.length > 1 || !/\.(jsonl|csv)$/.test(target)) {
    console.error(
      "usage: plategate export FILE.jsonl|FILE.csv [--config FILE]   .jsonl: everything; .csv: the rules alone",
    );
    return 2;
  }
  const config = configOfGate(values.config);
  return withStore(config, async (store) => {
    if (target.endsWith(".csv")) {
      const rules = await store.rules.all();
      await write(target, [rulesCsv(rules)]);
      console.log(`${rules.length} rules are in ${target}.`);
      return 0;
    }
    const counts: Record<string, number> = {};
    await write(target, exportLines(store, counts));
    console.log(`${sentenceOf(counts)} are in ${target}. Video stays in ${resolve(config.dataFolder)}.`);
    return 0;
  });
}

/**
 * Writes a file that only its owner may read: it tells who came when. What stands there already stays until the new one is
 * whole, for it may be the only copy. Throws one sentence where that cannot be.
 */
async function write(target: string, parts: Iterable<string> | AsyncIterable<string>): Promise<void> {
  const isReplaced = !existsSync(target) || statSync(target).isFile();
  const file = isReplaced ? `${existsSync(target) ? realpathSync(target) : target}.new` : target;
  try {
    if (isReplaced) rmSync(file, { force: true });
    await pipeline(Readable.from(parts), createWriteStream(file, { mode: 0o600, flush: true }));
    if (isReplaced) renameSync(file, file.slice(0, -".new".length));
  } catch (error) {
    if (isReplaced) rmSync(file, { force: true });
    const { code, syscall } = error as NodeJS.ErrnoException;
    // No matter of this file: the store could not be read.
    if (syscall === undefined) throw error;
    const advice = code === "ENOENT" ? "name a file in a folder that exists" : "the export is not whole";
    throw new Error(`${target} cannot be written (${code}); ${advice}.`);
  }
}

async function* exportLines(store: Store, counts: Record<string, number>): AsyncGenerator<string> {
  const head = await store.upkeep.chainHead();
  yield `${JSON.stringify({ ...FORMAT, at: new Date(systemClock.wallMs()).toISOString(), chain: head })}\n`;
  for await (const row of exportRows(store)) {
    counts[row.kind] = (counts[row.kind] ?? 0) + 1;
    yield `${JSON.stringify(row)}\n`;
  }
}

/** `plategate import FILE.jsonl|FILE.csv|FOLDER [--config FILE]`: an export, a list of rules, or the folder of a JSON store. */
export async function importCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { config: { type: "string" } },
  });
  const [source] = positionals;
  if (source === undefined || positionals.length > 1 || !existsSync(source)) {
    console.error(
      source === undefined
        ? "usage: plategate import FILE.jsonl|FILE.csv|FOLDER [--config FILE]"
        : `${source}: there is no such file or folder.`,
    );
    return 2;
  }
  if (source.endsWith(".csv"))
    return rulesCommand([
      "import",
      source,
      ...(values.config === undefined ? [] : ["--config", values.config]),
    ]);
  const config = configOfGate(values.config);
  const isFolder = statSync(source).isDirectory();
  if (isFolder && !["store.json", "store.jsonl"].some((name) => existsSync(join(source, name)))) {
    console.error(
      `${source}: there is no JSON store in this folder (store.json, store.jsonl); nothing was imported. ` +
        "What a SQL store holds is taken with plategate export FILE.jsonl.",
    );
    return 1;
  }
  return withStore(config, async (store) => {
    if (!isFolder) return load(store, source, lines(source));
    const old = { ...config, dataFolder: source, store: { ...config.store, kind: "json" as const } };
    return withStore(old, async (from) =>
      load(store, source, withHead(await from.upkeep.chainHead(), exportRows(from))),
    );
  });
}

type Chain = { links: number; hash: string };

async function load(
  store: Store,
  source: string,
  rows: AsyncIterable<PortableRow | { chain: Chain }>,
): Promise<number> {
  const counts: Record<string, number> = {};
  let chain: Chain | null = null;
  const imported = new Set<string>();
  try {
    for await (const row of rows) {
      if ("chain" in row) {
        chain = row.chain;
        continue;
      }
      // Exports of earlier versions have accounts, of which nothing ever made use.
      if ((row.kind as string) === "operator") continue;
      await importRow(store, row);
      counts[row.kind] = (counts[row.kind] ?? 0) + 1;
      if (row.kind === "rule") imported.add(row.row.id);
    }
  } finally {
    // Also where a row could not be read: the rules before it are in force.
    if (imported.size > 0) tellOfCollisions(auditImported(await store.rules.all(), imported));
  }
  // The hash chain goes on from what was imported; this entry ties it to the one that the rows came from.
  await store.audit.add({
    id: `import-${systemClock.wallMs()}-${process.pid}`,
    at: Math.round(systemClock.wallMs()),
    actor: "command line",
    action: "import",
    subject: source,
    detail: JSON.stringify({ ...counts, chain }),
  });
  console.log(`${sentenceOf(counts)} were imported from ${source}.`);
  return 0;
}

function tellOfCollisions({ warnings, notes }: ReturnType<typeof auditImported>): void {
  for (const sentence of warnings) console.error(`Warning: ${sentence}`);
  if (warnings.length > 0)
    console.error(
      "These rules were imported as they are and are in force, though rules add would not have saved them; plategate rules check lists them again.",
    );
  if (notes > 0)
    console.log(`The audit has ${notes} more notes on the imported rules: plategate rules check.`);
}

async function* lines(file: string): AsyncGenerator<PortableRow | { chain: Chain }> {
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number++;
    if (line === "") continue;
    let row: (PortableRow & typeof FORMAT) | { chain: Chain; format: string; version: number };
    try {
      row = JSON.parse(line);
    } catch {
      throw new Error(`${file}: line ${number} is torn or no JSON; the lines before it were imported.`);
    }
    if (number === 1 && (row.format !== FORMAT.format || row.version !== FORMAT.version)) {
      throw new Error(
        `${file}: this is no export of Plategate that this version can read; nothing was imported.`,
      );
    }
    yield row;
  }
  if (number === 0) throw new Error(`${file}: the file is empty.`);
}

async function* withHead(
  chain: Chain,
  rows: AsyncIterable<PortableRow>,
): AsyncGenerator<PortableRow | { chain: Chain }> {
  yield { chain };
  yield* rows;
}

function rulesCsv(rules: readonly AccessRule[]): string {
  const cell = (value: string) => (/[",;\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const row = (rule: AccessRule) =>
    RULE_COLUMNS.map((column) => {
      const key = column.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()) as keyof AccessRule;
      return cell(String(rule[key] ?? ""));
    }).join(",");
  return `${[RULE_COLUMNS.join(","), ...rules.map(row)].join("\n")}\n`;
}

function sentenceOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([kind, n]) => `${n} × ${kind}`);
  return parts.length === 0 ? "No rows" : parts.join(", ");
}
