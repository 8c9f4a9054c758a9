import { randomUUID } from "node:crypto";
import { type AccessDecision, type AccessRequest, createAccess } from "../core/access.js";
import {
  nextTickMs,
  type OpenPass,
  type PassEffect,
  type PassesState,
  passDefaults,
  stepPasses,
} from "../core/pass.js";
import type { AccessRule, PassRecord } from "../core/records.js";
import type { PassEntry } from "../core/repositories.js";
import type { Direction, Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { decisionRecord, passEvents, passRecord, readRecord } from "./entries.js";
import type { Gate, GateAnswer } from "./gate-types.js";
import { createPassages } from "./passages.js";
import type { AccessConfig } from "./settings.js";
import { createUses } from "./uses.js";

export interface LaneDeps {
  config: {
    site: string;
    gate: string;
    timeZone: string;
    access: AccessConfig;
    cameras: readonly { name: string; direction: "entry" | "exit" | "both" }[];
  };
  clock: Clock;
  log: Log;
  /** The rules as they are now; held in memory, never asked of the store here. */
  rules: () => readonly AccessRule[];
  gate: Pick<Gate, "event" | "state" | "mode">;
  clockTrusted: () => boolean;
  /** Called after the lines were set: what the store should keep of the pass now. It may not block. */
  onPass: (entry: PassEntry) => void;
  /** A vehicle is gone: its clip can be cut. */
  onEnd?: (pass: PassRecord) => void;
  /** A visitor pass was used: `RuleRepository.use` should count it. */
  onUse?: (ruleId: string) => void;
  /** The last granted passes, oldest first, so that anti-passback survives a restart. */
  recent?: readonly Pick<PassRecord, "plate" | "camera" | "direction" | "verdict" | "startedAt">[];
}

export interface LaneFigures {
  sightings: number;
  passes: number;
  granted: number;
  denied: number;
  ask: number;
  /** Sightings of cameras that are not configured, or without a plate. */
  dropped: number;
  /** From the newest frame to the relay, and from the arrival of the sighting to the relay, of the last grant in ms. */
  lastFrameToRelayMs: number | null;
  lastSightingToRelayMs: number | null;
}

export interface Lane {
  /** Takes a sighting of the eye; a grant has reached the lines when this returns. */
  sighting(sighting: Sighting): void;
  /** Vehicles in view now. */
  open(): readonly PassRecord[];
  /** Forgets where a vehicle went last; for an operator, who is logged. */
  resetPassback(plate: string, by: string): boolean;
  figures(): LaneFigures;
  /** Ends what is open, so that no pass stays without an end. */
  close(): void;
}

/** From sightings to passes, decisions and the gate. The gate hears of a grant before anybody else. */
export function createLane(deps: LaneDeps): Lane {
  const { clock, log, config } = deps;
  const access = createAccess({ ...config.access, timeZone: config.timeZone });
  const cameras = new Map(config.cameras.map((c) => [c.name, c.direction]));
  const passages = createPassages(config.cameras, deps.recent ?? []);
  const uses = createUses();
  const pictures = new Map<string, Pick<Sighting, "crop" | "frame">>();
  /** Passes whose grant the gate has turned into a pulse, or needed none. */
  const served = new Set<string>();
  const figures: LaneFigures = {
    sightings: 0,
    passes: 0,
    granted: 0,
    denied: 0,
    ask: 0,
    dropped: 0,
    lastFrameToRelayMs: null,
    lastSightingToRelayMs: null,
  };
  /** What each decision was made from, as it was then. */
  const asked = new WeakMap<AccessDecision, { request: AccessRequest; rules: readonly AccessRule[] }>();
  let state: PassesState = [];
  let cancelTick = () => {};

  return {
    sighting(sighting) {
      figures.sightings++;
      if (!cameras.has(sighting.camera) || sighting.plate === "") {
        figures.dropped++;
        return;
      }
      run({ type: "sighting", sighting, id: randomUUID(), nowMs: clock.monotonicMs() });
    },
    open: () => state.map((pass) => passRecord(pass, context())),
    resetPassback(plate, by) {
      log.warn({ plate, by }, "The anti-passback memory of a vehicle was reset.");
      return passages.forget(plate);
    },
    figures: () => ({ ...figures }),
    close() {
      cancelTick();
      for (const pass of state) end(pass);
      state = [];
    },
  };

  function run(event: Parameters<typeof stepPasses>[1]): void {
    const startMs = clock.monotonicMs();
    const step = stepPasses(state, event, decide);
    state = step.state;
    // Gate first: every grant of this step reaches the lines before any record is made of it.
    const answers = new Map<PassEffect, GateAnswer>();
    for (const effect of step.effects) {
      const answer = ask(effect);
      if (answer === null) continue;
      answers.set(effect, answer);
      if (!answer.accepted || !("sighting" in effect)) continue;
      const nowMs = clock.monotonicMs();
      figures.lastSightingToRelayMs = nowMs - startMs;
      figures.lastFrameToRelayMs = nowMs - effect.sighting.lastFrameAtMs;
    }
    for (const effect of step.effects) record(effect, answers.get(effect) ?? null);
    schedule();
  }

  function decide(sighting: Sighting, direction: Direction): AccessDecision {
    const request = requestOf(sighting, direction);
    const rules = uses.applied(deps.rules());
    const decision = access.decide(request, rules);
    asked.set(decision, { request, rules });
    return decision;
  }

  /** Puts a grant to the gate. One pass is one pulse, however long the vehicle stands there. */
  function ask(effect: PassEffect): GateAnswer | null {
    if (effect.type !== "decided" && effect.type !== "still-granted") return null;
    const { pass } = effect;
    const verdict = effect.type === "decided" ? effect.decision.verdict : "granted";
    if (verdict !== "granted" || served.has(pass.id)) return null;
    const ageMs = clock.monotonicMs() - effect.sighting.lastFrameAtMs;
    if (!(ageMs >= 0 && ageMs <= config.access.maxFrameAgeMs)) return null;
    const again = effect.type === "still-granted";
    const { place } = deps.gate.state();
    // It was told before that the barrier is open: no need to say so with every frame.
    if (again && (place === "open" || place === "opening" || place === "held")) return null;
    const answer = deps.gate.event({ type: "granted" }, `plate ${pass.best.plate}`);
    if (answer.reason === "pulsed" || answer.reason === "waiting-for-presence") served.add(pass.id);
    return answer;
  }

  function record(effect: PassEffect, answer: GateAnswer | null): void {
    if ("sighting" in effect) keepPictures(effect.pass.id, effect.sighting);
    switch (effect.type) {
      case "still-granted":
        return;
      case "decided": {
        const { decision } = effect;
        if (effect.first) figures.passes++;
        figures[decision.verdict]++;
        if (decision.verdict === "granted") granted(effect.pass, decision);
        tell(effect.pass, effect.first ? "NEW" : "UPDATE", decision, answer);
        return;
      }
      case "updated":
        tell(effect.pass, effect.plateChanged ? "UPDATE" : "PICTURE", null, null);
        return;
      case "ended":
        end(effect.pass);
    }
  }

  function granted(pass: OpenPass, decision: AccessDecision): void {
    const wants = wantsOf(pass.camera, pass.direction);
    if (wants !== "unknown") passages.remember(decision.plate, wants, clock.wallMs());
    const rule = deps.rules().find((r) => r.id === decision.ruleId);
    if (rule === undefined || rule.usesLeft === null) return;
    uses.spend(rule);
    deps.onUse?.(rule.id);
  }

  function tell(
    pass: OpenPass,
    phase: "NEW" | "UPDATE" | "PICTURE",
    decision: AccessDecision | null,
    answer: GateAnswer | null,
  ): void {
    const known = passRecord(pass, context());
    // Granted, but the barrier had a reason of its own: people should not have to look for it in two places.
    const row =
      answer?.accepted === false ? { ...known, sentence: `${known.sentence} ${answer.sentence}` } : known;
    const images = pictures.get(pass.id);
    pictures.delete(pass.id);
    const from = decision === null ? undefined : asked.get(decision);
    const made =
      decision === null || from === undefined
        ? undefined
        : decisionRecord(row, decision, access.evidenceOf(from.request, from.rules), clock.wallMs());
    if (made !== undefined)
      log.info(
        { pass: row.id, plate: made.plate, verdict: made.verdict, reason: made.reason, gate: answer?.reason },
        made.sentence,
      );
    hand({
      pass: row,
      ...(made === undefined ? {} : { decision: made }),
      read: readRecord(row, pass.best, clock.wallMs()),
      pictures: [
        ...(images?.crop === undefined ? [] : [{ kind: "crop" as const, jpeg: images.crop }]),
        ...(images?.frame === undefined ? [] : [{ kind: "frame" as const, jpeg: images.frame }]),
      ],
      // A better picture alone is kept, but no news.
      events: phase === "PICTURE" ? [] : passEvents(row, phase, made, clock.wallMs()),
    });
  }

  function end(pass: OpenPass): void {
    pictures.delete(pass.id);
    served.delete(pass.id);
    if (pass.decision === null) return;
    const row = { ...passRecord(pass, context()), endedAt: wallOf(pass.lastFrameAtMs) };
    hand({ pass: row, events: passEvents(row, "END", undefined, clock.wallMs()) });
    deps.onEnd?.(row);
  }

  function hand(entry: PassEntry): void {
    try {
      deps.onPass(entry);
    } catch (error) {
      log.error(
        { pass: entry.pass.id, error: (error as Error).message },
        "A pass could not be handed to the store.",
      );
    }
  }

  function keepPictures(id: string, { crop, frame }: Sighting): void {
    if (crop === undefined && frame === undefined) return;
    const known = pictures.get(id);
    pictures.set(id, {
      ...known,
      ...(crop === undefined ? {} : { crop }),
      ...(frame === undefined ? {} : { frame }),
    });
  }

  function schedule(): void {
    cancelTick();
    const waitMs = nextTickMs(state, clock.monotonicMs(), passDefaults);
    if (waitMs !== null)
      cancelTick = clock.after(waitMs, () => run({ type: "tick", nowMs: clock.monotonicMs() }));
  }

  function requestOf(sighting: Sighting, direction: Direction): AccessRequest {
    return {
      plate: sighting.plate,
      probability: sighting.probability,
      candidates: sighting.candidates,
      evidence: sighting.evidence,
      wants: wantsOf(sighting.camera, direction),
      leaving: cameras.get(sighting.camera) !== "both" && direction === "leaving",
      frameAgeMs: clock.monotonicMs() - sighting.lastFrameAtMs,
      wallMs: clock.wallMs(),
      clockTrusted: deps.clockTrusted(),
      locked: deps.gate.mode() === "locked",
      passages: passages.all(),
    };
  }

  function wantsOf(camera: string, direction: Direction): "entry" | "exit" | "unknown" {
    const side = cameras.get(camera) ?? "both";
    if (side !== "both") return side;
    return direction === "approaching" ? "entry" : direction === "leaving" ? "exit" : "unknown";
  }

  function context() {
    return { site: config.site, gate: config.gate, wallOf };
  }

  /** Wall time of a monotonic moment, by the wall clock as it is now. */
  function wallOf(atMs: number): number {
    return Math.round(clock.wallMs() - (clock.monotonicMs() - atMs));
  }
}
