import type { Log } from "../system/log.js";
import { type HelperProcess, startHelper } from "./helper-process.js";

/** Somebody outside this process who can release a line: see hw/helpers/line-guard.pl. */
export interface LineGuard {
  /** `valueFile` of sysfs and the level that is safe. */
  watch(name: string, valueFile: string, safe: 0 | 1): void;
  /** Energised now; to be released after `capMs`, null: only when this process is gone. */
  on(name: string, capMs: number | null): void;
  off(name: string): void;
  forget(name: string): void;
  onLost(listener: (sentence: string) => void): void;
  close(): void;
}

export function createLineGuard(log: Log, helper: HelperProcess = startHelper("line-guard.pl")): LineGuard {
  helper.onLine((line) => {
    const [word, name] = line.split(" ");
    if (word === "cut") log.info({ line: name }, "The guard ended a pulse that this process was late for.");
    else if (word === "failed") log.error({ line: name, said: line }, "The guard could not open a line.");
  });
  return {
    watch: (name, valueFile, safe) => helper.send(`watch ${name} ${safe} ${valueFile}`),
    on: (name, capMs) => helper.send(`on ${name} ${capMs === null ? 0 : Math.ceil(capMs)}`),
    off: (name) => helper.send(`off ${name}`),
    forget: (name) => helper.send(`forget ${name}`),
    onLost: helper.onLost,
    close: helper.close,
  };
}
