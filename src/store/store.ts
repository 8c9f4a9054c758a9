import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Config } from "../config.js";
import { StoreError } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { BackendFigures } from "./backend.js";
import { createCalls } from "./calls.js";
import { type Claim, claim } from "./owner.js";
import type { Failure, FromThread, Served, ThreadStart } from "./protocol.js";
import { createReserve, freeBytes, isForWantOfRoom, ROOM_BYTES } from "./reserve.js";
import { runUpkeep } from "./run-upkeep.js";
import { createSearcher } from "./searcher.js";
import { DATABASE_NAME } from "./sql/backend.js";

export interface StoreStatus {
  kind: "sql" | "json";
  /** `cannot-write`: what must not be lost waits in memory and is written when the disk lets it. */
  state: "stopped" | "starting" | "ready" | "cannot-write" | "failed";
  /** One sentence: what is wrong and what happens next; empty when nothing is. */
  problem: string;
  /** Calls that were made and are not yet durable. */
  waiting: number;
  /** Of these, calls held back because the disk cannot be written. */
  held: number;
  /** Calls refused because too much waited, pictures left out of held passes, restarts of the thread. */
  refused: number;
  picturesDropped: number;
  restarts: number;
  fileBytes: number;
  logBytes: number;
  writtenBytes: number;
  /** Empty: the soft search works; else why it does not. */
  searchOff: string;
}

export interface Store extends Served {
  /** Starts the thread and opens the store; rejects with one sentence when it cannot be opened at all. */
  start(): Promise<void>;
  status(): StoreStatus;
  /** False: another process has this store, and this one is a guest there until that one has left it. */
  isOwner(): boolean;
  /** Called when another process (the command line) has changed the data. */
  onForeignChange(listener: () => void): void;
  /** Commits what waits and ends the thread. */
  close(): Promise<void>;
}

export interface StoreParts {
  config: Pick<Config["store"], "kind"> & Partial<Config["store"]>;
  /** Folder of the database; made when missing. */
  folder: string;
  clock: Clock;
  log: Log;
  /**
   * Frees so many bytes of the card, when it is too full for the store to be opened, at the cost of what can be missed;
   * gives whether it freed any.
   */
  makeRoom?: (bytes: number) => Promise<boolean>;
  /** Called now and then while opening takes long and goes on. */
  onSlowStart?: () => void;
}

const RESTART_MS = 1000;
const CLAIM_MS = 500;
const NO_CLAIM: Claim = { isOwner: false, release: () => {} };

