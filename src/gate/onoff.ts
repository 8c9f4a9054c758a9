import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Gpio } from "onoff";
import type { Log } from "../system/log.js";
import type { GateLines } from "./board.js";
import { createLineGuard, type LineGuard } from "./line-guard.js";
import { type InputLine, type LineDriver, LineError, type LineSpec, type OutputLine } from "./lines.js";
import { globalNumber, listSysfsChips, SYSFS_GPIO } from "./sysfs-chips.js";

/** The part of onoff's Gpio that is used, so that tests can put another in its place. */
export interface GpioLike {
  readSync(): number;
  writeSync(value: 0 | 1): void;
  watch(callback: (error: Error | null | undefined, value: number) => void): void;
  unexport(): void;
}

export interface OnoffDeps {
  log: Log;
  lines: GateLines;
  /** For tests: where the chips are listed, and who opens a line. */
  root?: string;
  open?: (number: number, direction: "in" | "high" | "low", edge?: "both") => GpioLike;
  guard?: () => LineGuard;
}

/**
 * Lines through sysfs and onoff. A line in sysfs keeps its level when the process dies, so a guard process beside this one
 * holds the outputs' value files too: it releases what was energised for too long, and everything when this process is gone.
 */
export async function createOnoffDriver(deps: OnoffDeps): Promise<LineDriver> {
  const { log, root = SYSFS_GPIO } = deps;
  const chips = listSysfsChips(root);
  const [first] = Object.values(deps.lines.outputs);
  // Not one of the chips is here: another driver may know them (`auto`). Single wrong lines are told when they are opened.
  if (
    first !== undefined &&
    !chips.some((c) => Object.values(deps.lines.outputs).some((o) => o.chip === c.label))
  )
    globalNumber(first, chips, root);
  if (deps.open === undefined && !Gpio.accessible)
    throw new LineError(
      `${root}/export cannot be written; add the service's user to the group gpio and install hw/udev/60-plategate-gpio.rules.`,
    );
  const open = deps.open ?? ((number, direction, edge) => new Gpio(number, direction, edge ?? "none"));
  const opened = new Set<{ close(): void }>();
  const failures: ((sentence: string) => void)[] = [];
  let lost = false;
  const guard = (deps.guard ?? (() => createLineGuard(log)))();
  guard.onLost((sentence) => {
    for (const listener of failures) listener(sentence);
  });

  return {
    kind: "onoff",
    async openOutput(spec) {
      const number = globalNumber(spec, chips, root);
      // The direction words high and low set level and direction in one step: no edge, whatever the line was.
      const gpio = tryOpen(spec, number, spec.activeLow ? "high" : "low");
      const safe = spec.activeLow ? 1 : 0;
      guard.watch(spec.name, join(root, `gpio${number}`, "value"), safe);
      let closed = false;
      let took = false;
      const line: OutputLine = {
        name: spec.name,
        set(energised, capMs) {
          if (energised) guard.on(spec.name, capMs ?? null);
          try {
            gpio.writeSync(energised === spec.activeLow ? 0 : 1);
            took = energised ? gpio.readSync() !== safe : took;
          } catch (error) {
            gone(error as NodeJS.ErrnoException);
            throw error;
          }
          if (!energised) guard.off(spec.name);
        },
        isEnergised: () => gpio.readSync() !== safe,
        tookLevel: () => took,
        close() {
          if (closed) return;
          closed = true;
          opened.delete(line);
          gpio.writeSync(safe);
          guard.forget(spec.name);
          // Unexporting may turn the line into an input; the relay board's own resistor keeps it off then.
          gpio.unexport();
        },
      };
      opened.add(line);
      return line;
    },
    async openInput(spec) {
      const number = globalNumber(spec, chips, root);
      const gpio = tryOpen(spec, number, "in", "both");
      let closed = false;
      const line: InputLine = {
        name: spec.name,
        isActive() {
          try {
            return (gpio.readSync() === 1) !== spec.activeLow;
          } catch (error) {
            gone(error as NodeJS.ErrnoException);
            throw error;
          }
        },
        onEdge(listener) {
          gpio.watch((error) => {
            if (closed) return;
            if (error) log.warn({ line: spec.name, error: error.message }, "An edge could not be read.");
            // onoff tells the level of the moment it looked; it is read again, because a short pulse is over by then.
            // What cannot be read here is found by the poll, which knows what that means for the input.
            try {
              listener(line.isActive());
            } catch {}
          });
        },
        close() {
          if (closed) return;
          closed = true;
          opened.delete(line);
          gpio.unexport();
        },
      };
      opened.add(line);
      return line;
    },
    onFailure: (listener) => void failures.push(listener),
    close() {
      for (const line of [...opened]) {
        try {
          line.close();
        } catch (error) {
          log.error({ error: (error as Error).message }, "A line could not be given back.");
        }
      }
      guard.close();
    },
  };

  /** Somebody has unexported a line under us: nothing that is open can be trusted any more. */
  function gone(error: NodeJS.ErrnoException): void {
    if (error.code !== "ENODEV" || lost) return;
    lost = true;
    // Not in the middle of what is being done to the line.
    queueMicrotask(() => {
      for (const listener of failures) listener(`a line is gone (${error.message}).`);
    });
  }

  function tryOpen(
    spec: LineSpec,
    number: number,
    direction: "in" | "high" | "low",
    edge?: "both",
  ): GpioLike {
    const path = join(root, `gpio${number}`);
    const before = existsSync(path);
    try {
      return open(number, direction, edge);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!before && !existsSync(path)) giveBack(number);
      throw new LineError(
        `${spec.name} (${spec.chip} line ${spec.offset}, number ${number}): ${why(code, error as Error)}`,
      );
    }
  }

  /** A line with a name of its own is exported under that name: onoff fails and leaves it behind. */
  function giveBack(number: number): void {
    try {
      writeFileSync(join(root, "unexport"), String(number));
    } catch {
      // It was not exported: nothing to give back.
    }
  }
}

function why(code: string | undefined, error: Error): string {
  switch (code) {
    case "EBUSY":
      return "the line is busy: a kernel driver or another program has it. Choose another pin, or free this one.";
    case "EINVAL":
      return "the kernel knows no such line. Check chip and offset.";
    case "ENOENT":
      return "the kernel gives this line a name of its own, which onoff cannot open; use the driver chardev.";
    case "EACCES":
    case "EPERM":
      return "no permission; add the service's user to the group gpio and install hw/udev/60-plategate-gpio.rules.";
    case "EIO":
      return "the line cannot be used that way (EIO). Check that it is no input-only pin.";
    default:
      return error.message;
  }
}
