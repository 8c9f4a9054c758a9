import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { ConnectionProblem } from "./connection-problem.js";
import { type Connection, type ConnectionEvents, SubscribeRefused } from "./mqtt-connection.js";
import type { SinkState } from "./ports.js";

export interface LinkDeps {
  name: string;
  clock: Clock;
  log: Log;
  /** How many servers there are to walk through; one at a time, in order. */
  servers: number;
  /** Connects to server number `server` once. */
  open(server: number, events: ConnectionEvents): Promise<Connection>;
  /** Called with every new connection; when it throws, the connection is given up and tried again later. */
  up(connection: Connection): Promise<void>;
  /** The connection passed to `up` is gone; `hungUp`: because the other end closed it. */
  down(problem: { hungUp: boolean }): void;
  message: ConnectionEvents["message"];
  /** 0..1, so that appliances do not come back all at once. */
  random?: () => number;
}

export interface Link {
  start(): void;
  connection(): Connection | null;
  status(): { state: SinkState; sentence: string; sinceAt: number; reconnects: number };
  /** Ends this connection and goes on to the next server after the usual pause. */
  next(sentence: string): Promise<void>;
  close(last?: (connection: Connection) => Promise<void>, options?: { withWill?: boolean }): Promise<void>;
}

/** A connection must have held this long before the next loss counts as a first one. */
const STEADY_MS = 10_000;
const FIRST_MS = 500;
/** So low that everything is back within 30 s of the broker's return. */
const MOST_MS = 15_000;

/** Pause before the next try: doubles from half a second to 15 s, less a random part of up to half. */
export function pauseMs(failures: number, random: number): number {
  const full = Math.min(MOST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (1 - random / 2));
}

/** Keeps one MQTT connection up: tries again for ever, with growing pauses, and says what is wrong once per change. */
export function createLink(deps: LinkDeps): Link {
  const { clock, log } = deps;
  const random = deps.random ?? Math.random;
  let status: { state: SinkState; sentence: string; sinceAt: number } = {
    state: "off",
    sentence: "not started",
    sinceAt: clock.wallMs(),
  };
  let connection: Connection | null = null;
  let failures = 0;
  let server = 0;
  let reconnects = -1;
  let upSinceMs = 0;
  let closed = false;
  let cancelPause = () => {};
  let lastTold = "";
  // Counts the attempts: what an older one still reports is ignored.
  let attempt = 0;

  return {
    start: () => void tryOnce(),
    connection: () => connection,
    status: () => ({ ...status, reconnects: Math.max(0, reconnects) }),
    async next(sentence) {
      const old = connection;
      if (old === null) return;
      fail({ refused: false, sentence });
      await old.close();
    },
    async close(last, options) {
      closed = true;
      cancelPause();
      say("off", "closed");
      const old = connection;
      if (old !== null && last) await inTime(last(old)).catch(() => {});
      connection = null;
      attempt++;
      await old?.close(options);
    },
  };

  async function tryOnce(): Promise<void> {
    if (closed) return;
    const mine = ++attempt;
    if (status.state !== "refused") say("connecting", "connecting");
    let opened: Connection;
    try {
      opened = await deps.open(server, {
        message: (incoming) => {
          if (mine === attempt && !closed) deps.message(incoming);
        },
        lost: (problem) => {
          if (mine === attempt) fail(problem);
        },
      });
    } catch (error) {
      if (mine === attempt) fail(error as ConnectionProblem);
      return;
    }
    if (mine !== attempt || closed) return void opened.close();
    connection = opened;
    upSinceMs = clock.monotonicMs();
    try {
      await deps.up(opened);
    } catch (error) {
      if (mine !== attempt) return;
      fail(problemOf(error as Error, opened.url));
      return void opened.close();
    }
    if (mine !== attempt) return;
    reconnects++;
    say("up", `connected to ${hostOf(opened.url)}`);
  }

  function fail(problem: ConnectionProblem): void {
    attempt++;
    const wasUp = connection !== null;
    if (wasUp && clock.monotonicMs() - upSinceMs >= STEADY_MS) failures = 0;
    connection = null;
    failures++;
    server = (server + 1) % deps.servers;
    if (wasUp) deps.down({ hungUp: problem.hungUp === true });
    if (closed) return;
    say(problem.refused ? "refused" : "waiting", problem.sentence);
    cancelPause = clock.after(pauseMs(failures, random()), () => void tryOnce());
  }

  function say(state: SinkState, sentence: string): void {
    if (status.state === state && status.sentence === sentence) return;
    // "connecting" comes between any two tries: telling it each time would hide what matters.
    const news = state !== "connecting" && state !== "off" && !(state === "waiting" && sentence === lastTold);
    status = {
      state,
      sentence: state === "connecting" && lastTold !== "" ? lastTold : sentence,
      sinceAt: clock.wallMs(),
    };
    if (!news) return;
    lastTold = state === "up" ? "" : sentence;
    if (state === "up") log.info({ sink: deps.name }, sentence);
    else log.warn({ sink: deps.name }, sentence);
  }

  /** The last words may take a second, no more. */
  function inTime(task: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = clock.after(1000, resolve);
      task.finally(cancel).then(resolve, reject);
    });
  }
}

/** Why a connection that was made cannot be used. */
function problemOf(error: Error, url: string): ConnectionProblem {
  if (error instanceof SubscribeRefused)
    return {
      refused: true,
      sentence: `${hostOf(url)}: we may not subscribe to what we need; correct the broker's access list.`,
    };
  return { refused: false, sentence: `${hostOf(url)}: ${error.message}` };
}

function hostOf(url: string): string {
  return new URL(url).host;
}
