import { step } from "../../src/core/barrier.js";
import { idleBarrier } from "../../src/core/barrier-draft.js";
import type {
  BarrierEffect,
  BarrierEvent,
  BarrierSettings,
  BarrierState,
  InputName,
  TimerName,
} from "../../src/core/barrier-types.js";

/** A state together with what the lines really carry, as the effects so far have left them. */
export interface Node {
  state: BarrierState;
  lift: boolean;
  close: boolean;
}

export interface Edge {
  from: Node;
  event: BarrierEvent;
  to: Node;
  effects: readonly BarrierEffect[];
}

const TIMERS: readonly TimerName[] = [
  "travel",
  "assume",
  "open",
  "warn",
  "hold",
  "fire",
  "hold-off",
  "held-open",
  "presence",
  "stuck-exit",
  "stuck-loop",
  "stuck-beam",
  "stuck-presence",
];

export const everything: readonly BarrierEvent[] = [
  { type: "granted" },
  { type: "withdrawn" },
  { type: "free-exit" },
  { type: "shutdown" },
  ...(["open", "close", "hold", "release", "stop"] as const).map(
    (command): BarrierEvent => ({ type: "operator", command }),
  ),
  // A timer may fire late, or after it was disarmed: every timeout is tried in every state.
  ...TIMERS.map((timer): BarrierEvent => ({ type: "timeout", timer })),
];

/** Visits every state that can be reached from any boot by any order of events, and every edge between them. */
export function walk(
  settings: BarrierSettings,
  visit: (edge: Edge) => void,
  events: readonly BarrierEvent[] = everything,
  bootInputs: readonly InputName[] = settings.inputs,
): { states: number; edges: number; places: Set<string> } {
  const seen = new Set<string>();
  const places = new Set<string>();
  const queue: Node[] = [];
  let edges = 0;
  const push = (node: Node) => {
    const key = keyOf(node);
    if (seen.has(key)) return;
    seen.add(key);
    places.add(node.state.cause ?? node.state.place);
    queue.push(node);
  };
  const cold: Node = { state: idleBarrier(), lift: false, close: false };
  for (let bits = 0; bits < 2 ** bootInputs.length; bits++) {
    const inputs = Object.fromEntries(bootInputs.map((name, i) => [name, (bits & (1 << i)) !== 0]));
    go(cold, { type: "boot", inputs });
    go(cold, { type: "boot", inputs, stopped: true });
  }
  while (queue.length > 0) {
    const node = queue.pop() as Node;
    for (const event of events) go(node, event);
    for (const name of settings.inputs) {
      go(node, { type: "input", name, active: !node.state.inputs[name] });
    }
    for (const line of ["lift", "close"] as const) {
      if (!node[line]) continue;
      for (const result of ["done", "no-relay", "relay-on"] as const)
        go(node, { type: "pulse-ended", line, result });
    }
  }
  return { states: seen.size, edges, places };

  function go(from: Node, event: BarrierEvent): void {
    const { state, effects } = step(from.state, event, settings);
    const to: Node = { state, lift: from.lift, close: from.close };
    if (event.type === "pulse-ended" && event.line !== "stop") to[event.line] = false;
    const edge = { from, event, to, effects };
    for (const effect of effects) {
      if (effect.type === "cut" && effect.line !== "stop") to[effect.line] = false;
      if (effect.type === "pulse" && effect.line !== "stop") to[effect.line] = true;
      if (to.lift && to.close) throw new Error(`open and close energised together: ${JSON.stringify(edge)}`);
    }
    edges++;
    visit(edge);
    push(to);
  }
}

function keyOf(node: Node): string {
  const s = node.state;
  let bits = 0;
  for (const name in s.inputs) bits = bits * 2 + Number(s.inputs[name as InputName]);
  const flags = [
    s.live,
    s.holdOff,
    s.stopLatched,
    s.overdue,
    s.commanded,
    s.awaiting,
    s.decided,
    s.exitStuck,
  ];
  for (const flag of [...flags, node.lift, node.close]) bits = bits * 2 + Number(flag);
  return `${bits} ${s.place} ${s.cause} ${s.pulsing} ${s.heldBy} ${s.warning}`;
}
