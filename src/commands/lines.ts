import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Config } from "../config.js";
import { type GateLines, resolveLines } from "../gate/board.js";
import { openDriver } from "../gate/driver.js";
import { watchInput } from "../gate/inputs.js";
import type { LineDriver, LineSpec } from "../gate/lines.js";
import { createRelay } from "../gate/relay.js";
import { type Clock, systemClock } from "../system/clock.js";
import { silentLog } from "../system/log.js";
import { ask } from "./ask.js";
import { configOfGate } from "./config-of-gate.js";

export interface LinesDeps {
  clock: Clock;
  out: (line: string) => void;
  err: (line: string) => void;
  ask: (question: string) => Promise<string>;
  openDriver: (config: Config, lines: GateLines) => Promise<LineDriver>;
  /** Fulfils when somebody has had enough of watching. */
  untilStopped: () => Promise<void>;
  /** A gate is running here; its lines are not to be touched. */
  isRunning: () => boolean;
}

export const LINES_USAGE = `plategate lines list              the lines of this gate and where they are
plategate lines watch             shows every input as it changes, until Ctrl-C
plategate lines test NAME         one pulse on an output, after you confirmed that nobody is under the barrier
All take --config FILE; test takes --ms N (100 to 5000). The gate itself must not be running for watch and test.`;

/** Looks at and tries the lines of a gate while it is being set up; the exit code. */
export async function linesCommand(args: readonly string[], deps: LinesDeps = machine): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { config: { type: "string" }, ms: { type: "string" } },
    allowPositionals: true,
  });
  const [what, name] = positionals;
  const config = configOfGate(values.config);
  const lines = resolveLines(config.lines, undefined, config.where);
  if (what === "list") return list(lines, deps);
  if ((what !== "watch" && what !== "test") || (what === "test" && name === undefined)) {
    deps.err(LINES_USAGE);
    return 2;
  }
  if (deps.isRunning()) {
    deps.err("The gate is running and holds its lines; stop it first: systemctl stop plategate.");
    return 1;
  }
  const driver = await deps.openDriver(config, lines);
  try {
    return what === "watch"
      ? await watch(driver, lines, deps)
      : await test(driver, lines, name ?? "", Number(values.ms ?? config.barrier.pulseMs), deps);
  } finally {
    driver.close();
  }
}

function list(lines: GateLines, { out }: LinesDeps): number {
  const row = (spec: LineSpec, kind: string) =>
    out(
      `${kind}  ${spec.name.padEnd(9)} ${spec.chip} line ${spec.offset}, active ${spec.activeLow ? "low" : "high"}`,
    );
  out(lines.board);
  for (const spec of Object.values(lines.outputs)) row(spec, "output");
  for (const spec of Object.values(lines.inputs)) row(spec, "input ");
  return 0;
}

async function watch(driver: LineDriver, lines: GateLines, deps: LinesDeps): Promise<number> {
  const inputs = [];
  for (const [name, spec] of Object.entries(lines.inputs)) {
    const line = await driver.openInput(spec);
    const input = watchInput(name as keyof GateLines["inputs"], line, deps.clock, (active) =>
      deps.out(`${name} ${active ? "active" : "inactive"}`),
    );
    deps.out(`${name} ${input.isActive() ? "active" : "inactive"}`);
    inputs.push(input);
  }
  await deps.untilStopped();
  for (const input of inputs) input.close();
  return 0;
}

async function test(
  driver: LineDriver,
  lines: GateLines,
  name: string,
  ms: number,
  { clock, out, err, ask }: LinesDeps,
): Promise<number> {
  const spec = Object.values(lines.outputs).find((s) => s.name === name);
  if (spec === undefined) {
    err(`No output ${name} is wired; there are: ${Object.keys(lines.outputs).join(", ")}.`);
    return 1;
  }
  if (!(ms >= 100 && ms <= 5000)) {
    err("A pulse has 100 to 5000 ms.");
    return 2;
  }
  const answer = await ask(
    `This energises ${name} for ${ms} ms. Is nobody and nothing under the barrier? Type CLEAR: `,
  );
  if (answer.trim() !== "CLEAR") {
    err("Not confirmed; nothing was energised.");
    return 1;
  }
  const relay = createRelay(await driver.openOutput(spec), clock, silentLog, false);
  const result = await new Promise<string>((resolve) => relay.pulse(ms, resolve));
  relay.close();
  out(
    result === "done"
      ? `${name} was energised for ${ms} ms, read back, and released.`
      : `${name}: ${result}. ${result === "no-relay" ? "The line did not take its level." : "The line does not release."}`,
  );
  return result === "done" ? 0 : 1;
}

const machine: LinesDeps = {
  clock: systemClock,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  ask,
  openDriver: (config, lines) =>
    openDriver({ clock: systemClock, log: silentLog, config: config.lines, lines, runtimeFolder: undefined }),
  untilStopped: () => new Promise((resolve) => process.once("SIGINT", () => resolve())),
  isRunning: () => existsSync("/run/plategate/lines"),
};
