import { type BarrierStep, type Draft, draft, idleBarrier } from "./barrier-draft.js";
import { input } from "./barrier-inputs.js";
import { fault, fireOn, open, settle } from "./barrier-moves.js";
import { grant, operator } from "./barrier-requests.js";
import { timeout } from "./barrier-timeouts.js";
import type { BarrierEvent, BarrierSettings, BarrierState, PulseLine, PulseResult } from "./barrier-types.js";

/**
 * One step of the barrier: what it is told, what it is then, and what has to be done about it.
 * Rules, strongest first: the STOP input · fire · an operator's stop · loop and beam · hold · everything else.
 */
export function step(state: BarrierState, event: BarrierEvent, settings: BarrierSettings): BarrierStep {
  if (event.type === "boot") return boot(event, settings);
  const run = draft(state, settings);
  if (!state.live) {
    if (isRequest(event)) run.answer(false, "not-running");
    return run.finish();
  }
  switch (event.type) {
    case "shutdown":
      return shutdown(run);
    case "granted":
      grant(run);
      break;
    case "withdrawn":
      run.s.awaiting = false;
      run.disarm("presence");
      break;
    case "free-exit":
      open(run);
      break;
    case "operator":
      operator(run, event.command, event.holdMs);
      break;
    case "input":
      input(run, event.name, event.active);
      break;
    case "timeout":
      timeout(run, event.timer);
      break;
    case "pulse-ended":
      pulseEnded(run, event.line, event.result);
      break;
  }
  return run.finish();
}

function isRequest(event: BarrierEvent): boolean {
  return event.type === "granted" || event.type === "operator" || event.type === "free-exit";
}

function boot(event: BarrierEvent & { type: "boot" }, settings: BarrierSettings): BarrierStep {
  const idle = idleBarrier();
  const run = draft(idle, settings);
  run.s.live = true;
  run.s.inputs = { ...idle.inputs, ...event.inputs };
  run.s.stopLatched = event.stopped === true;
  settle(run);
  for (const name of ["loop", "beam", "presence", "exit"] as const) {
    if (run.s.inputs[name]) run.arm(`stuck-${name}`, settings.stuckInputMs);
    else run.alarm("stuck-input", false, name);
  }
  // While the lines were away nobody heard that these were over.
  if (run.s.place === "closed") {
    run.alarm("held-open", false);
    run.alarm("forced-open", false);
  }
  if (run.s.inputs.fire) fireOn(run);
  else run.alarm("fire", false);
  return run.finish();
}

function shutdown(run: Draft): BarrierStep {
  run.add({ type: "cut", line: "lift" }, { type: "cut", line: "close" }, { type: "cut", line: "stop" });
  run.disarm("travel", "assume", "open", "warn", "hold", "fire", "hold-off", "held-open", "presence");
  run.disarm("stuck-exit", "stuck-loop", "stuck-beam", "stuck-presence");
  Object.assign(run.s, { ...idleBarrier(), inputs: run.s.inputs });
  return run.finish();
}

function pulseEnded(run: Draft, line: PulseLine, result: PulseResult) {
  const { s, settings } = run;
  if (line === s.pulsing) s.pulsing = null;
  if (result === "cut") return;
  if (result === "relay-on") return fault(run, "relay-on");
  if (result === "no-relay") {
    // Nothing was pulled, so nothing has to be waited for: the next request may try again at once.
    const isAssumed = line === "lift" && (s.place === "open" || s.place === "held") && !run.wired("open");
    const isMoving = line !== "stop" && (s.place === "opening" || s.place === "closing");
    if (isMoving || isAssumed) fault(run, "no-relay");
    return;
  }
  if (line !== "lift" || settings.holdOffMs === 0) return;
  s.holdOff = true;
  run.arm("hold-off", settings.holdOffMs);
}
