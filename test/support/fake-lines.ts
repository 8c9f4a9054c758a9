import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HelperProcess } from "../../src/gate/helper-process.js";
import type { LineGuard } from "../../src/gate/line-guard.js";
import type { GpioLike } from "../../src/gate/onoff.js";

/** A folder like /sys/class/gpio with these chips. */
export function sysfsTree(chips: readonly { dir: string; label: string; base: number; lines: number }[]) {
  const root = mkdtempSync(join(tmpdir(), "sysfs-"));
  for (const chip of chips) {
    const folder = join(root, chip.dir);
    mkdirSync(folder);
    writeFileSync(join(folder, "label"), `${chip.label}\n`);
    writeFileSync(join(folder, "base"), `${chip.base}\n`);
    writeFileSync(join(folder, "ngpio"), `${chip.lines}\n`);
  }
  return { root, end: () => rmSync(root, { recursive: true }) };
}

/** Pins that onoff's Gpio would open; the level of a pin survives who opened it, as in the kernel. */
export function fakePins() {
  const levels = new Map<number, 0 | 1>();
  const directions: string[] = [];
  const edges: string[] = [];
  const watchers = new Map<number, ((error: null, value: number) => void)[]>();
  const errors = new Map<number, string>();
  const put = (n: number, value: 0 | 1) => {
    if ((levels.get(n) ?? 0) !== value) edges.push(`${n}:${value}`);
    levels.set(n, value);
  };
  const open = (number: number, direction: "in" | "high" | "low"): GpioLike => {
    const code = errors.get(number);
    if (code !== undefined) throw Object.assign(new Error(`${code}: no`), { code });
    directions.push(`${number} ${direction}`);
    if (direction !== "in") put(number, direction === "high" ? 1 : 0);
    return {
      readSync: () => levels.get(number) ?? 0,
      writeSync: (value) => put(number, value),
      watch: (callback) => void watchers.set(number, [...(watchers.get(number) ?? []), callback]),
      unexport: () => void directions.push(`${number} unexport`),
    };
  };
  return {
    open,
    directions,
    edges,
    level: (n: number) => levels.get(n) ?? 0,
    preset: (n: number, value: 0 | 1) => void levels.set(n, value),
    drive(n: number, value: 0 | 1) {
      levels.set(n, value);
      for (const w of watchers.get(n) ?? []) w(null, value);
    },
    refuse: (n: number, code: string) => void errors.set(n, code),
  };
}

export function fakeGuard(): LineGuard & { said: string[]; lose: (sentence: string) => void } {
  const said: string[] = [];
  const lost: ((sentence: string) => void)[] = [];
  return {
    said,
    watch: (name, file, safe) => void said.push(`watch ${name} ${safe} ${file}`),
    on: (name, capMs) => void said.push(`on ${name} ${capMs}`),
    off: (name) => void said.push(`off ${name}`),
    forget: (name) => void said.push(`forget ${name}`),
    onLost: (listener) => void lost.push(listener),
    close: () => void said.push("close"),
    lose: (sentence) => {
      for (const listener of lost) listener(sentence);
    },
  };
}

/** Speaks like hw/helpers/gpio-lines.pl, for one chip of eight lines. */
export function fakeHelper(label = "chip") {
  const levels = new Map<string, number>();
  const offsets = new Map<string, number>();
  const sent: string[] = [];
  let listener: (line: string) => void = () => {};
  let lost: (sentence: string) => void = () => {};
  const helper: HelperProcess = {
    pid: 1,
    send(line) {
      sent.push(line);
      const [word = "", name = "", ...rest] = line.split(" ");
      if (word === "out" || word === "in") {
        const [, , offset = "", ...words] = rest;
        if (words.join(" ") !== label) return listener(`failed ${name} NOCHIP ${label}`);
        if (Number(offset) > 7) return listener(`failed ${name} NOLINE 7`);
        if ([...offsets.values()].includes(Number(offset)))
          return listener(`failed ${name} 16 Device or resource busy`);
        offsets.set(name, Number(offset));
        levels.set(name, 0);
        listener(`opened ${name} 0`);
      } else if (word === "set") {
        levels.set(name, Number(rest[0]));
        listener(`level ${name} ${rest[0]}`);
      } else if (word === "close") {
        offsets.delete(name);
        levels.set(name, 0);
      }
    },
    onLine: (l) => {
      listener = l;
    },
    onLost: (l) => {
      lost = l;
    },
    close: () => void sent.push("END"),
  };
  return {
    helper,
    sent,
    level: (name: string) => levels.get(name) ?? 0,
    say: (line: string) => listener(line),
    lose: (sentence: string) => lost(sentence),
  };
}
