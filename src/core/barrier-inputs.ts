import type { Draft } from "./barrier-draft.js";
import {
  arriveClosed,
  arriveOpen,
  closeSoon,
  fault,
  fireOn,
  letIn,
  letOut,
  lift,
  loseHold,
  open,
  postpone,
  settle,
  stop,
} from "./barrier-moves.js";
import type { InputName } from "./barrier-types.js";

export function input(run: Draft, name: InputName, active: boolean) {
  const { s, settings } = run;
  if (s.inputs[name] === active) return;
  s.inputs = { ...s.inputs, [name]: active };
  if (name === "loop" || name === "beam" || name === "presence" || name === "exit") {
    if (active) run.arm(`stuck-${name}`, settings.stuckInputMs);
    else {
      run.disarm(`stuck-${name}`);
      run.alarm("stuck-input", false, name);
    }
  }
  if (name === "stop") return active ? stopOn(run) : stopCleared(run);
  if (name === "fire") return fire(run, active);
  if (name === "exit") {
    if (!active) s.exitIgnored = false;
    else if (!s.exitIgnored) open(run);
    return;
  }
  if (name === "presence") {
    if (active) letIn(run);
    else if (s.awaiting) run.arm("presence", settings.presenceWaitMs);
    return;
  }
  if (name === "loop" || name === "beam") return guard(run);
  limits(run, name, active);
}

function stopOn(run: Draft) {
  stop(run);
  // What the alarm says of the barrier is another thing now.
  if (run.s.inputs.fire) run.alarm("fire", true);
}

function stopCleared(run: Draft) {
  settle(run);
  if (run.s.inputs.fire) fireOn(run);
}

function fire(run: Draft, active: boolean) {
  if (active) return fireOn(run);
  run.alarm("fire", false);
  if (run.s.heldBy === "fire") run.arm("fire", run.settings.fireClearMs);
}

/** Loop or beam changed. */
function guard(run: Draft) {
  const { s } = run;
  if (run.obstructed()) {
    if (s.warning !== null) postpone(run);
    // Without a closed contact, "closing" of a board that closes by itself is only a guess: a pedestrian in
    // the beam must not open a barrier that has long been closed.
    // And nothing moves that nobody has asked for since boot.
    if (s.place === "closing" && s.decided && (s.commanded || run.wired("closed"))) lift(run);
    return;
  }
  if (s.overdue && s.place === "open") closeSoon(run);
}

function limits(run: Draft, name: "closed" | "open", active: boolean) {
  const { s } = run;
  if (s.place === "stopped" || !run.wired(name)) return;
  if (run.says("closed") && run.says("open")) return fault(run, "contacts");
  if (s.cause === "contacts") return settle(run);
  if (s.cause === "relay-on") return;
  if (name === "open") {
    if (active) return arriveOpen(run);
    if (s.place !== "open" && s.place !== "held") return;
    return leftOpen(run);
  }
  if (!active) {
    if (s.place === "closed") {
      run.alarm("forced-open", true);
      s.place = run.says("open") ? "open" : "unknown";
      if (run.settings.heldOpenMs > 0) run.arm("held-open", run.settings.heldOpenMs);
    }
    return;
  }
  if (s.place === "opening") return;
  const lost = s.heldBy;
  arriveClosed(run);
  if (lost === "fire") return lift(run);
  if (lost === "operator") loseHold(run);
  letOut(run);
}

function leftOpen(run: Draft) {
  const { s, settings } = run;
  run.disarm("open", "warn");
  s.warning = null;
  s.overdue = false;
  const lost = s.heldBy;
  s.place = "closing";
  s.commanded = false;
  if (lost === "fire" || (run.obstructed() && s.decided && run.wired("closed"))) return lift(run);
  if (lost === "operator") loseHold(run);
  if (!letOut(run)) run.arm("travel", settings.travelMs);
}
