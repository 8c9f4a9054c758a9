import { Worker } from "node:worker_threads";
import { type SearchRepository, StoreError } from "../core/repositories.js";
import type { Log } from "../system/log.js";
import type { Answer } from "./protocol.js";

export interface Searcher {
  repository: SearchRepository;
  /** Ends the thread; the next search starts a new one, which opens the database anew. */
  reset(): Promise<void>;
}

/** More searches than this at once are refused: they would all be late. */
const MOST_WAITING = 32;

/** Searches in a thread of their own, which the first search starts. */
export function createSearcher(file: string, log: Log): Searcher {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: StoreError): void }>();
  let worker: Worker | null = null;
  let nextId = 1;

  return {
    repository: {
      soft: (plate, limit) => ask("soft", plate, limit),
      alike: (passId, limit) => ask("alike", passId, limit),
    },
    async reset() {
      const thread = worker;
      worker = null;
      await thread?.terminate();
      refuseAll("The store was closed or started again; search once more in a moment.");
    },
  };

  function ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (waiting.size >= MOST_WAITING)
      return Promise.reject(new StoreError("busy", `${waiting.size} searches wait already; try again.`));
    const thread = worker ?? start();
    const id = nextId++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      thread.postMessage({ id, repository: "search", method, args });
    });
  }

  function start(): Worker {
    const thread = new Worker(new URL("./search-thread.js", import.meta.url), { workerData: { file } });
    thread.on("message", ({ id, value, error }: Answer) => {
      const entry = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) entry?.resolve(value);
      else entry?.reject(new StoreError(error.code, error.message));
    });
    thread.on("error", (error) => log.error({ err: error.message }, "A search failed; the store goes on."));
    thread.on("exit", () => {
      if (worker !== thread) return;
      worker = null;
      refuseAll("The search ended; try again.");
    });
    thread.unref();
    worker = thread;
    return thread;
  }

  function refuseAll(sentence: string): void {
    for (const { reject } of waiting.values()) reject(new StoreError("busy", sentence));
    waiting.clear();
  }
}
