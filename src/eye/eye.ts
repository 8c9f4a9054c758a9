import { type ChildProcess, fork } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { EyeStart, FromEye, ToEye } from "./protocol.js";

/** `here`: it beats. `starting`: it has been started and has not beaten yet. `away`: it is dead or silent, and will be started again. */
export interface EyeState {
  state: "stopped" | "starting" | "here" | "away";
  /** Wall ms since when. */
  since: number;
  /** Why it is away, or was last; empty where it never was. */
  cause: string;
  restarts: number;
  pid: number | null;
}

export type EyeEvent = FromEye | { type: "state"; state: EyeState };

/** What the handle needs of a forked process; a test hands in its own. */
export type EyeProcess = Pick<ChildProcess, "pid" | "kill" | "on" | "send" | "connected">;

export interface EyeDeps {
  clock: Clock;
  log: Log;
  /** Default: forks `main.js` of this folder. */
  fork?: () => EyeProcess;
}

export interface EyeLimits {
  /** Without a beat for this long a running eye is killed; the beat comes every second. */
  silentMs: number;
  /**
   * The same from the start until the models are loaded, or known not to be: that takes the loop for long, and libraries
   * are read from a slow card. It doubles, three times at most, after an eye that did not make it.
   */
  startMs: number;
  /** Above this the eye is started anew before the machine runs out of memory. */
  maxRssBytes: number;
}

const defaultLimits: EyeLimits = { silentMs: 6000, startMs: 30_000, maxRssBytes: 1_000_000_000 };

/** First wait after a death; a dead eye is back within 2 s. It doubles while eyes die young. */
const firstWaitMs = 200;
const longestWaitMs = 30_000;
const LATE_MOST = 3;
/** A look at the clock that comes so much too late shows that the loop stood still; after `hearMs` it has caught up. */
const heldUpMs = 50;
const hearMs = 1000;
/** An eye that lived this long has not died young. */
const grownUpMs = 20_000;

/**
 * The gate's handle of an eye process: starts it, listens to it, starts it again when it dies or falls silent. Never
 * throws into the gate; a listener that throws is logged. `start` begins, `close` ends it for good.
 */
