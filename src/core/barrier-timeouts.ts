import type { Draft } from "./barrier-draft.js";
import {
  arriveClosed,
  arriveOpen,
  closeNow,
  closeSoon,
  endHold,
  fault,
  letIn,
  letOut,
  postpone,
} from "./barrier-moves.js";
import type { TimerName } from "./barrier-types.js";

export function timeout(run: Draft, timer: TimerName) {
  const { s } = run;
  switch (timer) {
    case "hold-off":
      s.holdOff = false;
      letIn(run);
      letOut(run);
      return;
    case "presence":
      s.awaiting = false;
      return;
    case "assume":
      if (s.place === "opening" && !run.wired("open") && !run.says("closed")) arriveOpen(run);
      return;
    case "travel":
      return travelOver(run);
    case "open":
      if (s.place === "open" && s.warning === null && s.decided) closeSoon(run);
      return;
    case "warn":
      return warnOver(run);
    case "hold":
      if (s.heldBy === "operator") endHold(run);
      return;
    case "fire":
      if (s.heldBy === "fire" && !s.inputs.fire) endHold(run);
      return;
    case "held-open":
      if (s.place !== "closed" && s.heldBy === null && s.place !== "stopped") run.alarm("held-open", true);
      return;
    default: {
      const name = timer.slice("stuck-".length) as "exit" | "loop" | "beam" | "presence";
      if (!s.inputs[name]) return;
      if (name === "exit") s.exitIgnored = true;
      run.alarm("stuck-input", true, name);
    }
  }
}

function travelOver(run: Draft) {
  const { s } = run;
  if (s.place === "opening") {
    if (run.says("closed")) return fault(run, "stuck");
    // It had not yet left its open contact when it was lifted again: there was nothing to arrive from.
    if (run.says("open")) return arriveOpen(run);
    if (!run.wired("open")) return arriveOpen(run);
    return fault(run, run.wired("closed") ? "slow" : "stuck");
  }
  if (s.place !== "closing") return;
  if (s.commanded && run.wired("closed")) return fault(run, "not-closed");
  if (run.wired("closed")) s.place = "unknown";
  else arriveClosed(run);
  letOut(run);
}

function warnOver(run: Draft) {
  const { s, settings } = run;
  const why = s.warning;
  if (why === null || s.heldBy !== null || s.place === "stopped" || s.place === "held") return;
  if (why === "asked" || settings.autoClose) {
    if (run.obstructed()) return postpone(run);
    s.warning = null;
    if (settings.outputs.includes("close")) closeNow(run);
    return;
  }
  // The board closes by itself. With an open contact we wait for it; without one, from now on it may be closing.
  if (run.wired("open")) return;
  s.warning = null;
  s.place = "closing";
  s.commanded = false;
  run.arm("travel", settings.travelMs);
}
