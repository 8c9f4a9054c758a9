import { readFileSync } from "node:fs";
import type { Log } from "../system/log.js";
import { replaceFile } from "../system/replace-file.js";

/** What a restart must not undo, above all what people decided. A hold is not among it: that ends with the process. */
export interface Kept {
  mode: "normal" | "locked";
  /** An operator has stopped the barrier, and nobody has released it. */
  stopped: boolean;
  /** The lines stayed away, and this process was started to have another try. */
  triedAnew?: true;
}

export interface Keep {
  /** Read before the lines are opened. A file that cannot be understood locks the gate; no file: nothing was decided. */
  read(): Kept;
  /** Begins to write it; never throws and never waits. */
  write(kept: Kept): void;
  /** Fulfils when the newest is on the card: true; or could not be written: false. */
  settled(): Promise<boolean>;
}

/**
 * Keeps it in a small file of its own: it must be known before the first line is opened, when the store is not open yet,
 * and must not be lost with a damaged database.
 */
export function createKeep(path: string, log: Log): Keep {
  let writing: Promise<unknown> = Promise.resolve();
  let isKept = true;
  let newest: Kept | null = null;

  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return { mode: "normal", stopped: false };
        return unreadable((error as Error).message);
      }
      return parsed(text) ?? unreadable("it is not as this program writes it");
    },
    write(kept) {
      newest = kept;
      writing = writing.then(async () => {
        // Only the last of several wishes is worth a write.
        const wanted = newest;
        newest = null;
        if (wanted === null) return;
        try {
          await replaceFile(path, `${JSON.stringify(wanted)}\n`);
          isKept = true;
        } catch (error) {
          isKept = false;
          log.error(
            { path, error: (error as Error).message },
            "Mode and stop could not be kept; a restart would forget them.",
          );
        }
      });
    },
    settled: () => writing.then(() => isKept),
  };

  function unreadable(why: string): Kept {
    log.error(
      { path, why },
      "The kept mode cannot be read, so the gate starts locked; send the mode normal.",
    );
    return { mode: "locked", stopped: false };
  }
}

function parsed(text: string): Kept | null {
  try {
    const { mode, stopped, triedAnew } = JSON.parse(text) as Partial<Kept>;
    if ((mode !== "normal" && mode !== "locked") || typeof stopped !== "boolean") return null;
    return { mode, stopped, ...(triedAnew === true ? { triedAnew } : {}) };
  } catch {
    return null;
  }
}
