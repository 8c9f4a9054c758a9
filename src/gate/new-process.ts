import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";

export interface NewProcessDeps {
  clock: Clock;
  log: Log;
  /** Writes down what `isTried` says now; true when it is on the card. */
  keep: () => Promise<boolean>;
}

/** One new process for lines that stay away, which is started with nothing left of the old one; a second would do it no better. */
export interface NewProcess {
  /** It was asked for, in this process or the one before, and the lines have not been here since. */
  isTried(): boolean;
  isWanted(): boolean;
  /** This is the process that was asked for. */
  restore(): void;
  linesAway(): void;
  linesHere(): void;
  close(): void;
}

const AFTER_MS = 60_000;

export function createNewProcess({ clock, log, keep }: NewProcessDeps): NewProcess {
  let state: "no need" | "wanted" | "tried" = "no need";
  let cancel = () => {};
  return {
    isTried: () => state !== "no need",
    isWanted: () => state === "wanted",
    restore() {
      state = "tried";
    },
    linesAway() {
      cancel();
      if (state === "no need") cancel = clock.after(AFTER_MS, () => void ask());
    },
    linesHere() {
      cancel();
      if (state === "no need") return;
      state = "no need";
      void keep();
    },
    close: () => cancel(),
  };

  async function ask(): Promise<void> {
    state = "tried";
    // A process that does not know that it is the new one would be ended for the same reason, again and again.
    if (!(await keep()) || state !== "tried") return;
    state = "wanted";
    log.error({}, "The lines stay away; systemd should start the service anew, once.");
  }
}
