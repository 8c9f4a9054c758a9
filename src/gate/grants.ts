import type { BarrierState } from "../core/barrier-types.js";
import type { Clock } from "../system/clock.js";
import type { Gate, GateAnswer } from "./gate-types.js";
import { answerSentence, stateSentence } from "./sentences.js";

/** A lift that came to nothing is asked for again this much later, each time after twice as long: what is broken is not hammered. */
const RETRY_MS = 5000;
const LONGEST_RETRY_MS = 60_000;

export interface GrantDeps {
  clock: Clock;
  gate: Pick<Gate, "event" | "state" | "subscribe">;
  /** The way is open, or opens, for this pass; may be called again for the same one. */
  letThrough: (passId: string) => void;
  /**
   * The lift for this pass came to nothing after all; the sentence says why. `isDown` false: it was given whole before it
   * was broken off, and the arm may be up.
   */
  failed: (passId: string, sentence: string, isDown: boolean) => void;
}

/** What the barrier makes of granted passes: each gets one lift, and gets it again only when it came to nothing. */
export interface Grants {
  /** False while there is nothing to ask for: it got its lift, is getting it, or drives through an open barrier. */
  isDue(passId: string): boolean;
  /** How far the grant of this pass has come; null: there is none, or it came to nothing. */
  progress(passId: string): Grant["is"] | null;
  /** The barrier rises or rose for this pass, not for another one before it. */
  hadLift(passId: string): boolean;
  /** Puts a grant to the gate. `look` has to follow, once every other grant of the same step has reached the lines. */
  put(passId: string, by: string): GateAnswer;
  /** Tells what has become of the grants; it is done by itself when the barrier changes. */
  look(): void;
  /** It turns away, or may not pass any more: nothing may lift for it on the loop; should that change, it is asked for anew. */
  withdraw(passId: string): void;
  /** The vehicle is out of view; it may still be on its way to the loop. */
  end(passId: string): void;
  close(): void;
}

type Grant =
  /** The gate lifts as soon as a vehicle is on the loop. */
  | { is: "waiting" }
  /** `own`: the lift was given for this pass, not for another one before it. */
  | { is: "lifting"; own: boolean; told: boolean }
  | { is: "open"; own: boolean; told: boolean };

export function createGrants({ clock, gate, letThrough, failed }: GrantDeps): Grants {
  const grants = new Map<string, Grant>();
  /** When the barrier may be asked again, and how often it was asked in vain. */
  const vain = new Map<string, { until: number; times: number }>();
  let putting = false;
  /** The lift pulse was running when the barrier was looked at last. */
  let wasPulsing = false;
  const unsubscribe = gate.subscribe(() => {
    if (!putting) look();
  });

  return {
    isDue(passId) {
      const grant = grants.get(passId);
      if (grant === undefined) return clock.monotonicMs() >= (vain.get(passId)?.until ?? 0);
      // It was told that the barrier is open: once that has closed, the vehicle has a lift of its own to come.
      return grant.is === "open" && !grant.own && !isUp(gate.state());
    },
    progress: (passId) => grants.get(passId)?.is ?? null,
    hadLift(passId) {
      const grant = grants.get(passId);
      return grant !== undefined && grant.is !== "waiting" && grant.own;
    },
    put,
    look,
    withdraw(passId) {
      const isLast = grants.get(passId)?.is === "waiting" && waiting() === 1;
      end(passId);
      // Else whoever drives onto the loop next would be lifted for in its place.
      if (isLast) gate.event({ type: "withdrawn" }, "the vehicle turns away or may not pass any more");
    },
    end,
    close: unsubscribe,
  };

  function end(passId: string): void {
    grants.delete(passId);
    vain.delete(passId);
  }

  function waiting(): number {
    return [...grants.values()].filter((g) => g.is === "waiting").length;
  }

  function put(passId: string, by: string): GateAnswer {
    putting = true;
    let answer: GateAnswer;
    try {
      answer = gate.event({ type: "granted" }, by);
    } finally {
      putting = false;
    }
    if (!answer.accepted) return answer;
    const state = gate.state();
    if (answer.reason === "waiting-for-presence") grants.set(passId, { is: "waiting" });
    else if (isInVain(state)) {
      // The relay took no level: that is known before the answer is.
      inVain(passId);
      return { accepted: false, reason: "no-relay", sentence: answerSentence("no-relay") };
    } else {
      const own = answer.reason === "pulsed";
      grants.set(passId, { is: state.place === "opening" ? "lifting" : "open", own, told: false });
    }
    return answer;
  }

  function look(): void {
    const state = gate.state();
    for (const [passId, grant] of grants) {
      if (grant.is === "waiting" && !state.awaiting) reachedLoop(passId, state);
    }
    for (const [passId, grant] of grants) {
      if (grant.is === "waiting") continue;
      if (grant.is === "lifting" && isInVain(state)) {
        inVain(passId);
        failed(passId, stateSentence(state), isDown(state));
        continue;
      }
      // Without contacts it is taken for open before the pulse has shown that there is a relay.
      const stillMoves = state.place === "opening" || state.cause === "contacts" || state.pulsing === "lift";
      const is = grant.is === "lifting" && stillMoves ? "lifting" : "open";
      grants.set(passId, { is, own: grant.own, told: true });
      if (!grant.told) letThrough(passId);
    }
    wasPulsing = state.pulsing === "lift";
  }

  /** A pulse that was cut moved nothing; lines that are away tell nothing of the arm. */
  function isDown({ live, place, inputs }: BarrierState): boolean {
    return wasPulsing || (live && (place !== "stopped" || inputs.closed));
  }

  function inVain(passId: string): void {
    const times = (vain.get(passId)?.times ?? 0) + 1;
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (times - 1));
    vain.set(passId, { until: clock.monotonicMs() + waitMs, times });
    grants.delete(passId);
  }

  /** The gate waits no more: a vehicle is on the loop and the arm rises for it, or none came and it is asked again. */
  function reachedLoop(passId: string, state: BarrierState): void {
    const isTaken = [...grants.values()].some((g) => g.is === "lifting" && g.own);
    if (!isTaken && state.inputs.presence && state.pulsing === "lift")
      grants.set(passId, { is: "lifting", own: true, told: false });
    else grants.delete(passId);
  }
}

function isUp({ place }: BarrierState): boolean {
  return place === "open" || place === "opening" || place === "held";
}

/**
 * A lift after which the arm is down for certain, or that was broken off. Where nothing says so, an arm that is reported
 * stuck or slow may as well be up with a broken contact: a second pulse could bring it down on the vehicle.
 */
function isInVain({ live, place, cause, inputs }: BarrierState): boolean {
  if (!live || place === "stopped" || place === "closed") return true;
  return cause === "no-relay" || (cause === "stuck" && inputs.closed);
}
