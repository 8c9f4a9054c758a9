import type { Log } from "../system/log.js";
import type { GateLines } from "./board.js";
import { type HelperProcess, startHelper } from "./helper-process.js";
import { type InputLine, type LineDriver, LineError, type LineSpec, type OutputLine } from "./lines.js";

export interface ChardevDeps {
  log: Log;
  lines: GateLines;
  /** For tests: what speaks in the place of hw/helpers/gpio-lines.pl. */
  helper?: () => HelperProcess;
}

interface HeldLine {
  spec: LineSpec;
  level: boolean;
  /** It was told to be energised since it was last set so. */
  took: boolean;
  edge: (active: boolean) => void;
}

/**
 * Lines through the kernel's character device. A helper process holds them: it tells every edge that the kernel saw, also of
 * pulses too short for this process, and releases what was energised for too long, or everything when this process is gone.
 */
export async function createChardevDriver(deps: ChardevDeps): Promise<LineDriver> {
  const { log } = deps;
  const helper = (deps.helper ?? (() => startHelper("gpio-lines.pl")))();
  const lines = new Map<string, HeldLine>();
  const opening = new Map<string, { done: (level: boolean) => void; failed: (error: Error) => void }>();
  const failures: ((sentence: string) => void)[] = [];
  let gone: string | null = null;
  helper.onLost((sentence) => {
    gone = sentence;
    for (const { failed } of opening.values()) failed(new LineError(sentence));
    opening.clear();
    for (const held of lines.values()) held.level = false;
    for (const listener of failures) listener(sentence);
  });
  helper.onLine(heard);

  return {
    kind: "chardev",
    async openOutput(spec) {
      const held = await open("out", spec);
      let closed = false;
      const line: OutputLine = {
        name: spec.name,
        set(energised, capMs) {
          if (gone !== null) throw new LineError(gone);
          if (energised) held.took = false;
          // Taken for released until the helper, which reads it back, says otherwise.
          else held.level = false;
          helper.send(`set out:${spec.name} ${energised ? 1 : 0} ${Math.ceil(capMs ?? 0)}`);
        },
        isEnergised: () => held.level,
        tookLevel: () => held.took,
        close() {
          if (closed) return;
          closed = true;
          held.level = false;
          helper.send(`close out:${spec.name}`);
          lines.delete(`out:${spec.name}`);
        },
      };
      return line;
    },
    async openInput(spec) {
      const held = await open("in", spec);
      const line: InputLine = {
        name: spec.name,
        isActive() {
          if (gone !== null) throw new LineError(gone);
          return held.level;
        },
        onEdge(listener) {
          held.edge = listener;
        },
        close() {
          held.edge = () => {};
          if (lines.delete(`in:${spec.name}`)) helper.send(`close in:${spec.name}`);
        },
      };
      return line;
    },
    onFailure: (listener) => void failures.push(listener),
    close: () => helper.close(),
  };

  function open(kind: "out" | "in", spec: LineSpec): Promise<HeldLine> {
    if (gone !== null) return Promise.reject(new LineError(gone));
    // An input and an output may have the same name (stop); the helper has to tell them apart.
    const name = `${kind}:${spec.name}`;
    const held: HeldLine = { spec, level: false, took: false, edge: () => {} };
    return new Promise((resolve, reject) => {
      opening.set(name, {
        done(level) {
          held.level = level;
          lines.set(name, held);
          resolve(held);
        },
        failed: (error) =>
          reject(new LineError(`${spec.name} (${spec.chip} line ${spec.offset}): ${error.message}`)),
      });
      helper.send(
        `${kind} ${name} ${spec.activeLow ? 1 : 0} ${spec.bias ?? "-"} ${spec.offset} ${spec.chip}`,
      );
    });
  }

  function heard(text: string): void {
    const [word, name = "", value = "", ...rest] = text.split(" ");
    const waiting = opening.get(name);
    if (word === "opened") {
      opening.delete(name);
      waiting?.done(value === "1");
      return;
    }
    const held = lines.get(name);
    if (word === "failed") {
      opening.delete(name);
      const spec = waiting === undefined ? held?.spec : undefined;
      const sentence = why(value, rest.join(" "));
      if (waiting !== undefined) waiting.failed(new LineError(sentence));
      else log.error({ line: name, chip: spec?.chip, offset: spec?.offset }, `${name}: ${sentence}`);
      return;
    }
    if (held === undefined) return;
    if (word === "level") {
      held.level = value === "1";
      held.took ||= held.level;
    } else if (word === "cut")
      log.info({ line: name }, "The helper ended a pulse that this process was late for.");
    else if (word === "edge") {
      held.level = value === "1";
      held.edge(held.level);
    }
  }
}

function why(code: string, text: string): string {
  switch (code) {
    case "NOCHIP":
      return `there is no GPIO chip of this name; write the label of one that is here: ${text || "there is none"}.`;
    case "TWOCHIPS":
      return `${text} GPIO chips have this label; name another one in lines.`;
    case "NOLINE":
      return `the chip has the lines 0 to ${text}; choose one of them.`;
    case "16":
      return "the line is busy: a kernel driver or another program has it. Choose another pin, or free this one.";
    case "13":
    case "1":
      return "no permission; add the service's user to the group gpio and install hw/udev/60-plategate-gpio.rules.";
    case "22":
    case "25":
      return `the kernel refused (${text}); it may be older than 5.10 or know no such bias.`;
    default:
      return `${text || code}.`;
  }
}
