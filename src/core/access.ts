import { bestOf, type Match, matchesOf } from "./access-matches.js";
import { type Likeness, mustAsk, oddSentence } from "./appearance.js";
import { createCalendar } from "./local-time.js";
import { passbackOf, passbackSentence } from "./passback.js";
import type { Candidate, CharEvidence } from "./plate.js";
import { isExact } from "./plate-pattern.js";
import type { AccessRule, Verdict } from "./records.js";
import { type InactiveReason, inactiveBecause, ruleProblems } from "./rule-activity.js";

export type AccessReason =
  | "on-allow-list"
  | "passback-soft"
  | "on-deny-list"
  | "maybe-denied"
  | "not-on-list"
  | "unsure"
  | "stale-frame"
  | "driving-away"
  | "locked"
  | "clock-untrusted"
  | "rule-broken"
  | "not-yet-valid"
  | "expired"
  | "outside-schedule"
  | "wrong-direction"
  | "no-uses-left"
  | "passback"
  | "looks-different"
  | "approved"
  | "refused";

/** What a person said to a pass that the rules left open (`ask`). */
export interface Approval {
  what: "approve" | "refuse";
  /** Who, and by which way: for the record. */
  by: string;
}

/** Everything a decision is made from, but for the rules and the settings. */
export interface AccessRequest {
  plate: string;
  /** Calibrated probability that `plate` is right. */
  probability: number;
  candidates: readonly Candidate[];
  evidence: CharEvidence;
  wants: "entry" | "exit" | "unknown";
  /** It drives away from the gate that this camera looks at. */
  leaving: boolean;
  /** It may yet turn out to be leaving: it has only just come into view. Older records have none. */
  directionPending?: boolean;
  /** Monotonic; negative or NaN: of another clock, and never fresh. */
  frameAgeMs: number;
  wallMs: number;
  clockTrusted: boolean;
  /** An operator has locked the gate: no plate opens it. */
  locked: boolean;
  /** Where vehicles went last, by plate: for anti-passback. */
  passages: Readonly<Record<string, { side: "entry" | "exit"; at: number }>>;
  /** How much the vehicle looks like those that came with these plates before; plates without a history are left out. */
  looks?: Readonly<Record<string, Likeness>>;
}

export interface AccessSettings {
  minProbability: number;
  /** From this probability of a denied plate on, nothing opens. */
  denyProbability: number;
  maxFrameAgeMs: number;
  unknown: "deny" | "ask";
  clockUntrusted: "deny" | "allow-unscheduled";
  timeZone: string;
  /** After this time a vehicle may enter again without having left; 0: never. */
  antiPassbackResetMs: number;
  /** What is done about a plate on a vehicle that looks like none it came on before; older records have none. */
  oddVehicle?: "off" | "flag" | "ask";
  minLikeness?: number;
}

export interface AccessDecision {
  verdict: Verdict;
  reason: AccessReason;
  sentence: string;
  ruleId: string | null;
  /** The listed plate that it is taken for, else the plate as read. */
  plate: string;
  /** Probability that the plate is one the rule means; without a rule, that the reading is right. */
  probability: number;
}

export interface Access {
  decide(request: AccessRequest, rules: readonly AccessRule[]): AccessDecision;
  /**
   * What a decision record keeps: enough to decide the same again, without the rules that had nothing to say.
   * `approval`: the rules asked, and this was the answer.
   */
  evidenceOf(request: AccessRequest, rules: readonly AccessRule[], approval?: Approval): string;
}

