import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { bootId } from "../system/boot.js";

export interface Claim {
  /** False: a running appliance has the store; this process is a guest that reads and writes, but looks after nothing. */
  isOwner: boolean;
  release(): void;
}

/** Claims a store by a file with this process's identity; a claim of a process that is gone does not count. */
export function claim(file: string): Claim {
  const mine = identityOf(process.pid);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx" });
      return { isOwner: true, release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const theirs = readFileSync(file, "utf8");
    if (theirs !== "" && theirs === identityOf(Number.parseInt(theirs, 10))) break;
    rmSync(file, { force: true });
  }
  return { isOwner: false, release: () => {} };
}

/**
 * Number, start time and boot: a number is given to another process sooner or later, and after a power cut the same number
 * may be given at the same time after the start. Empty: there is no such process.
 */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${pid} ${startTime} ${bootId()}`;
  } catch {
    return pid === process.pid ? `${pid} here` : "";
  }
}
