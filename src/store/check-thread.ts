/** Reads a whole database for damage beside the running store; says `ok` or what it found. */
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "./database.js";

const { file } = workerData as { file: string };
let found: string;
try {
  const db = openDatabase(file, { readonly: true });
  found = String(db.pragma("quick_check(1)", { simple: true }));
  db.close();
} catch (error) {
  found = (error as Error).message;
}
parentPort!.postMessage(found);
