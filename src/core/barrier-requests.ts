import type { Draft } from "./barrier-draft.js";
import { endHold, mustLift, open, settle, stop, toHeld, warn } from "./barrier-moves.js";
import type { OperatorCommand } from "./barrier-types.js";

export function grant(run: Draft) {
  const { s, settings } = run;
  const mustWait = settings.presenceWaitMs > 0 && run.wired("presence") && !s.inputs.presence;
  if (!mustWait || s.place === "stopped" || !mustLift(s)) return open(run);
  s.awaiting = true;
  run.arm("presence", settings.presenceWaitMs);
  run.answer(true, "waiting-for-presence");
}

export function operator(run: Draft, command: OperatorCommand, holdMs?: number) {
  const { s, settings } = run;
  if (command === "stop") {
    if (s.inputs.fire && !s.inputs.stop) return run.answer(false, "fire");
    s.stopLatched = true;
    stop(run);
    if (settings.outputs.includes("stop")) run.add({ type: "pulse", line: "stop", ms: settings.pulseMs });
    return run.answer(true, "stopped");
  }
  if (command === "release") return release(run);
  if (command === "open") return open(run);
  if (s.place === "stopped") return run.answer(false, "stopped");
  if (s.heldBy === "fire") return run.answer(false, "fire");
  if (command === "hold") return hold(run, holdMs);
  if (!settings.outputs.includes("close")) return run.answer(false, "no-close-line");
  if (s.cause === "relay-on") return run.answer(false, "relay-on");
  if (s.place === "closed") return run.answer(true, "already-closed");
  if (s.place === "closing" && s.commanded) return run.answer(true, "closing");
  if (run.obstructed()) return run.answer(false, "obstructed");
  s.heldBy = null;
  if (s.place === "held") s.place = "open";
  s.awaiting = false;
  s.exitIgnored = s.inputs.exit;
  run.disarm("hold", "open", "presence");
  run.answer(true, "closing");
  warn(run, "asked");
}

function hold(run: Draft, holdMs = Number.POSITIVE_INFINITY) {
  const { s, settings } = run;
  if (!settings.outputs.includes("hold") && !settings.autoClose) return run.answer(false, "no-hold-line");
  if (s.cause === "relay-on") return run.answer(false, "relay-on");
  if (mustLift(s) && s.holdOff) return run.answer(false, "hold-off");
  s.heldBy = "operator";
  run.alarm("hold-lost", false);
  run.arm("hold", Math.min(holdMs, settings.maxHoldMs));
  run.answer(true, "held");
  toHeld(run);
}

function release(run: Draft) {
  const { s } = run;
  if (s.stopLatched) {
    s.stopLatched = false;
    run.answer(true, "released");
    return settle(run);
  }
  if (s.heldBy === "fire") return run.answer(false, "fire");
  if (s.cause === "relay-on") {
    // A person has looked at the relay.
    settle(run);
    return run.answer(true, "released");
  }
  if (s.heldBy === null) return run.answer(false, "nothing-to-release");
  run.answer(true, "released");
  endHold(run);
}
