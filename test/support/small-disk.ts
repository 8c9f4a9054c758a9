import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";

/** A file system of a few megabytes at this folder; false where this machine does not let us. */
export function mountSmall(folder: string, megabytes: number): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "ignore" });
    return existsSync(folder);
  } catch {
    return false;
  }
}

/** Writes into this file until not a byte is left. */
export function fillUp(file: string): void {
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size, 1), { flag: "a" });
    } catch {
      // Full, as wanted.
    }
  }
}
