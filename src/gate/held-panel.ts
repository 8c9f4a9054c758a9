import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Panel } from "./panel.js";

export interface HeldPanelDeps {
  clock: Clock;
  log: Log;
  /** Opens all lines; rejects with one sentence, and within a bounded time. */
  open: () => Promise<Panel>;
  /** The lines are here. */
  here: (panel: Panel) => void;
  /** The lines are away, and are being opened again. */
  away: (sentence: string) => void;
}

/** The lines for as long as they can be had: lost ones are opened again, one attempt at a time. */
export interface HeldPanel {
  /** The first attempt; rejects with one sentence when the lines cannot be had. */
  open(): Promise<void>;
  /** Goes on without lines, and with attempts to open them. */
  lose(sentence: string): void;
  close(): void;
}

/** Between two attempts; the pause doubles, so that what fails at once does not start a helper every second for ever. */
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 8000;

export function holdPanel({ clock, log, open, here, away }: HeldPanelDeps): HeldPanel {
  let panel: Panel | null = null;
  let pauseMs = SHORTEST_PAUSE_MS;
  let hereSinceMs = clock.monotonicMs();
  let closed = false;
  let cancel = () => {};
  return {
    open: attempt,
    lose,
    close() {
      closed = true;
      cancel();
      panel?.close();
      panel = null;
    },
  };

  async function attempt(): Promise<void> {
    const opened = await open();
    if (closed) return opened.close();
    panel = opened;
    hereSinceMs = clock.monotonicMs();
    here(opened);
    // Told only now: what is lost while it is being opened is a failed attempt, and the attempt alone is tried again.
    opened.onLost(lose);
  }

  function lose(sentence: string): void {
    if (closed) return;
    panel?.close();
    panel = null;
    if (clock.monotonicMs() - hereSinceMs > LONGEST_PAUSE_MS) pauseMs = SHORTEST_PAUSE_MS;
    away(sentence);
    later();
  }

  function later(): void {
    cancel();
    cancel = clock.after(pauseMs, () => {
      attempt().catch((error: Error) => {
        if (closed) return;
        log.error({ error: error.message }, "The lines could not be opened again; it is tried on.");
        later();
      });
    });
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}
