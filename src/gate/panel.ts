import type { InputName, OutputName, PulseLine } from "../core/barrier-types.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { GateLines } from "./board.js";
import { type DebouncedInput, POLL_MS, watchInput } from "./inputs.js";
import { type InputLine, type LineDriver, LineError, type LineSpec, type OutputLine } from "./lines.js";
import { createRelay, type Relay, type RelayResult } from "./relay.js";
import type { BarrierConfig } from "./settings.js";

export interface PanelDeps {
  clock: Clock;
  log: Log;
  driver: () => Promise<LineDriver>;
  lines: GateLines;
  barrier: BarrierConfig;
  changed: (name: InputName, active: boolean) => void;
}

type LevelLine = "hold" | "red" | "green" | "warn";

/** All lines of the gate, opened. */
export interface Panel {
  kind: LineDriver["kind"];
  pulse(line: PulseLine, ms: number, ended: (result: RelayResult) => void): void;
  cut(line: PulseLine): void;
  level(line: LevelLine, on: boolean): void;
  inputs(): Partial<Record<InputName, boolean>>;
  outputs(): Partial<Record<OutputName, boolean>>;
  /** When all inputs were looked at last, monotonic ms. */
  polledAtMs(): number;
  /** Called when the lines are lost, at once when they were lost already; then this panel is only good to be closed. */
  onLost(listener: (sentence: string) => void): void;
  close(): void;
}

const PULSED: readonly PulseLine[] = ["lift", "close", "stop"];
const LEVELS: readonly LevelLine[] = ["red", "green", "warn", "hold"];
/** A level that invites or holds is given for this long only and given again while this process is well. */
const LEASE_MS = 6000;
const RENEW_MS = 2000;
const LEASED: readonly LevelLine[] = ["hold", "green"];
/** A driver that hangs must not hang the gate: after this long the lines are given up, and can be tried anew. */
const OPEN_MS = 10_000;

