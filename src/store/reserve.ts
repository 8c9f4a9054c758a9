import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isDiskFull, isDiskTrouble } from "./database.js";

const RESERVE_BYTES = 1_000_000;
/** What has to be free for the store to work without worries. */
export const ROOM_BYTES = 4 * RESERVE_BYTES;
/** What copies that can be done without leave free. */
export const SPARE_BYTES = 4 * ROOM_BYTES;

export interface Reserve {
  /** Sets space aside while there is plenty. */
  keep(): void;
  /** Gives it back: the disk is full, and what frees space needs some to begin with. False: there was none. */
  release(): boolean;
}

/** A file of the store in this folder that only takes up space, so that a full disk can be worked on: even removing things writes a little first. */
export function createReserve(folder: string): Reserve {
  const file = join(folder, "reserve");
  return {
    keep() {
      if (sizeOf(file) === RESERVE_BYTES) return;
      if (freeBytes(folder) < ROOM_BYTES) return;
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
      const isThere = sizeOf(file) > 0;
      rmSync(file, { force: true });
      return isThere;
    },
  };
}

/** What can still be written to the card that this folder is on. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Whether this error goes away when there is room on the card of this folder. */
export function isForWantOfRoom(error: unknown, folder: string): boolean {
  if (isDiskFull(error)) return true;
  return isDiskTrouble(error) && existsSync(folder) && freeBytes(folder) < ROOM_BYTES;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
