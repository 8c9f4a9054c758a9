import type { AlarmCode, BarrierState, FaultCause, InputName, Place } from "../core/barrier-types.js";
import type { GateAnswer, GateWord } from "./gate-types.js";

/** What the barrier is doing, for people. */
export function stateSentence(state: BarrierState): string {
  if (!state.live) return "The gate is not running.";
  if (state.place === "fault") return faults[state.cause ?? "stuck"];
  if (state.place === "held")
    return state.heldBy === "fire" ? "Held open: fire." : "Held open by an operator.";
  if (state.place === "stopped")
    return state.inputs.stop ? "Stopped by the STOP button." : "Stopped by an operator; release it to go on.";
  if (state.place === "open" && state.warning !== null) return "Open, closing soon.";
  if (state.place === "open" && state.overdue) return "Open: it waits until nobody is under the arm.";
  if (state.awaiting)
    return state.inputs.presence
      ? "Waiting for the end of the hold-off to open for the vehicle on the loop."
      : "Waiting for the vehicle to reach the loop.";
  return places[state.place];
}

export function wordOf(place: Place): GateWord {
  return place === "held" ? "held-open" : place;
}

export function alarmSentence(
  code: AlarmCode | "lines",
  input: InputName | null,
  state: BarrierState,
): string {
  switch (code) {
    case "fault":
      return faults[state.cause ?? "stuck"];
    case "fire":
      return state.inputs.stop
        ? "The fire contact is on, but STOP holds the barrier where it is."
        : "The fire contact is on: the barrier is held open, also against an operator's stop.";
    case "forced-open":
      return "The barrier left its closed contact and nobody here asked for it.";
    case "held-open":
      return "The barrier has been standing open for too long.";
    case "hold-lost":
      return "The barrier was to be held open, but something closed it.";
    case "stuck-input":
      return `The input ${input} has been active for too long: look at its contact and cable.`;
    case "lines":
      return "The lines were lost; they are being opened again.";
  }
}

export function answerSentence(reason: GateAnswer["reason"]): string {
  return answers[reason];
}

const places: Record<Exclude<Place, "fault" | "held" | "stopped">, string> = {
  unknown: "Nothing says yet where the barrier is.",
  closed: "Closed.",
  opening: "Opening.",
  open: "Open.",
  closing: "Closing.",
};

const faults: Record<FaultCause, string> = {
  "no-relay": "No relay: the lift line did not take its level. Check the relay board and its supply.",
  "relay-on": "The relay does not release: cut its supply, look at it, then release the fault.",
  stuck:
    "Stuck: the pulse was given, and the barrier did not move. Check the operator's input and its supply.",
  slow: "Slow: the barrier left its place and did not arrive in time. Check the arm and its limit contacts.",
  "not-closed": "The closing was commanded, and the closed contact did not answer in time.",
  contacts: "Both limit contacts are active at once: one of them or its cable is broken.",
};

const answers: Record<GateAnswer["reason"], string> = {
  pulsed: "The barrier opens.",
  "already-open": "The barrier is open.",
  extended: "The barrier is opening or open, and stays so for longer.",
  "waiting-for-presence": "It opens as soon as the vehicle is on the loop.",
  held: "The barrier is held open.",
  released: "Released.",
  closing: "The barrier closes after its warning.",
  "already-closed": "The barrier is closed.",
  stopped: "The barrier is stopped; it has to be released first.",
  "hold-off": "A pulse was given a moment ago; another one could turn the barrier round.",
  obstructed: "Somebody is under the arm.",
  fire: "Fire holds the barrier open.",
  "no-close-line": "No close line is wired.",
  "no-hold-line": "The operator board closes by itself, and no hold line is wired.",
  "relay-on": "The relay does not release; nothing moves until somebody has looked at it.",
  "nothing-to-release": "Nothing is held and nothing is stopped.",
  "not-running": "The gate is not running.",
  "no-relay": "The relay took no level, so the barrier does not move; it is tried again.",
  locked: "The gate is locked: no plate opens it.",
  "too-old": "The command is too old.",
  "too-many": "Too many commands within a minute.",
  unconfirmed: "Somebody at the barrier has to confirm first that nobody is under it.",
  "unknown-command": "There is no such command.",
  noted: "Done.",
  "not-remembered": "Nothing is remembered of that plate.",
  standing:
    "It stands where it stood when the barrier opened for it; the barrier opens again once it has moved.",
  refused: "The vehicle is refused.",
  gone: "That vehicle is not at the gate any more.",
  "not-asked": "Nothing is asked about that vehicle.",
};
