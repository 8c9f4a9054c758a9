import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const RESERVE_BYTES = 1_000_000;

export interface Reserve {
  /** Sets space aside while there is plenty. */
  keep(): void;
  /** Gives it back: the disk is full, and what frees space needs some to begin with. */
  release(): void;
}

/** A file that only takes up space, so that a full disk can be worked on: even removing things writes a little first. */
export function createReserve(file: string): Reserve {
  return {
    keep() {
      if (statSync(file, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return;
      const { bavail, bsize } = statfsSync(dirname(file));
      if (bavail * bsize < 4 * RESERVE_BYTES) return;
      const handle = openSync(file, "w");
      try {
        // Random: some file systems store a run of zeros in no space at all.
        writeSync(handle, randomBytes(RESERVE_BYTES));
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    },
    release() {
      rmSync(file, { force: true });
    },
  };
}