/** Opens every line, or none: what was opened is given back when one of them cannot be had, or does not answer. */
export async function createPanel(deps: PanelDeps): Promise<Panel> {
  const { clock, log, lines } = deps;
  const relays = new Map<PulseLine, Relay>();
  const levels = new Map<LevelLine, { line: OutputLine; on: boolean }>();
  const inputs = new Map<InputName, DebouncedInput>();
  const problems: string[] = [];
  let closed = false;
  let waitsFor = "the driver";
  let polledAtMs = clock.monotonicMs();
  let cancelPoll = () => {};
  let cancelRenew = () => {};
  let closeDriver = () => {};
  let lost: string | null = null;
  let giveUp: (error: Error) => void = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  let whenLost = (sentence: string) => giveUp(new LineError(sentence));
  const cancelLimit = clock.after(OPEN_MS, () => giveUp(new LineError(tooLate())));
  let kind: LineDriver["kind"];
  try {
    kind = await Promise.race([openLines(), givenUp]);
  } catch (error) {
    close();
    throw error;
  } finally {
    cancelLimit();
  }
  cancelPoll = clock.after(POLL_MS, poll);
  cancelRenew = clock.after(RENEW_MS, renew);

  return {
    kind,
    pulse(name, ms, ended) {
      const relay = relays.get(name);
      if (relay === undefined) return ended("no-relay");
      // The machine cuts one before it pulls the other; a relay that does not let go must not be joined by its opposite.
      const opposite = relays.get(name === "lift" ? "close" : "lift");
      if (name !== "stop" && opposite?.isEnergised() === true) {
        opposite.cut();
        if (opposite.isEnergised()) return ended("relay-on");
      }
      relay.pulse(ms, ended);
    },
    cut: (name) => relays.get(name)?.cut(),
    level(name, on) {
      const entry = levels.get(name);
      if (entry === undefined) return;
      entry.on = on;
      put(name, entry);
    },
    inputs: () => Object.fromEntries([...inputs].map(([name, input]) => [name, input.isActive()])),
    outputs: () =>
      Object.fromEntries([
        ...[...relays].map(([name, relay]) => [name, relay.isEnergised()]),
        ...[...levels].map(([name, { line }]) => [name, isEnergised(line)]),
      ]),
    polledAtMs: () => polledAtMs,
    onLost(listener) {
      whenLost = listener;
      if (lost !== null) listener(lost);
    },
    close,
  };

  async function openLines(): Promise<LineDriver["kind"]> {
    const driver = await deps.driver();
    // Nobody waits for it any more.
    if (closed) attemptClose(() => driver.close());
    else closeDriver = () => driver.close();
    driver.onFailure?.((sentence) => {
      if (closed) return;
      lost = sentence;
      whenLost(sentence);
    });
    // Running dry the line is not even opened.
    const openOutput = async (spec: LineSpec) =>
      deps.barrier.dryRun ? nothing(spec.name) : driver.openOutput(spec);
    for (const name of PULSED) {
      const line = await attempt(lines.outputs[name], openOutput);
      if (line !== null) relays.set(name, createRelay(line, clock, log, deps.barrier.dryRun));
    }
    for (const name of LEVELS) {
      const line = await attempt(lines.outputs[name], openOutput);
      if (line !== null) levels.set(name, { line, on: false });
    }
    for (const name of Object.keys(lines.inputs) as InputName[]) {
      const line = await attempt(lines.inputs[name], driver.openInput);
      if (line !== null) inputs.set(name, watch(name, line));
    }
    if (problems.length > 0)
      throw new LineError(
        `The lines of ${lines.board} cannot be had, so nothing was energised:\n${problems.map((p) => `  ${p}`).join("\n")}`,
      );
    return driver.kind;
  }

  /** Every line is tried, so that one error names all that are wrong. */
  async function attempt<L extends { close(): void }>(
    spec: LineSpec | undefined,
    open: (spec: LineSpec) => Promise<L>,
  ): Promise<L | null> {
    if (spec === undefined || closed) return null;
    waitsFor = spec.name;
    try {
      const line = await open(spec);
      if (!closed) return line;
      attemptClose(() => line.close());
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      problems.push(`${spec.where === undefined ? "" : `${spec.where}: `}${error.message}`);
    }
    return null;
  }

  function tooLate(): string {
    return `The lines of ${lines.board} cannot be had: ${waitsFor} did not answer within ${OPEN_MS / 1000} s.`;
  }

  function watch(name: InputName, line: InputLine): DebouncedInput {
    return watchInput(
      name,
      line,
      clock,
      (active) => deps.changed(name, active),
      (sentence) => log.error({ input: name, error: sentence }, "An input cannot be read."),
    );
  }

  function put(name: LevelLine, { line, on }: { line: OutputLine; on: boolean }): void {
    try {
      if (on && LEASED.includes(name)) line.set(true, LEASE_MS);
      else line.set(on);
    } catch (error) {
      log.error({ line: name, error: (error as Error).message }, "An output took no level.");
    }
  }

  function renew(): void {
    for (const [name, entry] of levels) if (entry.on && LEASED.includes(name)) put(name, entry);
    cancelRenew = clock.after(RENEW_MS, renew);
  }

  function poll(): void {
    for (const input of inputs.values()) input.poll();
    for (const relay of relays.values()) relay.tend();
    polledAtMs = clock.monotonicMs();
    cancelPoll = clock.after(POLL_MS, poll);
  }

  function attemptClose(task: () => void): void {
    try {
      task();
    } catch (error) {
      log.error({ error: (error as Error).message }, "A line could not be given back.");
    }
  }

  function close(): void {
    if (closed) return;
    closed = true;
    cancelPoll();
    cancelRenew();
    // A line that cannot be given back must not keep the others from it.
    for (const relay of relays.values()) attemptClose(() => relay.close());
    for (const { line } of levels.values()) attemptClose(() => line.close());
    for (const input of inputs.values()) attemptClose(() => input.close());
    attemptClose(closeDriver);
  }
}

/** Shown to people: an output that cannot be read is not known to be on. */
function isEnergised(line: OutputLine): boolean {
  try {
    return line.isEnergised();
  } catch {
    return false;
  }
}

/** An output that is not there. */
function nothing(name: string): OutputLine {
  return { name, set: () => {}, isEnergised: () => false, tookLevel: () => true, close: () => {} };
}
