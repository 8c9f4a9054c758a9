import { defaultConfig } from "../../src/config.js";
import { resolveLines } from "../../src/gate/board.js";
import { createGate } from "../../src/gate/gate.js";
import type { Gate, GateDeps } from "../../src/gate/gate-types.js";
import type { BarrierConfig } from "../../src/gate/settings.js";
import { createSimulatedLines, type SimulatedLines } from "../../src/gate/simulated.js";
import { silentLog } from "../../src/system/log.js";
import { type FakeClock, fakeClock } from "./fake-clock.js";

export interface GateKit {
  clock: FakeClock;
  lines: SimulatedLines;
  gate: Gate;
  events: { kind: string; payload: Record<string, unknown> }[];
  /** Edges of one output so far, as `1` and `0`. */
  edges: (name: string) => string;
}

/** A gate on simulated lines and a clock that stands still; only what `wired` names is wired beside the lift line. */
export function gateKit(
  wired: { inputs?: readonly string[]; outputs?: readonly string[] } = {},
  barrier: Partial<BarrierConfig> = {},
  more: Partial<GateDeps> = {},
): GateKit {
  const config = defaultConfig();
  const clock = fakeClock();
  const lines = createSimulatedLines(clock);
  const all = resolveLines({ ...config.lines, inputs: { presence: {} } });
  const pick = <T extends object>(from: T, names: readonly string[]) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name))) as T;
  const events: GateKit["events"] = [];
  const gate = createGate({
    clock,
    log: silentLog,
    driver: async () => lines,
    lines: {
      ...all,
      outputs: pick(all.outputs, wired.outputs ?? ["lift", "green", "red"]),
      inputs: pick(all.inputs, wired.inputs ?? []),
    },
    barrier: { ...config.barrier, ...barrier },
    maxCommandAgeMs: 3000,
    onEvent: (e) => void events.push({ kind: e.kind, payload: JSON.parse(e.payload) }),
    ...more,
  });
  const edges = (name: string) =>
    lines
      .edges()
      .filter((e) => e.name === name)
      .map((e) => (e.energised ? "1" : "0"))
      .join("");
  return { clock, lines, gate, events, edges };
}
