import type { Draft } from "./barrier-draft.js";
import type { BarrierState, FaultCause } from "./barrier-types.js";

/** Where the contacts say it is; without a contact that speaks, unknown. Nothing moves because of it. */
export function settle(run: Draft) {
  run.s.exitIgnored = run.s.inputs.exit;
  const [closed, isOpen] = [run.says("closed"), run.says("open")];
  if (run.s.inputs.stop || run.s.stopLatched) run.s.place = "stopped";
  else if (closed && isOpen) fault(run, "contacts");
  else if (closed) run.s.place = "closed";
  else if (isOpen) run.s.place = "open";
  else run.s.place = "unknown";
}

export function fault(run: Draft, cause: FaultCause) {
  run.disarm("travel", "assume", "open", "warn");
  run.s.warning = null;
  run.s.overdue = false;
  run.s.commanded = false;
  run.s.place = "fault";
  run.s.cause = cause;
}

/** Somebody who may wants it open. */
export function open(run: Draft) {
  const { s, settings } = run;
  if (s.place === "stopped") return run.answer(false, "stopped");
  if (s.cause === "relay-on") return run.answer(false, "relay-on");
  if (s.place === "held") return run.answer(true, "already-open");
  if (s.place === "opening") {
    s.warning = null;
    run.disarm("warn");
    return run.answer(true, "extended");
  }
  if (s.place === "open") {
    // A board that closes by itself keeps its own time; only a contact or our own closing makes "extended" true.
    const ours = settings.autoClose || run.wired("open") || s.warning === "asked";
    if (ours) stayOpen(run);
    return run.answer(true, ours ? "extended" : "already-open");
  }
  if (s.holdOff) return run.answer(false, "hold-off");
  run.answer(true, "pulsed");
  lift(run);
}

/** It is neither open nor on its way there. */
export function mustLift({ place }: BarrierState): boolean {
  return place !== "open" && place !== "held" && place !== "opening";
}

/** The vehicle that a grant waits for is on the loop; in the hold-off the grant goes on waiting, for its end. */
export function letIn(run: Draft) {
  const { s } = run;
  if (!s.awaiting || !s.inputs.presence) return;
  run.disarm("presence");
  if (s.holdOff && mustLift(s)) return;
  s.awaiting = false;
  open(run);
}

/** Whoever still wants out is let out of a barrier that went down before him; true when it opens. */
export function letOut(run: Draft): boolean {
  const { s } = run;
  // Without contacts, "closing" of a board that closes by itself is only a guess, and a second pulse could turn it round.
  const goesDown = s.place === "closing" && (s.commanded || run.wired("open"));
  const isDown = s.place === "closed" || s.place === "unknown" || goesDown;
  if (!isDown || s.holdOff || !run.wantsOut()) return false;
  open(run);
  return true;
}

/** The pulse itself. Only safety and fire come here without having looked at the hold-off. */
export function lift(run: Draft) {
  const { s, settings } = run;
  if (s.pulsing === "close") run.add({ type: "cut", line: "close" });
  if (s.pulsing !== "lift") run.add({ type: "pulse", line: "lift", ms: settings.pulseMs });
  s.pulsing = "lift";
  s.place = "opening";
  s.cause = null;
  s.decided = true;
  s.awaiting = false;
  s.warning = null;
  s.overdue = false;
  s.commanded = false;
  run.disarm("open", "warn", "presence");
  if (run.wired("open") || run.wired("closed")) run.arm("travel", settings.travelMs);
  if (run.wired("open")) run.disarm("assume");
  else run.arm("assume", settings.assumeOpenMs);
  if (settings.heldOpenMs > 0) run.arm("held-open", settings.heldOpenMs);
}

export function arriveOpen(run: Draft) {
  const { s, settings } = run;
  const asked = s.place === "opening" || (s.place === "fault" && s.decided);
  run.disarm("travel", "assume");
  if (s.heldBy !== null) {
    s.place = "held";
    return;
  }
  s.place = "open";
  s.commanded = false;
  // An arm that somebody else opened is not ours to close: only the alarm watches it.
  if (asked) run.arm("open", settings.openMs);
}

export function arriveClosed(run: Draft) {
  const { s } = run;
  run.disarm("travel", "assume", "open", "warn", "held-open");
  run.alarm("held-open", false);
  run.alarm("forced-open", false);
  s.warning = null;
  s.overdue = false;
  s.commanded = false;
  s.place = "closed";
}

export function stayOpen(run: Draft) {
  run.s.warning = null;
  run.s.overdue = false;
  run.s.decided = true;
  run.disarm("warn");
  run.arm("open", run.settings.openMs);
  if (run.settings.heldOpenMs > 0) run.arm("held-open", run.settings.heldOpenMs);
}

/** Held means: open and nothing of ours closes it. */
export function toHeld(run: Draft) {
  const { s } = run;
  s.decided = true;
  s.warning = null;
  s.overdue = false;
  s.awaiting = false;
  run.disarm("open", "warn", "held-open", "presence");
  if (s.place === "open") s.place = "held";
  else if (s.place !== "held" && s.place !== "opening") lift(run);
}

export function endHold(run: Draft) {
  run.s.heldBy = null;
  run.disarm("hold", "fire");
  if (run.s.place !== "held") return;
  run.s.place = "open";
  stayOpen(run);
}

export function loseHold(run: Draft) {
  run.s.heldBy = null;
  run.disarm("hold");
  run.alarm("hold-lost", true);
}

export function stop(run: Draft) {
  const { s } = run;
  run.add({ type: "cut", line: "lift" }, { type: "cut", line: "close" });
  run.disarm("travel", "assume", "open", "warn", "hold", "fire", "held-open", "presence");
  Object.assign(s, { place: "stopped", pulsing: null, heldBy: null, warning: null });
  Object.assign(s, { overdue: false, commanded: false, awaiting: false });
}

/** Fire beats everything but the STOP input: an operator's stop ends here for good. */
export function fireOn(run: Draft) {
  const { s } = run;
  run.alarm("fire", true);
  if (s.inputs.stop) return;
  if (s.stopLatched) {
    s.stopLatched = false;
    settle(run);
  }
  s.heldBy = "fire";
  run.disarm("hold", "fire");
  toHeld(run);
}

/** The open time is over: red first, unless our own closing has to wait for somebody. */
export function closeSoon(run: Draft) {
  const { s, settings } = run;
  s.overdue = settings.autoClose && run.obstructed();
  if (s.overdue) return;
  if (settings.autoClose && run.wantsOut()) run.arm("open", settings.openMs);
  else warn(run, "due");
}

export function warn(run: Draft, why: "asked" | "due") {
  run.s.warning = why;
  run.arm("warn", run.settings.warnMs);
}

/** Somebody is under the arm while the red light announces its closing. */
export function postpone(run: Draft) {
  const { s, settings } = run;
  s.warning = null;
  run.disarm("warn");
  s.overdue = s.place === "open" && settings.autoClose;
  // A board that closes by itself waits for him too, and then for its own time.
  if (s.place === "open" && !s.overdue) run.arm("open", settings.openMs);
}

export function closeNow(run: Draft) {
  const { s, settings } = run;
  if (s.pulsing === "lift") run.add({ type: "cut", line: "lift" });
  run.add({ type: "pulse", line: "close", ms: settings.pulseMs });
  s.pulsing = "close";
  s.place = "closing";
  s.cause = null;
  s.commanded = true;
  s.decided = true;
  run.disarm("open", "assume");
  run.arm("travel", settings.travelMs);
}
