import { randomUUID } from "node:crypto";
import { type AccessDecision, type Approval, answered, createAccess } from "../core/access.js";
import {
  nextTickMs,
  type OpenPass,
  type PassEffect,
  type PassEvent,
  type PassesState,
  passDefaults,
  stepPasses,
} from "../core/pass.js";
import type { AccessRule, PassRecord } from "../core/records.js";
import type { PassAppearance, PassEntry } from "../core/repositories.js";
import type { Direction, Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { openQuestion } from "./approvals.js";
import { createCounts } from "./counts.js";
import type { Gate, GateAnswer } from "./gate-types.js";
import { createGrants } from "./grants.js";
import { type LaneFigures, noLaneFigures } from "./lane-figures.js";
import { createLooks } from "./looks.js";
import { createOnTheWay } from "./on-the-way.js";
import { createPassages } from "./passages.js";
import type { PlacesFile } from "./places-file.js";
import { createRequests } from "./requests.js";
import { refusedSince } from "./second-look.js";
import { answerSentence } from "./sentences.js";
import type { AccessConfig } from "./settings.js";
import { createStanding, noArrival } from "./standing.js";
import { createStory } from "./story.js";
import { createUses, type StoredUses } from "./uses.js";

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
  gate: Pick<Gate, "event" | "state" | "mode" | "subscribe">;
  clockTrusted: () => boolean;
  /** Called after the lines were set: what the store should keep of the pass now. It may not block. */
  onPass: (entry: PassEntry) => void;
  /** A vehicle is gone: its clip can be cut. */
  onEnd?: (pass: PassRecord) => void;
  /** Hears of visitor passes that are used; left out: a restart knows nothing of it. */
  uses?: StoredUses;
  /** What the vehicles of earlier passes looked like, oldest first. */
  looks?: readonly PassAppearance[];
  /** Where vehicles stand that were lifted for; left out: a restart forgets it. */
  places?: PlacesFile;
  /** The last granted passes, oldest first, so that anti-passback survives a restart. */
  recent?: readonly Pick<
    PassRecord,
    "plate" | "camera" | "direction" | "verdict" | "startedAt" | "letThrough"
  >[];
}

export interface Lane {
  /** Takes a sighting of the eye; a grant has reached the lines when this returns. */
  sighting(sighting: Sighting): void;
  /**
   * A person's answer to a pass that the rules left open. What is approved is put to the gate at once and once only; what
   * the gate does not take stays a question.
   */
  answer(passId: string, approval: Approval): GateAnswer;
  /** Vehicles in view now. */
  open(): readonly PassRecord[];
  /** Forgets where a vehicle went last; for an operator, who is logged. */
  resetPassback(plate: string, by: string): boolean;
  /** The history of looks anew, after something was erased. */
  recallLooks(history: readonly PassAppearance[]): void;
  figures(): LaneFigures;
  /** Ends what is open at once, so that no pass stays without an end; fulfils when the places are on the card. */
  close(): Promise<void>;
}

