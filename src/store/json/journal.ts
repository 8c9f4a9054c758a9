import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isDiskFull } from "../database.js";

/** Rows of one kind by id, in the order in which they were made. */
export interface JsonTable<T> {
  get(id: string): T | undefined;
  all(): IterableIterator<T>;
  put(id: string, row: T): void;
  drop(id: string): boolean;
  size(): number;
}

export interface Journal {
  table<T>(name: string): JsonTable<T>;
  /** The next number of the store, ever growing, part of the transaction. */
  next(): number;
  /** What `next` gave last; 0: nothing yet. */
  last(): number;
  attempt<T>(call: () => T): T;
  commit(): void;
  rollback(): void;
  /** The ids of a table, in their order. */
  ids(name: string): string[];
  /** Writes everything anew and nothing of what was dropped; not within a transaction. */
  rewrite(): void;
  /** Writes everything anew when the journal has outgrown it; true when it did. */
  compact(): boolean;
  snapshotBytes(): number;
  journalBytes(): number;
  writtenBytes(): number;
  close(): void;
}

type Change = [table: string, id: string, row: unknown];
interface Undo {
  table: Map<string, unknown>;
  id: string;
  before: unknown;
  /** Of a dropped row: the place it had. */
  index?: number;
}

const COMPACT_BYTES = 4_000_000;
const COUNTER = "counter";

/**
 * Tables in memory, kept in two files: `store.json` holds everything at one moment, `store.jsonl` what was changed
 * since, one line a transaction. A line that is not whole never happened: that is what a power cut leaves.
 */
export function openJournal(folder: string): Journal {
  const snapshotFile = join(folder, "store.json");
  const journalFile = join(folder, "store.jsonl");
  const tables = new Map<string, Map<string, unknown>>();
  let generation = 0;
  let changes: Change[] = [];
  let undos: Undo[] = [];
  let written = 0;
  readSnapshot();
  let handle = readJournal();
  const counter = table<{ value: number }>(COUNTER);
  const last = () => counter.get(COUNTER)?.value ?? 0;

  return {
    table,
    next() {
      const value = last() + 1;
      counter.put(COUNTER, { value });
      return value;
    },
    last,
    attempt(call) {
      const mark = { changes: changes.length, undos: undos.length };
      try {
        return call();
      } catch (error) {
        undoTo(mark.undos);
        changes.length = mark.changes;
        throw error;
      }
    },
    commit() {
      if (changes.length === 0) return;
      const line = Buffer.from(`${JSON.stringify(changes)}\n`);
      const before = statSync(journalFile).size;
      try {
        for (let at = 0; at < line.length; ) at += writeSync(handle, line, at);
        fsyncSync(handle);
      } catch (error) {
        // Half a line in the middle would hide all that comes after it.
        truncateSync(journalFile, before);
        throw error;
      }
      written += line.length;
      changes = [];
      undos = [];
    },
    rollback() {
      undoTo(0);
      changes = [];
    },
    compact() {
      if (statSync(journalFile).size < COMPACT_BYTES || statSync(journalFile).size < size(snapshotFile))
        return false;
      rewrite();
      return true;
    },
    rewrite,
    ids: (name) => [...rows(name).keys()],
    snapshotBytes: () => size(snapshotFile),
    journalBytes: () => size(journalFile),
    writtenBytes: () => written,
    close() {
      closeSync(handle);
    },
  };

  function rewrite(): void {
    try {
      writeSnapshot();
    } catch (error) {
      // Where it does not fit, the journal goes on; after anything else only a new start knows which snapshot is there.
      if (!isDiskFull(error)) closeSync(handle);
      throw error;
    }
    closeSync(handle);
    handle = newJournal();
  }

  function rows(name: string): Map<string, unknown> {
    const found = tables.get(name) ?? new Map<string, unknown>();
    tables.set(name, found);
    return found;
  }

  function table<T>(name: string): JsonTable<T> {
    const map = rows(name);
    return {
      get: (id) => map.get(id) as T | undefined,
      all: () => map.values() as IterableIterator<T>,
      put(id, row) {
        undos.push({ table: map, id, before: map.get(id) });
        map.set(id, row);
        changes.push([name, id, row]);
      },
      drop(id) {
        if (!map.has(id)) return false;
        undos.push({ table: map, id, before: map.get(id), index: [...map.keys()].indexOf(id) });
        map.delete(id);
        changes.push([name, id, null]);
        return true;
      },
      size: () => map.size,
    };
  }

  function undoTo(mark: number): void {
    while (undos.length > mark) {
      const { table, id, before, index } = undos.pop()!;
      if (before === undefined) table.delete(id);
      else if (index === undefined) table.set(id, before);
      else {
        const after = [...table].slice(index);
        for (const [key] of after) table.delete(key);
        table.set(id, before);
        for (const [key, row] of after) table.set(key, row);
      }
    }
  }

  function readSnapshot(): void {
    if (!existsSync(snapshotFile)) return;
    const content = JSON.parse(readFileSync(snapshotFile, "utf8")) as {
      generation: number;
      tables: Record<string, [string, unknown][]>;
    };
    generation = content.generation;
    for (const [name, entries] of Object.entries(content.tables)) tables.set(name, new Map(entries));
  }

  /** Applies the whole lines and cuts off what is not one. A journal of an older generation is in the snapshot already. */
  function readJournal(): number {
    if (!existsSync(journalFile)) return newJournal();
    const bytes = readFileSync(journalFile);
    let at = 0;
    let isFirst = true;
    for (let end = bytes.indexOf(10, at); end >= 0; end = bytes.indexOf(10, at)) {
      const line = parse(bytes.toString("utf8", at, end));
      if (line === undefined) break;
      if (isFirst && (line as { generation?: number }).generation !== generation) return newJournal();
      if (!isFirst) apply(line as Change[]);
      isFirst = false;
      at = end + 1;
    }
    if (isFirst) return newJournal();
    if (at < bytes.length) truncateSync(journalFile, at);
    return openSync(journalFile, "a");
  }

  function apply(line: readonly Change[]): void {
    for (const [name, id, row] of line) {
      if (row === null) rows(name).delete(id);
      else rows(name).set(id, row);
    }
  }

  function newJournal(): number {
    replace(journalFile, `${JSON.stringify({ generation })}\n`);
    return openSync(journalFile, "a");
  }

  function writeSnapshot(): void {
    const next = generation + 1;
    const all = Object.fromEntries([...tables].map(([name, map]) => [name, [...map]]));
    written += replace(snapshotFile, JSON.stringify({ generation: next, tables: all }));
    generation = next;
  }
}

/** Puts a file in the place of another one, completely or not at all. */
export function replace(file: string, content: string | Uint8Array, mode = 0o666): number {
  const fresh = `${file}.new`;
  try {
    writeFileSync(fresh, content, { mode });
    const handle = openSync(fresh, "r+");
    fsyncSync(handle);
    closeSync(handle);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
  return content.length;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function size(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
