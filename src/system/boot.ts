import { readFileSync } from "node:fs";

/** Another word after each boot of the machine: monotonic times can be compared only within one. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // No Linux: every start counts as a boot.
    return `start-${process.pid}-${process.hrtime.bigint()}`;
  }
}
