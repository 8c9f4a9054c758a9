import { levelChanges } from "./barrier-lights.js";
import {
  type AlarmCode,
  type AnswerReason,
  type BarrierEffect,
  type BarrierSettings,
  type BarrierState,
  INPUT_NAMES,
  type InputName,
  type TimerName,
} from "./barrier-types.js";

export interface BarrierStep {
  state: BarrierState;
  effects: readonly BarrierEffect[];
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export interface Draft {
  s: Mutable<BarrierState>;
  settings: BarrierSettings;
  wired: (name: InputName) => boolean;
  /** A limit contact that is wired says so; running dry, none counts. */
  says: (contact: "closed" | "open") => boolean;
  obstructed: () => boolean;
  /** Somebody presses the exit button or stands on the exit loop. */
  wantsOut: () => boolean;
  add: (...effects: BarrierEffect[]) => void;
  arm: (timer: TimerName, ms: number) => void;
  disarm: (...timers: TimerName[]) => void;
  alarm: (code: AlarmCode, on: boolean, input?: InputName) => void;
  answer: (accepted: boolean, reason: AnswerReason) => void;
  finish: () => BarrierStep;
}

export function draft(before: BarrierState, settings: BarrierSettings): Draft {
  const s: Mutable<BarrierState> = { ...before };
  const effects: BarrierEffect[] = [];
  return {
    s,
    settings,
    wired: (name) => settings.inputs.includes(name),
    says: (contact) => s.inputs[contact] && settings.inputs.includes(contact),
    obstructed: () => s.inputs.loop || s.inputs.beam,
    wantsOut: () => s.inputs.exit && !s.exitIgnored,
    add: (...more) => void effects.push(...more),
    arm: (timer, ms) => void effects.push({ type: "arm", timer, ms }),
    disarm: (...timers) => void effects.push(...timers.map((timer) => ({ type: "disarm", timer }) as const)),
    alarm: (code, on, name) => void effects.push({ type: "alarm", code, input: name ?? null, on }),
    answer: (accepted, reason) => void effects.push({ type: "answer", accepted, reason }),
    finish() {
      if (s.place !== "fault") s.cause = null;
      if (before.cause !== s.cause) this.alarm("fault", s.cause !== null);
      effects.push(...levelChanges(before, s, settings));
      // The very same object when nothing has changed: nobody needs to hear of it.
      const same = (Object.keys(s) as (keyof BarrierState)[]).every((key) => s[key] === before[key]);
      return { state: same ? before : s, effects };
    },
  };
}

/** Before boot: nothing is known and nothing moves. */
export function idleBarrier(): BarrierState {
  return {
    live: false,
    place: "unknown",
    cause: null,
    inputs: Object.fromEntries(INPUT_NAMES.map((name) => [name, false])) as Record<InputName, boolean>,
    pulsing: null,
    holdOff: false,
    heldBy: null,
    stopLatched: false,
    warning: null,
    overdue: false,
    commanded: false,
    awaiting: false,
    decided: false,
    exitIgnored: false,
  };
}