export function createEye(start: EyeStart, deps: EyeDeps, limits: Partial<EyeLimits> = {}) {
  const { clock, log } = deps;
  const { silentMs, startMs, maxRssBytes } = { ...defaultLimits, ...limits };
  const listeners = new Set<(event: EyeEvent) => void>();
  let state: EyeState = { state: "stopped", since: clock.wallMs(), cause: "", restarts: 0, pid: null };
  let child: EyeProcess | null = null;
  let startedMs = 0;
  let young = 0;
  let late = 0;
  let isLoaded = false;
  let cancelWatch = () => {};
  let cancelRestart = () => {};
  let closing = false;
  let whenGone = () => {};

  return {
    start(): void {
      if (child === null && !closing && state.state === "stopped") launch();
    },
    /** Everything the eye says, and changes of its state. Returns the function that ends the listening. */
    on(listener: (event: EyeEvent) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Somebody watches: pictures are wanted for the next `forMs`. Does nothing while the eye is away. */
    requestLive(wish: { forMs: number; maxFps: number; widthPx: number }): void {
      tell({ type: "live", ...wish });
    },
    state: (): EyeState => state,
    /** Asks the eye to end and waits for it, 5 s at most; then it is killed. */
    async close(): Promise<void> {
      if (closing) return;
      closing = true;
      cancelRestart();
      cancelWatch();
      if (child === null) return change("stopped", state.cause);
      const gone = new Promise<void>((resolve) => {
        whenGone = resolve;
      });
      tell({ type: "stop" });
      const cancel = clock.after(5000, () => {
        kill();
        // Even SIGKILL takes its time while a driver holds the process.
        clock.after(1000, () => whenGone());
      });
      await gone;
      cancel();
      change("stopped", state.cause);
    },
  };

  function launch(): void {
    let born: EyeProcess;
    try {
      born = (deps.fork ?? forkMain)();
    } catch (error) {
      gone(`it could not be started (${(error as Error).message})`);
      return;
    }
    child = born;
    startedMs = clock.monotonicMs();
    change("starting", state.cause, born.pid ?? null);
    lessUrgent(born.pid);
    born.on("message", (message) => child === born && heard(message as FromEye));
    born.on("error", (error) => child === born && gone(`it could not be reached (${error.message})`));
    born.on("exit", (code, signal) => {
      if (child === born) gone(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
    });
    isLoaded = false;
    watch(startMs * 2 ** late, "it did not start", () => {
      late = Math.min(LATE_MOST, late + 1);
    });
    tell(start);
  }

  function heard(message: FromEye): void {
    if (message.type === "figures") {
      if (state.state !== "here") change("here", state.cause, state.pid);
      if (clock.monotonicMs() - startedMs > grownUpMs) young = 0;
      if (isLoaded) watch(silentMs, "it fell silent");
    } else if (message.type === "ready" || message.type === "problem") {
      isLoaded = true;
      watch(silentMs, "it fell silent");
    }
    emit(message);
    if (message.type !== "figures" || message.figures.rssBytes <= maxRssBytes) return;
    killed(`it used ${Math.round(message.figures.rssBytes / 1e6)} MB of memory`);
  }

  function watch(ms: number, why: string, also = () => {}): void {
    const dueMs = clock.monotonicMs() + ms;
    const tooLong = () => {
      also();
      killed(`${why} for ${Math.round(ms / 1000)} s`);
    };
    cancelWatch();
    cancelWatch = clock.after(ms, () => {
      // This process itself was held up: what the eye said meanwhile waits to be heard.
      if (clock.monotonicMs() - dueMs < heldUpMs) tooLong();
      else cancelWatch = clock.after(hearMs, tooLong);
    });
  }

  function killed(why: string): void {
    kill();
    gone(why);
  }

  function gone(why: string): void {
    cancelWatch();
    child = null;
    whenGone();
    if (closing) return;
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** young);
    young = clock.monotonicMs() - startedMs < grownUpMs ? young + 1 : 0;
    state = { ...state, restarts: state.restarts + 1 };
    log.warn({ camera: start.camera, waitMs }, `The eye is away: ${why}.`);
    change("away", why);
    cancelRestart = clock.after(waitMs, launch);
  }

  function kill(): void {
    try {
      child?.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
  }

  function tell(message: ToEye): void {
    if (child === null || !child.connected) return;
    try {
      child.send(message, () => {
        // An eye that cannot be told is about to be found dead.
      });
    } catch {
      // The same.
    }
  }

  function change(to: EyeState["state"], cause: string, pid: number | null = null): void {
    state = { ...state, state: to, since: clock.wallMs(), cause, pid };
    emit({ type: "state", state });
  }

  function emit(event: EyeEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        log.error({ err: String(error), event: event.type }, "Somebody could not take what the eye said.");
      }
    }
  }
}

export type Eye = ReturnType<typeof createEye>;

function forkMain(): EyeProcess {
  return fork(fileURLToPath(new URL("./main.js", import.meta.url)), [], {
    serialization: "advanced",
    // The gate's own flags, such as a debugger's port, are not for its eyes.
    execArgv: ["--enable-source-maps"],
    env: {
      ...process.env,
      // A waiting pull and the bus hold a thread each; sharp and file writes need others.
      UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? "8",
      // Pictures go back to the system when they are freed, instead of leaving holes in the heaps of ten threads.
      MALLOC_ARENA_MAX: "2",
      MALLOC_MMAP_THRESHOLD_: "262144",
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/** The gate's loop comes first when the processor is short. */
function lessUrgent(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, 5);
  } catch {
    // Not allowed here; it is a kindness, no need.
  }
}