/** From sightings to passes, decisions and the gate. The gate hears of a grant before anybody else. */
export function createLane(deps: LaneDeps): Lane {
  const { clock, log, config } = deps;
  const access = createAccess({ ...config.access, timeZone: config.timeZone });
  const cameras = new Map(config.cameras.map((c) => [c.name, c.direction]));
  const passages = createPassages(config.cameras, deps.recent ?? []);
  const looks = createLooks(config.access);
  looks.load(deps.looks ?? []);
  const requests = createRequests({ ...deps, cameras, passages, looks });
  const story = createStory({ ...deps, place: config, access, looks });
  const uses = createUses(deps.uses);
  const grants = createGrants({ clock, gate: deps.gate, letThrough, failed });
  const onTheWay = createOnTheWay({ gate: deps.gate, grants, end });
  const standing = createStanding(clock, deps.places);
  const counts = createCounts({ ...deps, cameras, passages, uses });
  /** Passes of which the barrier has made something that their rows do not say yet. */
  const news = new Set<string>();
  const figures: LaneFigures = { ...noLaneFigures };
  let state: PassesState = [];
  let running = false;
  let cancelTick = () => {};

  return {
    sighting(sighting) {
      figures.sightings++;
      const serves = cameras.get(sighting.camera);
      if (serves === undefined || sighting.plate === "") return void figures.dropped++;
      looks.see(sighting);
      standing.see(sighting);
      const side = serves === "both" ? null : serves;
      run({ type: "sighting", sighting, id: randomUUID(), side, nowMs: clock.monotonicMs() });
    },
    answer,
    open: () => state.map(story.rowOf),
    resetPassback(plate, by) {
      log.warn({ plate, by }, "The anti-passback memory of a vehicle was reset.");
      return passages.forget(plate);
    },
    recallLooks: looks.load,
    figures: () => ({ ...figures }),
    close() {
      cancelTick();
      grants.close();
      onTheWay.close();
      for (const pass of state) end(pass);
      state = [];
      return standing.settled();
    },
  };

  /** `given`: the gate's answer to an approval, which was put to it already. */
  function run(event: PassEvent, given: GateAnswer | null = null): void {
    const startMs = clock.monotonicMs();
    running = true;
    const step = stepPasses(state, event, decide);
    state = step.state;
    // Gate first: every grant of this step reaches the lines before any record is made of it.
    const answers = new Map<PassEffect, GateAnswer>();
    for (const effect of step.effects) {
      const isAnswered = event.type === "answered" && effect.pass.id === event.passId;
      const answer = isAnswered ? given : ask(effect);
      if (answer === null) continue;
      answers.set(effect, answer);
      if (!answer.accepted || isAnswered || !("sighting" in effect)) continue;
      const nowMs = clock.monotonicMs();
      figures.lastSightingToRelayMs = nowMs - startMs;
      figures.lastFrameToRelayMs = nowMs - effect.sighting.lastFrameAtMs;
    }
    grants.look();
    onTheWay.look();
    for (const effect of step.effects) record(effect, answers.get(effect) ?? null);
    for (const pass of state) counts.follow(pass);
    running = false;
    tellNews();
    schedule();
  }

  function decide(sighting: Sighting, direction: Direction): AccessDecision {
    const request = requests.of(sighting, direction);
    const rules = uses.applied(deps.rules());
    const decision = access.decide(request, rules);
    story.madeFrom(decision, { request, rules });
    return decision;
  }

  /** Puts a grant to the gate, with every frame until it has come to something. */
  function ask(effect: PassEffect): GateAnswer | null {
    if (effect.type !== "decided" && effect.type !== "still-granted") return null;
    const { pass } = effect;
    const { decision } = pass;
    if (decision?.verdict !== "granted") return null;
    // Asked of one that turns away as well, so that it has moved when it comes back.
    const isStill = !grants.hadLift(pass.id) && standing.isStill(effect.sighting, decision.plate);
    if (requests.isLeaving(effect.sighting.camera, pass.direction)) {
      grants.withdraw(pass.id);
      return null;
    }
    const waits = grants.progress(pass.id) === "waiting";
    const ageMs = clock.monotonicMs() - effect.sighting.lastFrameAtMs;
    const isFresh = ageMs >= 0 && ageMs <= config.access.maxFrameAgeMs;
    if (!isFresh || !(waits || grants.isDue(pass.id))) return null;
    const refusal = effect.type === "decided" ? null : changed(pass, effect.sighting, decision);
    if (refusal !== null && waits) grants.withdraw(pass.id);
    if (refusal !== null && !counts.has(pass.id))
      story.barrier(pass.id, `That has changed: ${refusal.sentence}`);
    if (refusal !== null || waits) return null;
    onTheWay.back(decision.plate, pass.id);
    // A person who lets it in, once, has seen it stand there.
    const isMeant = !isStill || (pass.answered && !counts.has(pass.id));
    const answer = isMeant ? grants.put(pass.id, `plate ${pass.best.plate}`) : noArrival;
    if (!answer.accepted && !counts.has(pass.id)) story.barrier(pass.id, answer.sentence);
    return answer;
  }

  /** What has come between a vehicle that was granted a while ago and its lift. */
  function changed(pass: OpenPass, sighting: Sighting, decision: AccessDecision): AccessDecision | null {
    const made = story.requestOf(decision);
    if (made === undefined) return null;
    const rules = uses.applied(deps.rules());
    const now = requests.of(sighting, pass.direction);
    const how = { answered: pass.answered, isCounted: counts.has(pass.id) };
    return refusedSince(made, now, (request) => access.decide(request, rules), how);
  }

  function answer(passId: string, approval: Approval): GateAnswer {
    const nowMs = clock.monotonicMs();
    const question = openQuestion(state, passId, nowMs);
    if ("accepted" in question) return question;
    const { pass, decision } = question;
    const made = answered(decision, approval, pass.best.plate);
    story.answeredBy(decision, made, approval);
    if (made.verdict !== "granted") {
      run({ type: "answered", passId, decision: made, nowMs });
      return { accepted: true, reason: "refused", sentence: answerSentence("refused") };
    }
    // What is refused is not tried again with later frames, as other grants are: by then it would be a stale answer.
    const given = grants.put(passId, `plate ${pass.best.plate}, ${approval.by}`);
    if (!given.accepted) {
      grants.end(passId);
      return given;
    }
    run({ type: "answered", passId, decision: made, nowMs }, given);
    return given;
  }

  function record(effect: PassEffect, answer: GateAnswer | null): void {
    if ("sighting" in effect) story.show(effect.pass.id, effect.sighting);
    switch (effect.type) {
      case "still-granted":
        note(effect.pass, effect.sighting);
        return;
      case "decided": {
        const { decision } = effect;
        if (effect.first) figures.passes++;
        figures[decision.verdict]++;
        news.delete(effect.pass.id);
        story.tell(effect.pass, effect.first ? "NEW" : "UPDATE", decision, answer);
        return;
      }
      case "updated":
        story.tell(effect.pass, effect.plateChanged ? "UPDATE" : "PICTURE", null, null);
        return;
      case "ended":
        if (!onTheWay.take(effect.pass)) end(effect.pass);
    }
  }

  /** A vehicle that the barrier refused, because it is stopped or locked, is not inside. */
  function letThrough(passId: string): void {
    const pass = [...state, ...onTheWay.all()].find((p) => p.id === passId);
    if (pass === undefined) return;
    note(pass, pass.best);
    if (!counts.count(pass)) return;
    story.barrier(passId, null);
    hasNews(passId);
  }

  function note(pass: OpenPass, sighting: Sighting): void {
    const { id, decision } = pass;
    if (decision !== null && grants.hadLift(id)) standing.note(id, sighting, decision.plate);
  }

  function failed(passId: string, sentence: string, isDown: boolean): void {
    standing.forget(passId);
    counts.takeBack(passId, isDown);
    story.barrier(passId, sentence);
    hasNews(passId);
  }

  function hasNews(passId: string): void {
    news.add(passId);
    if (!running) tellNews();
  }

  /** Kept at once, and once: after a power cut the vehicle must still count as let in. */
  function tellNews(): void {
    for (const pass of [...state, ...onTheWay.all()])
      if (news.has(pass.id)) story.tell(pass, "PICTURE", null, null);
    news.clear();
  }

  function end(pass: OpenPass): void {
    grants.end(pass.id);
    counts.end(pass.id);
    standing.keep(pass.id);
    story.end(pass);
  }

  function schedule(): void {
    cancelTick();
    const waitMs = nextTickMs(state, clock.monotonicMs(), passDefaults);
    if (waitMs !== null)
      cancelTick = clock.after(waitMs, () => run({ type: "tick", nowMs: clock.monotonicMs() }));
  }
}