/** Decides who may pass. Deny beats allow; anything but `granted` moves nothing. */
export function createAccess(settings: AccessSettings): Access {
  const calendar = createCalendar(settings.timeZone);
  /** What a decision has found, for its record: a list is long, and the next vehicle waits. */
  const found = new WeakMap<AccessRequest, { rules: readonly AccessRule[]; matches: readonly Match[] }>();
  return { decide, evidenceOf };

  function decide(request: AccessRequest, rules: readonly AccessRule[]): AccessDecision {
    const plate = request.plate;
    const answer = (
      verdict: Verdict,
      reason: AccessReason,
      sentence: string,
      matched?: Match,
    ): AccessDecision => ({
      verdict,
      reason,
      sentence,
      ruleId: matched?.rule.id ?? null,
      plate: matched !== undefined && isExact(matched.rule.plate) ? matched.rule.plate : plate,
      probability: matched?.chance ?? request.probability,
    });
    if (!request.clockTrusted && settings.clockUntrusted === "deny")
      return answer("denied", "clock-untrusted", "The clock cannot be trusted yet, so nobody is let in.");

    const matches = matchesIn(request, rules);
    const denied = bestOf(matches, (m) => m.rule.effect === "deny" && denies(m.rule, request));
    if (denied !== null && denied.chance >= settings.denyProbability) {
      if (denied.chance >= 0.5)
        return answer(
          "denied",
          "on-deny-list",
          `${denied.rule.plate} is on the deny list${owner(denied.rule)}.${broken(denied.rule)}`,
          denied,
        );
      return answer(
        "ask",
        "maybe-denied",
        `It may be ${denied.rule.plate}, which is on the deny list (${percent(denied.chance)}).`,
        denied,
      );
    }

    const allowed = matches.filter((m) => m.rule.effect === "allow");
    const sure = allowed
      .filter((m) => m.chance >= settings.minProbability)
      .sort((a, b) => b.chance - a.chance);
    let refusal: AccessDecision | null = null;
    for (const match of sure) {
      const inactive = inactiveBecause(match.rule, request, calendar);
      if (inactive !== null) {
        refusal ??= answer("denied", inactive.reason, `${plate} is not let in: ${inactive.sentence}.`, match);
        continue;
      }
      const back = passbackOf(match.rule, request, settings.antiPassbackResetMs);
      if (back !== "no" && match.rule.antiPassback === "hard") {
        const sentence = passbackSentence(plate, request.wants);
        refusal ??= answer(back === "yes" ? "denied" : "ask", "passback", sentence, match);
        continue;
      }
      if (!(request.frameAgeMs >= 0 && request.frameAgeMs <= settings.maxFrameAgeMs))
        return answer(
          "denied",
          "stale-frame",
          `${plate} may pass, but its picture is too old to open for.`,
          match,
        );
      if (request.locked)
        return answer("denied", "locked", `${plate} may pass, but the gate is locked.`, match);
      if (request.leaving)
        return answer(
          "denied",
          "driving-away",
          `${plate} may pass, but it drives away from this camera.`,
          match,
        );
      if (request.directionPending === true)
        return answer(
          "denied",
          "driving-away",
          `${plate} may pass, once it is clear that it does not drive away from this camera.`,
          match,
        );
      const looks = request.looks?.[isExact(match.rule.plate) ? match.rule.plate : plate];
      if (settings.oddVehicle === "ask" && looks !== undefined && mustAsk(looks, settings.minLikeness ?? 0))
        return answer(
          "ask",
          "looks-different",
          `${plate} may pass${owner(match.rule)}, but ${oddSentence(looks)}; somebody has to decide.`,
          match,
        );
      return back === "yes"
        ? answer(
            "granted",
            "passback-soft",
            `${plate} may pass${owner(match.rule)}, though it did not leave before.`,
            match,
          )
        : answer("granted", "on-allow-list", `${plate} is on the allow list${owner(match.rule)}.`, match);
    }
    if (refusal !== null) return refusal;
    const likely = bestOf(allowed, () => true);
    if (likely !== null && likely.chance >= UNSURE)
      return answer(
        "ask",
        "unsure",
        `It looks like ${likely.rule.plate} (${percent(likely.chance)}), but ${percent(settings.minProbability)} are asked for.`,
        likely,
      );
    return settings.unknown === "ask"
      ? answer("ask", "not-on-list", `${plate} is on no list; somebody has to decide.`)
      : answer("denied", "not-on-list", `${plate} is on no list.`);
  }

  function evidenceOf(request: AccessRequest, rules: readonly AccessRule[], approval?: Approval): string {
    const matches = matchesIn(request, rules);
    const plates = new Set(matches.map((m) => m.rule.plate).concat(request.plate));
    const those = <T>(of: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(of).filter(([plate]) => plates.has(plate)));
    const [passages, looks] = [those(request.passages), those(request.looks ?? {})];
    const kept: DecisionEvidence = {
      v: 1,
      request: { ...request, passages, looks },
      rules: matches.map((m) => m.rule),
      settings: { ...settings, timeZone: calendar.timeZone },
      ...(approval === undefined ? {} : { approval }),
    };
    return JSON.stringify(kept);
  }

  function matchesIn(request: AccessRequest, rules: readonly AccessRule[]): readonly Match[] {
    const known = found.get(request);
    if (known?.rules === rules) return known.matches;
    const matches = matchesOf(request, rules);
    found.set(request, { rules, matches });
    return matches;
  }

  /**
   * A deny rule that cannot be understood still denies, and so does one for one direction while nobody knows which way the
   * vehicle drives, and one that was a visitor pass before and is used up; one that is over or not for now does not.
   */
  function denies(rule: AccessRule, request: AccessRequest): boolean {
    const reason = inactiveBecause(rule, request, calendar)?.reason;
    if (reason === "wrong-direction") return request.wants === "unknown";
    return reason === undefined || STILL_DENIES.has(reason);
  }
}

/** Decides again from what a decision record has kept; the answer is the same. */
export function replayDecision(evidence: string): AccessDecision {
  const { request, rules, settings, approval } = JSON.parse(evidence) as DecisionEvidence;
  const decision = createAccess(settings).decide(request, rules);
  return approval === undefined ? decision : answered(decision, approval, request.plate);
}

/** The decision that a person's answer makes of an open question; what is no question stays as it is. */
export function answered(asked: AccessDecision, { what, by }: Approval, plateAsRead: string): AccessDecision {
  if (asked.verdict !== "ask") return asked;
  const decided =
    what === "approve"
      ? { ...asked, verdict: "granted", reason: "approved", sentence: `${asked.sentence} Let in by ${by}.` }
      : { ...asked, verdict: "denied", reason: "refused", sentence: `${asked.sentence} Refused by ${by}.` };
  // Whoever lets in what may be a denied plate says that it is not that one.
  const other = asked.reason === "maybe-denied" && what === "approve";
  return { ...decided, ...(other ? { plate: plateAsRead, ruleId: null } : {}) } as AccessDecision;
}

interface DecisionEvidence {
  v: 1;
  request: AccessRequest;
  rules: readonly AccessRule[];
  settings: AccessSettings;
  approval?: Approval;
}

const STILL_DENIES: ReadonlySet<InactiveReason> = new Set(["rule-broken", "clock-untrusted", "no-uses-left"]);

/** Below this an allowed plate is not even mentioned. */
const UNSURE = 0.3;
/** A mistake in a deny rule must not let anybody in; but people have to hear of it. */
function broken(rule: AccessRule): string {
  const problems = ruleProblems(rule);
  return problems.length === 0 ? "" : ` Its rule denies until it is mended: ${problems.join("; ")}.`;
}

function owner(rule: AccessRule): string {
  return rule.owner === "" ? "" : ` (${rule.owner})`;
}

function percent(p: number): string {
  return `${Math.floor(p * 1000) / 10} %`;
}
