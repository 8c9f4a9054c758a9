import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { OutputLine } from "./lines.js";

export const SHORTEST_PULSE_MS = 100;
export const LONGEST_PULSE_MS = 5000;

export type RelayResult = "done" | "no-relay" | "relay-on" | "cut";

export interface Relay {
  /** Energises for `ms` (clamped to 100–5000) and calls `ended` once. A running pulse is not prolonged: it is cut first. */
  pulse(ms: number, ended: (result: RelayResult) => void): void;
  /** De-energises now; a running pulse ends with `cut`. */
  cut(): void;
  isEnergised(): boolean;
  /** Releases again what should be released and is not; to be called now and then. */
  tend(): void;
  close(): void;
}

/**
 * The helper process ends the pulse this long after its time, should this process be late or dead: the length of a pulse does
 * not hang on this event loop.
 */
const CAP_MARGIN_MS = 20;
/** A line that lives in another process answers a moment later; a relay's own contact does so anyway. */
const SETTLE_MS = 60;

/** One movement relay: pulses of a bounded length, read back at their end and after their release. */
export function createRelay(line: OutputLine, clock: Clock, log: Log, dryRun: boolean): Relay {
  let running: { cancel: () => void; ended: (result: RelayResult) => void } | null = null;
  let cancelCheck = () => {};

  return {
    pulse(ms, ended) {
      cut();
      cancelCheck();
      const lengthMs = Math.min(LONGEST_PULSE_MS, Math.max(SHORTEST_PULSE_MS, Number.isFinite(ms) ? ms : 0));
      if (dryRun) {
        log.info({ line: line.name, lengthMs }, "Dry run: this pulse was not given.");
        running = { cancel: clock.after(lengthMs, () => finish("done")), ended };
        return;
      }
      try {
        line.set(true, lengthMs + CAP_MARGIN_MS);
      } catch (error) {
        log.error({ line: line.name, error: (error as Error).message }, "The relay line took no level.");
        release();
        ended("no-relay");
        return;
      }
      running = {
        cancel: clock.after(lengthMs, () => {
          if (!release()) return finish("relay-on");
          // Judged a moment later: a line in another process, and a loop that was late, have been heard by then.
          cancelCheck = clock.after(SETTLE_MS, () =>
            finish(read() ? "relay-on" : tookLevel() ? "done" : "no-relay"),
          );
        }),
        ended,
      };
    },
    cut,
    isEnergised: read,
    tend() {
      if (running === null && !dryRun && read()) release();
    },
    close() {
      cut();
      cancelCheck();
      line.close();
    },
  };

  function cut(): void {
    if (running === null) {
      if (!dryRun && read()) release();
      return;
    }
    running.cancel();
    cancelCheck();
    if (!dryRun) release();
    finish("cut");
  }

  function finish(result: RelayResult): void {
    const ended = running?.ended;
    running = null;
    ended?.(result);
  }

  function release(): boolean {
    try {
      line.set(false);
      return true;
    } catch (error) {
      log.error(
        { line: line.name, error: (error as Error).message },
        "The relay line could not be released.",
      );
      return false;
    }
  }

  function tookLevel(): boolean {
    try {
      return line.tookLevel();
    } catch {
      return false;
    }
  }

  /** A line that cannot be read is not known to be on; whether it took its level is asked apart from this. */
  function read(): boolean {
    try {
      return line.isEnergised();
    } catch {
      return false;
    }
  }
}
