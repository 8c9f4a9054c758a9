/** The search thread: looks through the database by a connection that cannot write, so that no write waits for a search. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreError } from "../core/repositories.js";
import { openDatabase } from "./database.js";
import type { Answer, Call } from "./protocol.js";
import { createFinder } from "./sql/finder.js";

const port = parentPort!;
const db = openDatabase((workerData as { file: string }).file, { readonly: true });
const finder = createFinder(db) as unknown as Record<string, (...args: readonly unknown[]) => unknown>;

port.on("message", ({ id, method, args }: Call) => {
  port.postMessage(answer(id, method, args));
});

function answer(id: number, method: string, args: readonly unknown[]): Answer {
  try {
    return { id, value: finder[method]!(...args) };
  } catch (error) {
    const code = error instanceof StoreError ? error.code : "busy";
    return { id, error: { code, message: (error as Error).message } };
  }
}
