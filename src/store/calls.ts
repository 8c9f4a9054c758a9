import { type PassEntry, StoreError } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { type Answer, type Call, isQuestion, type RepositoryName, type Served } from "./protocol.js";

interface Waiting {
  call: Call;
  resolve(value: unknown): void;
  reject(error: StoreError): void;
  bytes: number;
  held: boolean;
}

const names: RepositoryName[] = [
  "passes",
  "rules",
  "segments",
  "clips",
  "outbox",
  "edges",
  "settings",
  "audit",
  "register",
  "wear",
  "search",
  "upkeep",
];
/** What happened at the gate cannot be asked for again: these wait for the disk instead of failing. */
const kept = new Set(["passes.save", "outbox.add", "edges.add", "audit.add", "rules.use", "rules.giveBack"]);
const MAX_WAITING = 5000;
const MAX_WAITING_BYTES = 32_000_000;
const RETRY_MS = 1000;
/** So many of the oldest show whether the disk can be written again: thousands at every try would hold up the gate. */
const TRIAL_CALLS = 64;
/** All are tried once in so many tries, should it be the oldest alone that cannot be written. */
const ALL_EVERY = 60;

export interface CallParts {
  clock: Clock;
  log: Log;
  /** `now`: the thread listens; `later`: it starts; `no`: it is gone and nobody knows for how long; `never`: closed. */
  thread(): "now" | "later" | "no" | "never";
  post(call: Call): void;
}

/** Calls on their way to the store thread and back; those that must not be lost are repeated until they are durable. */
export function createCalls(parts: CallParts) {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let heldCalls = 0;
  let waitingBytes = 0;
  let tries = 0;
  let trouble = "";
  let refused = 0;
  let picturesDropped = 0;
  let cancelRetry: (() => void) | null = null;

  const repositories = Object.fromEntries(names.map((name) => [name, remote(name)])) as unknown as Served;
  return {
    repositories,
    /** Why the disk cannot be written at the moment; empty when it can. */
    trouble: () => trouble,
    figures: () => ({ waiting: waiting.size, held: heldCalls, refused, picturesDropped }),
    answer(answers: readonly Answer[]): void {
      for (const answer of answers) settle(answer);
    },
    /** A new thread has taken over: what was not acknowledged is sent again, in order. Every kept call may be repeated. */
    repeatAll(): void {
      cancelRetry?.();
      cancelRetry = null;
      heldCalls = 0;
      for (const entry of waiting.values()) {
        entry.held = false;
        parts.post(entry.call);
      }
    },
    /** The thread is gone: what can be asked again is refused now, the rest waits for the next one. */
    threadGone(): void {
      for (const [id, entry] of waiting) {
        if (isKept(entry.call)) continue;
        remove(id);
        entry.reject(
          new StoreError("cannot-write", "The store is being started again; ask once more in a moment."),
        );
      }
    },
    refuseAll(error: StoreError): void {
      cancelRetry?.();
      cancelRetry = null;
      const entries = [...waiting.values()];
      waiting.clear();
      heldCalls = 0;
      waitingBytes = 0;
      for (const entry of entries) entry.reject(error);
    },
  };

  function remote(repository: RepositoryName): object {
    // `then` must stay undefined, or awaiting the object would call the thread.
    return new Proxy(
      {},
      {
        get: (_, method) =>
          typeof method !== "string" || method === "then"
            ? undefined
            : (...args: unknown[]) => send(repository, method, args),
      },
    );
  }

  function send(repository: RepositoryName, method: string, args: unknown[]): Promise<unknown> {
    const call: Call = { id: nextId++, repository, method, args };
    if (parts.thread() === "never") return Promise.reject(new StoreError("closed", "The store is closed."));
    if (parts.thread() === "no" && !isKept(call)) {
      return Promise.reject(
        new StoreError("cannot-write", "The store is not there at the moment; it is started again."),
      );
    }
    if (waiting.size >= MAX_WAITING) {
      refused++;
      return Promise.reject(
        new StoreError("busy", `The store is behind: ${waiting.size} calls wait; this one was not taken.`),
      );
    }
    return new Promise((resolve, reject) => {
      const entry: Waiting = { call, resolve, reject, bytes: isKept(call) ? sizeOf(args) : 0, held: false };
      waiting.set(call.id, entry);
      waitingBytes += entry.bytes;
      if (waitingBytes > MAX_WAITING_BYTES) dropPictures(entry);
      // Order is kept: while older ones are held back, newer ones of the same sort queue behind them.
      if (isKept(call) && heldCalls > 0) hold(entry);
      else if (parts.thread() === "now") parts.post(entry.call);
    });
  }

  function settle(answer: Answer): void {
    const entry = waiting.get(answer.id);
    if (entry === undefined) return;
    if (answer.error === undefined) {
      remove(answer.id);
      if (trouble !== "" && !isQuestion(entry.call.method)) recovered();
      entry.resolve(answer.value);
      return;
    }
    if (answer.error.code !== "cannot-write") {
      remove(answer.id);
      entry.reject(new StoreError(answer.error.code, answer.error.message));
      return;
    }
    if (trouble === "")
      parts.log.error({}, `${answer.error.message} Decisions go on; passes wait in memory.`);
    trouble = answer.error.message;
    if (!isKept(entry.call)) {
      remove(answer.id);
      entry.reject(new StoreError("cannot-write", answer.error.message));
      return;
    }
    hold(entry);
  }

  function remove(id: number): void {
    const entry = waiting.get(id);
    if (entry === undefined) return;
    waiting.delete(id);
    waitingBytes -= entry.bytes;
    if (entry.held) heldCalls--;
  }

  function hold(entry: Waiting): void {
    if (!entry.held) heldCalls++;
    entry.held = true;
    cancelRetry ??= parts.clock.after(RETRY_MS, retry);
  }

  function retry(): void {
    cancelRetry = null;
    postHeld(++tries % ALL_EVERY === 0 ? heldCalls : TRIAL_CALLS);
    if (heldCalls > 0) cancelRetry = parts.clock.after(RETRY_MS, retry);
  }

  function postHeld(most: number): void {
    let left = most;
    for (const entry of waiting.values()) {
      if (left <= 0 || heldCalls === 0) return;
      if (!entry.held) continue;
      entry.held = false;
      heldCalls--;
      left--;
      parts.post(entry.call);
    }
  }

  function recovered(): void {
    parts.log.info({}, "The store can write again.");
    trouble = "";
    tries = 0;
    postHeld(heldCalls);
  }

  /** The row and the decision are worth more than the picture when memory is short. */
  function dropPictures(entry: Waiting): void {
    const pass = entry.call.args[0] as PassEntry;
    if (entry.call.method !== "save" || pass.pictures === undefined) return;
    picturesDropped += pass.pictures.length;
    const { pictures: _, ...rest } = pass;
    entry.call = { ...entry.call, args: [rest] };
    waitingBytes -= entry.bytes;
    entry.bytes = sizeOf(entry.call.args);
    waitingBytes += entry.bytes;
  }
}

function isKept(call: Call): boolean {
  return kept.has(`${call.repository}.${call.method}`);
}

function sizeOf(args: readonly unknown[]): number {
  const pictures = (args[0] as PassEntry | undefined)?.pictures;
  return 2000 + (pictures ?? []).reduce((n, p) => n + p.jpeg.byteLength + (p.enhanced?.byteLength ?? 0), 0);
}
