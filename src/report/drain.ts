import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { OutboxPort } from "./ports.js";

/**
 * What became of an event: `taken` by the receiver; `unusable`, nobody will ever take it, go on without it;
 * `lost`, the way to the receiver broke, everything from here on is sent again after `up()`.
 */
export type SendResult = "taken" | "unusable" | "lost";

export interface DrainDeps {
  name: string;
  outbox: Pick<OutboxPort, "pending">;
  clock: Clock;
  log: Log;
  /** Events under way at a time. */
  window: number;
  /** Starts sending one event; called in order. Never throws. */
  send(event: OutboxEvent): Promise<SendResult>;
  /** These left the outbox for good as far as this receiver goes; in order, without gaps. */
  delivered(seqs: readonly number[]): void;
  /** Called when everything that was known has been delivered. */
  idle?(): void;
}

export interface Drain {
  /** The receiver can be reached: go on after the last event that it has. */
  up(): void;
  /**
   * The connection is gone. `hungUp`: the receiver closed it; then the same event first in line again and again is taken
   * for the cause. A network that breaks is no event's fault.
   */
  down(problem: { hungUp: boolean }): void;
  /** Stops without blaming an event: the receiver asked for it. */
  rest(): void;
  /** Starts nothing more; fulfils when everything under way has been answered. */
  finish(): Promise<void>;
  /** Something was committed. */
  poke(): void;
  /** Sets where to begin; only before the first `up`. */
  resumeAfter(seq: number): void;
  status(): { delivered: number; resent: number; dropped: number; upTo: number };
}

interface UnderWay {
  event: OutboxEvent;
  done: boolean;
}

/** Events read ahead of the window, so that reading the store and sending overlap. */
const PAGE = 256;
/** The receiver broke the connection this often with the same event first in line: it is left out. */
const POISON_TRIES = 4;

/**
 * Sends the outbox to one receiver: in order, several at a time, after a loss again from the first one that was not
 * taken. Memory stays the same however long the outbox is.
 */
export function createDrain(deps: DrainDeps): Drain {
  const { outbox, clock, log } = deps;
  const counts = { delivered: 0, resent: 0, dropped: 0 };
  let isUp = false;
  // Everything a former connection still reports carries an older number and is ignored.
  let generation = 0;
  let deliveredUpTo = 0;
  let sentUpTo = 0;
  let readUpTo = 0;
  let read: OutboxEvent[] = [];
  let underWay: UnderWay[] = [];
  let reading = false;
  let more = true;
  let suspect = { seq: -1, tries: 0 };
  let cancelRetry = () => {};
  let finished: (() => void) | null = null;

  return {
    up() {
      reset();
      isUp = true;
      pump();
    },
    down({ hungUp }) {
      isUp = false;
      if (!hungUp) return reset();
      const first = underWay.find((u) => !u.done)?.event.seq ?? -1;
      suspect =
        first !== -1 && first === suspect.seq
          ? { seq: first, tries: suspect.tries + 1 }
          : { seq: first, tries: 1 };
      reset();
    },
    rest() {
      isUp = false;
      reset();
    },
    finish: () =>
      new Promise((resolve) => {
        finished = resolve;
        if (underWay.length === 0) resolve();
      }),
    poke() {
      more = true;
      pump();
    },
    resumeAfter(seq) {
      deliveredUpTo = seq;
      sentUpTo = seq;
      readUpTo = seq;
    },
    status: () => ({ ...counts, upTo: deliveredUpTo }),
  };

  function reset(): void {
    generation++;
    cancelRetry();
    read = [];
    underWay = [];
    finished?.();
    readUpTo = deliveredUpTo;
    more = true;
  }

  function pump(): void {
    if (finished !== null && underWay.length === 0) finished();
    if (!isUp || finished !== null) return;
    // A suspect goes alone: if the connection breaks again, it was this one.
    const window = suspect.tries > 1 ? 1 : deps.window;
    while (underWay.length < window) {
      const event = read.shift();
      if (event === undefined) break;
      start(event);
    }
    if (read.length < PAGE / 2 && more && !reading) void fill();
    else if (underWay.length === 0 && read.length === 0 && !more && !reading) deps.idle?.();
  }

  function start(event: OutboxEvent): void {
    if (event.seq <= sentUpTo) counts.resent++;
    else sentUpTo = event.seq;
    const entry: UnderWay = { event, done: false };
    underWay.push(entry);
    if (event.seq === suspect.seq && suspect.tries >= POISON_TRIES) {
      log.error(
        { sink: deps.name, event: event.id },
        "this event broke the connection again and again; it is left out",
      );
      counts.dropped++;
      finish(entry);
      return;
    }
    const mine = generation;
    deps.send(event).then((result) => {
      if (mine !== generation) return;
      // The loss itself is told by `down`; until then nothing more is taken from this connection.
      if (result === "lost") {
        finished?.();
        return;
      }
      if (result === "unusable") counts.dropped++;
      else counts.delivered++;
      finish(entry);
      pump();
    });
  }

  function finish(entry: UnderWay): void {
    entry.done = true;
    const seqs: number[] = [];
    while (underWay[0]?.done === true) seqs.push((underWay.shift() as UnderWay).event.seq);
    if (seqs.length === 0) return;
    deliveredUpTo = seqs[seqs.length - 1] as number;
    if (suspect.seq !== -1 && deliveredUpTo >= suspect.seq) suspect = { seq: -1, tries: 0 };
    deps.delivered(seqs);
  }

  async function fill(): Promise<void> {
    reading = true;
    more = false;
    const mine = generation;
    try {
      const events = await outbox.pending(readUpTo, PAGE);
      if (mine === generation) {
        read.push(...events);
        readUpTo = events.at(-1)?.seq ?? readUpTo;
        if (events.length === PAGE) more = true;
      }
    } catch (error) {
      log.warn(
        { sink: deps.name, error: (error as Error).message },
        "the outbox cannot be read; trying again",
      );
      cancelRetry = clock.after(1000, () => {
        more = true;
        pump();
      });
    } finally {
      reading = false;
    }
    pump();
  }
}
