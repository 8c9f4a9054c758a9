import type { Writable } from "node:stream";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Metrics } from "../system/metrics.js";
import { Refusal } from "./route.js";

const LOOK_MS = 1000;
const BEAT_MS = 5000;
/** A listener that has so much unsent is let go; it reconnects and is told everything again. */
const MAX_UNSENT_BYTES = 256 * 1024;

/**
 * Server-sent events to pages. Each new listener is first told the whole status; after that, changes. A beat every few
 * seconds lets the page notice that it has lost the appliance.
 */
export function createEvents(deps: {
  clock: Clock;
  log: Log;
  metrics: Metrics;
  maxListeners: number;
  /** The status as it is now, looked at every second while somebody listens. */
  status: () => object;
}) {
  const { clock } = deps;
  const listeners = new Set<Writable>();
  const cut = deps.metrics.counter(
    "event_listeners_dropped_total",
    "Pages let go because they did not keep up",
  );
  deps.metrics.gauge("event_listeners", "Pages listening for events", [], () => listeners.size);
  let cancel: (() => void) | null = null;
  let last = "";
  let lastSentMs = 0;

  return {
    admit(): void {
      if (listeners.size >= deps.maxListeners)
        throw new Refusal(503, `${listeners.size} pages are already open; close one of them.`);
    },

    attach(out: Writable): void {
      const leave = () => listeners.delete(out);
      out.on("close", leave);
      out.on("error", leave);
      out.write("retry: 2000\n\n");
      const now = deps.status();
      out.write(message("status", now));
      if (listeners.size === 0) last = comparable(now);
      listeners.add(out);
      if (cancel === null) look();
    },

    send,
    /** Looks for a change now instead of within a second. */
    changed: () => {
      if (listeners.size > 0) look();
    },

    close(): void {
      cancel?.();
      cancel = null;
      for (const out of listeners) out.destroy();
      listeners.clear();
    },
  };

  function send(type: string, facts: object): void {
    if (listeners.size === 0) return;
    const text = message(type, facts);
    lastSentMs = clock.monotonicMs();
    for (const out of listeners) {
      if (out.writableLength > MAX_UNSENT_BYTES) {
        listeners.delete(out);
        out.destroy();
        cut.add();
      } else out.write(text);
    }
  }

  function look(): void {
    cancel?.();
    cancel = null;
    if (listeners.size === 0) return;
    cancel = clock.after(LOOK_MS, look);
    try {
      tellChange(deps.status());
    } catch (error) {
      // This runs in the gate's process: a part that cannot say how it is must not end it.
      deps.log.warn({ error: String(error) }, "The status could not be put together.");
    }
  }

  function tellChange(now: object): void {
    const text = comparable(now);
    if (text !== last) {
      last = text;
      send("status", now);
    } else if (clock.monotonicMs() - lastSentMs >= BEAT_MS) send("beat", { at: clock.wallMs() });
  }
}

function message(type: string, facts: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(facts)}\n\n`;
}

/** The status without what changes all the time: the time itself, and tenths of frames. */
function comparable(status: object): string {
  return JSON.stringify(status, (key, value) =>
    key === "at" ? 0 : key === "fps" ? Math.round(value) : value,
  );
}
