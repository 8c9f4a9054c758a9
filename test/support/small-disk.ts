import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

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
