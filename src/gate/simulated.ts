import type { Clock } from "../system/clock.js";
import { type InputLine, type LineDriver, LineError, type LineSpec, type OutputLine } from "./lines.js";

/** One change of an output, seen from outside. */
export interface RecordedEdge {
  name: string;
  energised: boolean;
  atMs: number;
}

/** Lines that exist only in memory, with the handles that tests and the demo hold them by. */
export interface SimulatedLines extends LineDriver {
  readonly kind: "simulated";
  /** The last edges of all outputs, oldest first. */
  edges(): readonly RecordedEdge[];
  /** Energised or active, by name. */
  levels(): Readonly<Record<string, boolean>>;
  /** Drives an input from outside. */
  drive(name: string, active: boolean): void;
  /** Drives an input there and back before anybody can read it: one call comes, with the level afterwards. */
  glitch(name: string): void;
  /** Until mended: the line takes no level (`dead`), cannot be released (`welded`), or throws. */
  breakLine(name: string, how: "dead" | "welded" | "throws" | null): void;
  onOutput(listener: (edge: RecordedEdge) => void): void;
  /** An output that was capped and not released in time is released here, as the helper process would. */
  cuts(): number;
}

const MOST_EDGES = 10_000;

export function createSimulatedLines(clock: Clock): SimulatedLines {
  const outputs = new Map<string, { on: boolean; took: boolean; cancelCap: () => void }>();
  const inputs = new Map<string, { active: boolean; listeners: ((active: boolean) => void)[] }>();
  const broken = new Map<string, "dead" | "welded" | "throws">();
  const taken = new Map<string, string>();
  const edges: RecordedEdge[] = [];
  const listeners: ((edge: RecordedEdge) => void)[] = [];
  let cuts = 0;

  return {
    kind: "simulated",
    async openOutput(spec) {
      take(spec);
      const line = { on: false, took: false, cancelCap: () => {} };
      outputs.set(spec.name, line);
      return output(spec, line);
    },
    async openInput(spec) {
      take(spec);
      const line = inputs.get(spec.name) ?? { active: false, listeners: [] };
      inputs.set(spec.name, line);
      return input(spec, line);
    },
    close() {
      for (const [name] of outputs) put(name, false);
      for (const line of outputs.values()) line.cancelCap();
      outputs.clear();
      inputs.clear();
      taken.clear();
    },
    edges: () => edges,
    levels: () => ({
      ...Object.fromEntries([...outputs].map(([name, o]) => [name, o.on])),
      ...Object.fromEntries([...inputs].map(([name, i]) => [name, i.active])),
    }),
    drive(name, active) {
      const line = inputs.get(name) ?? { active: false, listeners: [] };
      inputs.set(name, line);
      if (line.active === active) return;
      line.active = active;
      for (const listener of line.listeners) listener(active);
    },
    glitch(name) {
      const line = inputs.get(name);
      for (const listener of line?.listeners ?? []) listener(line?.active ?? false);
    },
    breakLine(name, how) {
      if (how === null) broken.delete(name);
      else broken.set(name, how);
    },
    onOutput: (listener) => void listeners.push(listener),
    cuts: () => cuts,
  };

  function take(spec: LineSpec): void {
    const place = `${spec.chip} line ${spec.offset}`;
    const owner = taken.get(place);
    if (owner !== undefined) throw new LineError(`${spec.name}: ${place} is already used by ${owner}.`);
    taken.set(place, spec.name);
  }

  function put(name: string, on: boolean): void {
    const line = outputs.get(name);
    if (line === undefined || line.on === on) return;
    line.on = on;
    line.took ||= on;
    const edge = { name, energised: on, atMs: clock.monotonicMs() };
    edges.push(edge);
    if (edges.length > MOST_EDGES) edges.splice(0, MOST_EDGES / 2);
    for (const listener of listeners) listener(edge);
  }

  function output(spec: LineSpec, line: { on: boolean; took: boolean; cancelCap: () => void }): OutputLine {
    return {
      name: spec.name,
      set(energised, capMs) {
        const fault = broken.get(spec.name);
        if (fault === "throws") throw new LineError(`${spec.name}: input/output error.`);
        line.cancelCap();
        line.cancelCap = () => {};
        if (energised) line.took = false;
        if (energised && fault === "dead") return;
        if (!energised && fault === "welded") return;
        put(spec.name, energised);
        if (!energised || capMs === undefined) return;
        line.cancelCap = clock.after(capMs, () => {
          cuts++;
          put(spec.name, false);
        });
      },
      isEnergised: () => line.on,
      tookLevel: () => line.took,
      close() {
        line.cancelCap();
        put(spec.name, false);
        outputs.delete(spec.name);
        taken.delete(`${spec.chip} line ${spec.offset}`);
      },
    };
  }

  function input(
    spec: LineSpec,
    line: { active: boolean; listeners: ((active: boolean) => void)[] },
  ): InputLine {
    return {
      name: spec.name,
      isActive: () => line.active,
      onEdge: (listener) => void line.listeners.push(listener),
      close() {
        line.listeners.length = 0;
        taken.delete(`${spec.chip} line ${spec.offset}`);
      },
    };
  }
}
