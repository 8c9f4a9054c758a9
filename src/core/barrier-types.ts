/** Words of the barrier machine: what it may be told and what it may ask for. Nothing here knows of time or lines. */

export type OutputName = "lift" | "close" | "stop" | "hold" | "red" | "green" | "warn";
/** `loop` and `beam` guard the arm; `presence` sees a vehicle waiting before it; `closed` and `open` are limit contacts. */
export type InputName = "loop" | "beam" | "presence" | "exit" | "fire" | "closed" | "open" | "stop";

export const OUTPUT_NAMES: readonly OutputName[] = ["lift", "close", "stop", "hold", "red", "green", "warn"];
export const INPUT_NAMES: readonly InputName[] = [
  "loop",
  "beam",
  "presence",
  "exit",
  "fire",
  "closed",
  "open",
  "stop",
];

export type Place = "unknown" | "closed" | "opening" | "open" | "closing" | "held" | "stopped" | "fault";

/**
 * no-relay: the line did not take the level · relay-on: the line cannot be released · stuck: nothing moved ·
 * slow: it left its place, but did not arrive · not-closed: a commanded closing did not arrive ·
 * contacts: both limit contacts are active at once.
 */
export type FaultCause = "no-relay" | "relay-on" | "stuck" | "slow" | "not-closed" | "contacts";

export type AlarmCode = "forced-open" | "held-open" | "hold-lost" | "stuck-input" | "fire" | "fault";

export type TimerName =
  | "travel"
  | "assume"
  | "open"
  | "warn"
  | "hold"
  | "fire"
  | "hold-off"
  | "held-open"
  | "presence"
  | "stuck-exit"
  | "stuck-loop"
  | "stuck-beam"
  | "stuck-presence";

export type OperatorCommand = "open" | "close" | "hold" | "release" | "stop";
export type PulseLine = "lift" | "close" | "stop";
export type PulseResult = "done" | "no-relay" | "relay-on" | "cut";

export type BarrierEvent =
  /**
   * The levels read at start. Nothing moves because of them, but for a fire contact that is on. `stopped`: an operator
   * had stopped the barrier before and nobody has released it.
   */
  | { type: "boot"; inputs: Readonly<Partial<Record<InputName, boolean>>>; stopped?: boolean }
  | { type: "shutdown" }
  /** A fresh decision of access; whoever sends it has checked its age. */
  | { type: "granted" }
  /** The gate was locked: a grant that still waits for its vehicle is taken back. */
  | { type: "withdrawn" }
  /** `holdMs` only with hold; never longer than the longest hold. */
  | { type: "operator"; command: OperatorCommand; holdMs?: number }
  | { type: "free-exit" }
  /** Debounced level of an input. */
  | { type: "input"; name: InputName; active: boolean }
  | { type: "timeout"; timer: TimerName }
  | { type: "pulse-ended"; line: PulseLine; result: PulseResult };

export type AnswerReason =
  | "pulsed"
  | "already-open"
  | "extended"
  | "waiting-for-presence"
  | "held"
  | "released"
  | "closing"
  | "already-closed"
  | "stopped"
  | "hold-off"
  | "obstructed"
  | "fire"
  | "no-close-line"
  | "no-hold-line"
  | "relay-on"
  | "nothing-to-release"
  | "not-running";

export type BarrierEffect =
  | { type: "pulse"; line: PulseLine; ms: number }
  /** De-energise at once, whatever pulse was running. */
  | { type: "cut"; line: PulseLine }
  | { type: "level"; line: "hold" | "red" | "green" | "warn"; on: boolean }
  | { type: "arm"; timer: TimerName; ms: number }
  | { type: "disarm"; timer: TimerName }
  /** Raising what is raised, and clearing what is not, means nothing. */
  | { type: "alarm"; code: AlarmCode; input: InputName | null; on: boolean }
  | { type: "answer"; accepted: boolean; reason: AnswerReason };

export interface BarrierState {
  /** False before boot and after shutdown: nothing is answered, nothing moves. */
  readonly live: boolean;
  readonly place: Place;
  /** Set exactly while `place` is `fault`. */
  readonly cause: FaultCause | null;
  readonly inputs: Readonly<Record<InputName, boolean>>;
  /** The movement line that is energised now. */
  readonly pulsing: "lift" | "close" | null;
  /** A successful lift pulse was given a moment ago: no second one, except for safety. */
  readonly holdOff: boolean;
  readonly heldBy: "operator" | "fire" | null;
  /** An operator said stop, nobody released it, and there was no fire since. */
  readonly stopLatched: boolean;
  /** Red before closing; `asked`: an operator wants it closed, `due`: the open time is over. */
  readonly warning: "asked" | "due" | null;
  /** The open time is over, but somebody is under the arm. */
  readonly overdue: boolean;
  /** The closing was commanded by us, so somebody under the arm makes us open again. */
  readonly commanded: boolean;
  /** A grant waits for its vehicle on the presence loop, or with it there for the end of the hold-off. */
  readonly awaiting: boolean;
  /** Something was decided since boot; before that no light turns green and nothing closes. */
  readonly decided: boolean;
  /**
   * The exit contact is ignored until it was released: it has been active for too long, or it was active when the gate
   * started, when a stop or fault ended, or when an operator closed.
   */
  readonly exitIgnored: boolean;
}

export interface BarrierSettings {
  pulseMs: number;
  holdOffMs: number;
  openMs: number;
  travelMs: number;
  /** Without an open contact: the barrier counts as open this long after the pulse. */
  assumeOpenMs: number;
  autoClose: boolean;
  warnMs: number;
  maxHoldMs: number;
  fireClearMs: number;
  /** 0: no alarm. */
  heldOpenMs: number;
  /** 0: no presence loop is asked for. */
  presenceWaitMs: number;
  stuckInputMs: number;
  inputs: readonly InputName[];
  outputs: readonly OutputName[];
}
