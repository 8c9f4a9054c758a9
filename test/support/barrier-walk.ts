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

/** A state together with what the lines really carry and which timers run, as the effects so far have left them. */
export interface Node {
  state: BarrierState;
  lift: boolean;
  close: boolean;
  armed: ReadonlySet<TimerName>;
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

/** These only raise alarms. */
const WATCHES = new Set<TimerName>(["held-open", "stuck-loop", "stuck-beam", "stuck-presence"]);

/**
 * Visits every state that can be reached from any boot by any order of events, and every edge between them.
 * `honest`: only a timer that runs may fire, at any time.
 */
export function walk(
  settings: BarrierSettings,
  visit: (edge: Edge) => void,
  events: readonly BarrierEvent[] = everything,
  timers: "any" | "honest" = "any",
): { states: number; edges: number; places: Set<string> } {
  const bootInputs = settings.inputs;
  const seen = new Set<string>();
  const places = new Set<string>();
  const queue: Node[] = [];
  let edges = 0;
  const push = (node: Node) => {
    const key = timers === "any" ? keyOf(node) : `${keyOf(node)} ${[...node.armed].sort()}`;
    if (seen.has(key)) return;
    seen.add(key);
    places.add(node.state.cause ?? node.state.place);
    queue.push(node);
  };
  const cold: Node = { state: idleBarrier(), lift: false, close: false, armed: new Set() };
  for (let bits = 0; bits < 2 ** bootInputs.length; bits++) {
    const inputs = Object.fromEntries(bootInputs.map((name, i) => [name, (bits & (1 << i)) !== 0]));
    go(cold, { type: "boot", inputs });
    go(cold, { type: "boot", inputs, stopped: true });
  }
  while (queue.length > 0) {
    const node = queue.pop() as Node;
    for (const event of events) {
      if (timers === "any" || event.type !== "timeout" || runs(node, event.timer)) go(node, event);
    }
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
    const edge = follow(from, event, settings);
    edges++;
    visit(edge);
    push(edge.to);
  }
}

/** One event, and what the lines and timers are after it. */
export function follow(from: Node, event: BarrierEvent, settings: BarrierSettings): Edge {
  const { state, effects } = step(from.state, event, settings);
  const armed = new Set(from.armed);
  const to: Node = { state, lift: from.lift, close: from.close, armed };
  const edge = { from, event, to, effects };
  if (event.type === "pulse-ended" && event.line !== "stop") to[event.line] = false;
  if (event.type === "timeout") armed.delete(event.timer);
  for (const effect of effects) {
    if (effect.type === "cut" && effect.line !== "stop") to[effect.line] = false;
    if (effect.type === "pulse" && effect.line !== "stop") to[effect.line] = true;
    if (effect.type === "arm" && !WATCHES.has(effect.timer)) armed.add(effect.timer);
    if (effect.type === "disarm") armed.delete(effect.timer);
    if (to.lift && to.close) throw new Error(`open and close energised together: ${JSON.stringify(edge)}`);
  }
  return edge;
}

function runs(node: Node, timer: TimerName): boolean {
  return WATCHES.has(timer) || node.armed.has(timer);
}

/**
 * What becomes of a state when everybody has gone, nobody does anything more and the limit contacts stay as they are:
 * every pulse ends well and every timer runs out.
 */
export function rest(node: Node, settings: BarrierSettings): { last: Node; effects: BarrierEffect[] } {
  const effects: BarrierEffect[] = [];
  let last = node;
  const go = (event: BarrierEvent) => {
    const edge = follow(last, event, settings);
    last = edge.to;
    effects.push(...edge.effects);
  };
  for (const name of settings.inputs) {
    if (name !== "closed" && name !== "open") go({ type: "input", name, active: false });
  }
  for (let i = 0; i < 100; i++) {
    if (last.lift) go({ type: "pulse-ended", line: "lift", result: "done" });
    else if (last.close) go({ type: "pulse-ended", line: "close", result: "done" });
    else {
      const [timer] = last.armed;
      if (timer === undefined) return { last, effects };
      go({ type: "timeout", timer });
    }
  }
  throw new Error(`it never comes to rest: ${JSON.stringify(last.state)}`);
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
    s.exitIgnored,
  ];
  for (const flag of [...flags, node.lift, node.close]) bits = bits * 2 + Number(flag);
  return `${bits} ${s.place} ${s.cause} ${s.pulsing} ${s.heldBy} ${s.warning}`;
}
