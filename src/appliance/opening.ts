import { StoreError } from "../core/repositories.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";

export interface OpeningDeps {
  clock: Clock;
  log: Log;
  /** One try; a sentence says why it failed. It may be made again after that. */
  open: () => Promise<void>;
}

/** The data folder and what lies in it: opened again and again until it can be had, while the gate runs without it. */
export interface Opening {
  /** Never rejects. Fulfils when the first try is over, or takes long; it goes on by itself. */
  start(): Promise<void>;
  /** Fulfils as soon as `start` does: from then on, what is to be kept may be given to the store, which holds it. */
  readonly whenBegun: Promise<void>;
  /** Fulfils when all is open. */
  readonly whenOpen: Promise<void>;
  isOpen(): boolean;
  /** What does not work, why, and what happens next; nothing when all is open. */
  status(): { state?: "failed"; problem?: string };
  /** The same port, but whoever asks it before all is open is refused at once: nobody should wait for a broken card. */
  refusing<P extends object>(port: P): P;
  close(): Promise<void>;
}

const RETRY_MS = 10_000;
/** The gate is ready long before a card that stalls, or a store that mends itself. */
const PATIENCE_MS = 20_000;
const CLOSE_PATIENCE_MS = 5000;

export function createOpening({ clock, log, open }: OpeningDeps): Opening {
  const begun = milestone();
  const opened = milestone();
  let isOpen = false;
  let closed = false;
  let problem = "Not opened yet.";
  let trying = Promise.resolve();
  let cancelRetry = () => {};
  let cancelPatience = () => {};

  return {
    whenBegun: begun.reached,
    whenOpen: opened.reached,
    isOpen: () => isOpen,
    status: () => (isOpen ? {} : { state: "failed", problem }),
    start() {
      cancelPatience = clock.after(PATIENCE_MS, () => {
        tell("No plate opens: the data folder is still being opened. Contacts, fire and commands work.");
        begun.reach();
      });
      attempt();
      return begun.reached;
    },
    refusing,
    async close() {
      closed = true;
      cancelRetry();
      cancelPatience();
      let cancel = () => {};
      await Promise.race([
        trying,
        new Promise<void>((resolve) => {
          cancel = clock.after(CLOSE_PATIENCE_MS, resolve);
        }),
      ]);
      cancel();
    },
  };

  function attempt(): void {
    trying = open()
      .then(
        () => {
          if (closed) return;
          if (problem !== "Not opened yet.") log.info({}, "The data folder is open.");
          problem = "";
          isOpen = true;
          opened.reach();
        },
        (error: Error) => {
          if (closed) return;
          tell(
            `No plate opens: ${error.message.replace(/\.?$/, ".")} Contacts, fire and commands work; it is tried again every ${RETRY_MS / 1000} s.`,
          );
          cancelRetry = clock.after(RETRY_MS, attempt);
        },
      )
      .then(() => {
        cancelPatience();
        begun.reach();
      });
  }

  function tell(sentence: string): void {
    if (sentence !== problem) log.error({}, sentence);
    problem = sentence;
  }

  function refusing<P extends object>(port: P): P {
    return new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value === "object" && value !== null) return refusing(value);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (!isOpen) throw new StoreError("busy", problem);
          return Reflect.apply(value, target, args);
        };
      },
    });
  }
}

function milestone(): { reached: Promise<void>; reach: () => void } {
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}
