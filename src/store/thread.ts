/** The store thread: the only writer. Calls that wait are carried out as one group with one durable commit. */
import { parentPort, receiveMessageOnPort, Worker, workerData } from "node:worker_threads";
import { StoreError, type StoreErrorCode } from "../core/repositories.js";
import type { Backend } from "./backend.js";
import { isCorrupt, isDiskTrouble } from "./database.js";
import { openBackend } from "./factory.js";
import {
  type Answer,
  type Call,
  type FromThread,
  isQuestion,
  type ThreadStart,
  type ToThread,
} from "./protocol.js";
import { isForWantOfRoom } from "./reserve.js";

// A group larger than this keeps the first caller waiting longer than the fsync that it saves.
const GROUP_LIMIT = 256;
const MAINTAIN_AFTER_MS = 300;
// Where calls never pause for that long.
const MAINTAIN_AT_LEAST_MS = 3000;
const FOREIGN_CHECK_MS = 1000;

const port = parentPort!;
const start = workerData as ThreadStart;
const say = (message: FromThread) => port.postMessage(message);

let backend: Backend;
try {
  backend = openBackend(start, (sentence) => say({ type: "opening", sentence }));
  serve(backend);
  if (backend.checkFile !== null) checkBeside(backend, backend.checkFile);
  say({ type: "ready", figures: backend.figures() });
} catch (error) {
  say({
    type: "failed",
    message: (error as Error).message,
    isFull: isForWantOfRoom(error, start.folder),
  });
  port.close();
}

function serve(store: Backend): void {
  let idle: NodeJS.Timeout | undefined;
  const watch = setInterval(() => {
    if (store.changedByOthers()) say({ type: "foreign-change" });
  }, FOREIGN_CHECK_MS);

  port.on("message", (first: ToThread) => {
    clearTimeout(idle);
    let message: ToThread | undefined = first;
    while (message !== undefined) {
      const group: Call[] = [];
      while (message !== undefined && !("close" in message) && group.length < GROUP_LIMIT) {
        if (message.method === "scrub") runAlone(store, message);
        else group.push(message);
        message = receiveMessageOnPort(port)?.message as ToThread | undefined;
      }
      if (group.length > 0) runGroup(store, group);
      if (store.isMaintenanceDue() || performance.now() - maintainedAtMs > MAINTAIN_AT_LEAST_MS) maintain();
      if (message !== undefined && "close" in message) return close();
    }
    idle = setTimeout(maintain, MAINTAIN_AFTER_MS);
  });

  let maintainedAtMs = performance.now();
  idle = setTimeout(maintain, MAINTAIN_AFTER_MS);

  function maintain(): void {
    const began = performance.now();
    maintainedAtMs = began;
    try {
      const what = store.maintain();
      if (what === null) return;
      say({ type: "maintained", what, ms: performance.now() - began });
      // There may be more to do.
      clearTimeout(idle);
      idle = setTimeout(maintain, MAINTAIN_AFTER_MS / 10);
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
    }
  }

  function close(): void {
    clearInterval(watch);
    clearTimeout(idle);
    try {
      store.close();
    } finally {
      say({ type: "closed" });
      port.close();
    }
  }
}

/** A large file is read for damage by a thread of its own; damage ends this one, so that the next start repairs it. */
function checkBeside(store: Backend, file: string): void {
  const checker = new Worker(new URL("./check-thread.js", import.meta.url), { workerData: { file } });
  checker.on("message", (found: string) => {
    if (found === "ok") return;
    store.damaged();
    throw Object.assign(new Error(`The database is damaged (${found}).`), { code: "SQLITE_CORRUPT" });
  });
  checker.unref();
}

function runGroup(store: Backend, group: readonly Call[]): void {
  const answers: Answer[] = [];
  try {
    store.begin();
    for (const call of group) answers.push(runCall(store, call));
    store.commit();
  } catch (error) {
    store.rollback();
    if (isCorrupt(error)) store.damaged();
    if (isCorrupt(error) || !isDiskTrouble(error)) throw error;
    relieve(store);
    answers.length = 0;
    for (const call of group) answers.push(readOnly(store, call, error as Error));
  }
  say({ type: "answers", answers, figures: store.figures() });
}

/** What cannot be part of a transaction. */
function runAlone(store: Backend, call: Call): void {
  const answer: Answer = { id: call.id };
  try {
    invoke(store, call);
  } catch (error) {
    if (isCorrupt(error)) throw error;
    answer.error = {
      code: isDiskTrouble(error) ? "cannot-write" : "refused",
      message: (error as Error).message,
    };
  }
  say({ type: "answers", answers: [answer], figures: store.figures() });
}

/** Makes room for the next try. */
function relieve(store: Backend): void {
  try {
    store.relieve();
  } catch (error) {
    if (!isDiskTrouble(error)) throw error;
  }
}

function runCall(store: Backend, call: Call): Answer {
  try {
    return { id: call.id, value: store.attempt(() => invoke(store, call)) };
  } catch (error) {
    // The disk or the file is the trouble: no other call of the group would fare better.
    if (isDiskTrouble(error) || isCorrupt(error)) throw error;
    return { id: call.id, error: { code: codeOf(error), message: (error as Error).message } };
  }
}

/** The group could not be written; what only asks is answered all the same. */
function readOnly(store: Backend, call: Call, trouble: Error): Answer {
  const cannotWrite = {
    code: "cannot-write" as const,
    message: `The store cannot write (${trouble.message}).`,
  };
  if (!isQuestion(call.method)) return { id: call.id, error: cannotWrite };
  try {
    return { id: call.id, value: invoke(store, call) };
  } catch (error) {
    if (isCorrupt(error)) {
      store.damaged();
      throw error;
    }
    return { id: call.id, error: cannotWrite };
  }
}

function invoke(store: Backend, call: Call): unknown {
  const repository = store.repositories[call.repository] as unknown as Record<
    string,
    (...args: readonly unknown[]) => unknown
  >;
  return repository[call.method]!(...call.args);
}

function codeOf(error: unknown): StoreErrorCode {
  return error instanceof StoreError ? error.code : "refused";
}