/** The store as the gate process sees it: every call goes to the store thread and fulfils when it is durable. */
export function createStore(parts: StoreParts): Store {
  const { clock, log } = parts;
  const calls = createCalls({
    clock,
    log,
    thread: () => (closed ? "never" : state === "ready" ? "now" : state === "failed" ? "no" : "later"),
    post: (message) => worker?.postMessage(message),
  });
  // A search through a million readings may take its time; the writer must not.
  const searcher =
    parts.config.kind === "sql" ? createSearcher(join(parts.folder, DATABASE_NAME), log) : null;
  const upkeep = runUpkeep({ config: parts.config, served: calls.repositories, clock, log });
  const listeners: (() => void)[] = [];
  let worker: Worker | null = null;
  let closed = false;
  let own = NO_CLAIM;
  let state: StoreStatus["state"] = "stopped";
  let problem = "";
  let notice = "";
  let restarts = 0;
  let cancelRestart = () => {};
  let cancelClaim = () => {};
  let ending: Promise<unknown> = Promise.resolve();
  let hasBeenOpen = false;
  let isLookedAfter = false;
  let figures: BackendFigures = { fileBytes: 0, logBytes: 0, writtenBytes: 0, searchOff: "", notice: "" };

  return {
    ...calls.repositories,
    ...(searcher === null ? {} : { search: searcher.repository }),
    async start() {
      if (state !== "stopped" && (state !== "failed" || hasBeenOpen)) return;
      state = "starting";
      try {
        await open();
      } catch (error) {
        // It is claimed anew with the next try: another process may have it by then.
        own.release();
        own = NO_CLAIM;
        throw error;
      }
    },
    status: () => ({
      kind: parts.config.kind,
      state: state === "ready" && calls.trouble() !== "" ? "cannot-write" : state,
      problem: problem || calls.trouble() || notice,
      ...calls.figures(),
      restarts,
      fileBytes: figures.fileBytes,
      logBytes: figures.logBytes,
      writtenBytes: figures.writtenBytes,
      searchOff: figures.searchOff,
    }),
    isOwner: () => own.isOwner,
    onForeignChange(listener) {
      listeners.push(listener);
    },
    async close() {
      closed = true;
      upkeep.close();
      cancelRestart();
      cancelClaim();
      await searcher?.reset();
      endThread();
      state = "stopped";
      await ending;
      own.release();
      calls.refuseAll(new StoreError("closed", "The store was closed before this was written."));
    },
  };

  /** Opens the store, again and again while room can be made for it on a full card: each time for twice as much. */
  async function open(): Promise<void> {
    for (let bytes = ROOM_BYTES; !closed; bytes *= 2) {
      const failure = await tryToOpen();
      if (failure === null) return;
      problem = `The store in ${parts.folder} cannot be opened: ${failure.message}`;
      if (!failure.isFull || !(await makeRoom(bytes))) break;
    }
    if (closed) throw new StoreError("closed", "The store was closed before it was open.");
    state = "failed";
    throw new StoreError("cannot-write", problem);
  }

  async function tryToOpen(): Promise<Failure | null> {
    try {
      if (!own.isOwner) own = claimFolder(parts.folder);
    } catch (error) {
      return { message: (error as Error).message, isFull: isForWantOfRoom(error, parts.folder) };
    }
    return launch();
  }

  async function makeRoom(bytes: number): Promise<boolean> {
    const isReleased = createReserve(parts.folder).release();
    if (isReleased && freeBytes(parts.folder) >= bytes) return true;
    return (await parts.makeRoom?.(bytes)) || isReleased;
  }

  /** Starts the thread; what kept it from opening the store, or null. */
  function launch(): Promise<Failure | null> {
    const { kind, unknownPlates = "keep" } = parts.config;
    const start: ThreadStart = { kind, folder: parts.folder, unknownPlates, isOwner: own.isOwner };
    const thread = new Worker(new URL("./thread.js", import.meta.url), { workerData: start });
    worker = thread;
    let failure: Failure = { message: "its thread ended", isFull: false };
    return new Promise((resolve) => {
      let isReady = false;
      thread.on("message", (message: FromThread) => {
        if (message.type === "ready") {
          isReady = true;
          ready(message.figures);
          resolve(null);
        } else if (message.type === "failed") failure = message;
        else hear(message);
      });
      thread.on("error", (error) => {
        failure = { message: error.message, isFull: false };
        problem = `The store thread ended (${error.message}); it is started again.`;
        log.error({ err: error.message }, problem);
      });
      thread.on("exit", () => {
        const wasAsked = worker !== thread;
        if (!wasAsked) worker = null;
        if (!isReady) resolve(failure);
        else if (!wasAsked) again();
      });
    });
  }

  function ready(now: BackendFigures): void {
    figures = now;
    state = "ready";
    problem = "";
    notice = now.notice;
    if (notice !== "") log.error({}, notice);
    if (now.searchOff !== "") log.warn({}, now.searchOff);
    calls.repeatAll();
    if (hasBeenOpen) changedByOthers();
    hasBeenOpen = true;
    if (!own.isOwner) awaitClaim();
    else if (!isLookedAfter) {
      isLookedAfter = true;
      upkeep.start();
    }
  }

  /** A guest asks again and again whether the store has been left to it: somebody has to look after it. */
  function awaitClaim(): void {
    cancelClaim();
    cancelClaim = clock.after(CLAIM_MS, () => {
      try {
        own = claimFolder(parts.folder);
      } catch {
        // The card cannot be written at the moment.
      }
      if (own.isOwner) void takeOver();
      else awaitClaim();
    });
  }

  /** Opened anew like at any start, it is checked and marked, and mended where it has to be. */
  async function takeOver(): Promise<void> {
    log.info({}, "The other process has left the store; this one looks after it from now on.");
    endThread();
    state = "starting";
    await Promise.all([ending, searcher?.reset()]);
    reopen();
  }

  /** A thread that is not ready has nothing to commit. */
  function endThread(): void {
    const thread = worker;
    if (thread === null) return;
    worker = null;
    ending = new Promise((resolve) => thread.once("exit", resolve));
    if (state === "ready") thread.postMessage({ close: true });
    else void thread.terminate();
  }

  function hear(message: FromThread): void {
    if (message.type === "answers") {
      figures = message.figures;
      calls.answer(message.answers);
    } else if (message.type === "foreign-change") {
      changedByOthers();
    } else if (message.type === "opening") {
      problem = message.sentence;
      log.warn({}, problem);
      parts.onSlowStart?.();
    } else if (message.type === "maintained") {
      log.debug({ ms: Math.round(message.ms) }, `Store: ${message.what}.`);
    }
  }

  function again(): void {
    state = "failed";
    calls.threadGone();
    // The next start may set a damaged file aside.
    void searcher?.reset();
    restarts++;
    cancelClaim();
    cancelRestart = clock.after(RESTART_MS, () => {
      state = "starting";
      reopen();
    });
  }

  function reopen(): void {
    open().catch(() => {
      if (!closed) again();
    });
  }

  /** What is held in memory of the data may be out of date. */
  function changedByOthers(): void {
    for (const listener of listeners) listener();
  }
}

function claimFolder(folder: string): Claim {
  mkdirSync(folder, { recursive: true });
  return claim(join(folder, "store.owner"));
}
