import { type AccessRequest, createAccess } from "../../src/core/access.js";
import { ALPHABET } from "../../src/core/plate.js";
import {
  type AccessRule,
  type DecisionRecord,
  type PassRecord,
  type PlateReadRecord,
  plainRule,
} from "../../src/core/records.js";
import type { PassEntry } from "../../src/core/repositories.js";
import { candidates } from "../../src/web/views.js";
import { cropJpeg, sceneJpeg } from "./scene.js";

const COLOURS = ["#3b5568", "#7c2f2b", "#2d3430", "#8b9195", "#4a5a3c", "#a58b5c", "#23314f"];
const STORIES: { plate: string; weak?: number; sure?: number; leaving?: boolean }[] = [
  { plate: "KR4T207" },
  { plate: "B842PLN", leaving: true },
  { plate: "7HJX318", weak: 3, sure: 0.8 },
  { plate: "DW591FE" },
  { plate: "MX20KLT" },
  { plate: "R0B8412", weak: 1, sure: 0.71 },
  { plate: "PA77ZQX" },
  { plate: "EL3906C" },
];

const allow = (plate: string, owner: string, more: Partial<AccessRule> = {}): AccessRule => ({
  id: `rule-${plate.toLowerCase()}`,
  plate,
  ...plainRule,
  owner,
  group: "residents",
  ...more,
});

const RULES: AccessRule[] = [
  allow("KR4T207", "Flat 14"),
  allow("B842PLN", "Flat 3"),
  allow("DW591FE", "Visitor of Flat 9"),
  allow("MX20KLT", "Cleaning company", { schedule: "mo-fr 08:00-08:01" }),
  allow("R0B8412", "Flat 21"),
  allow("PA77ZQX", "Caretaker"),
  allow("EL3906C", "", { effect: "deny" }),
];

const access = createAccess({
  minProbability: 0.9,
  denyProbability: 0.5,
  maxFrameAgeMs: 1500,
  unknown: "deny",
  clockUntrusted: "allow-unscheduled",
  timeZone: "UTC",
  antiPassbackResetMs: 0,
});

/** Passes of a day and a bit, newest last, each really decided; the same for the same seed. */
export async function demoPasses(nowMs: number, count: number, seed = 7): Promise<PassEntry[]> {
  const random = randomFrom(seed);
  const crops = new Map<string, Buffer>();
  const entries: PassEntry[] = [];
  let at = nowMs - 40_000;
  for (let i = 0; i < count; i++) {
    const story = STORIES[i % STORIES.length]!;
    const crop =
      crops.get(story.plate) ?? (await cropJpeg(story.plate, story.weak === undefined ? 0.7 : 1.6));
    crops.set(story.plate, crop);
    const frame =
      i < 8 ? await sceneJpeg({ plate: story.plate, nearness: 0.78, colour: COLOURS[i % 7]! }) : null;
    const enhanced = story.weak === undefined ? null : await cropJpeg(story.plate, 0.4);
    entries.push(demoPass(story, at, i, { crop, enhanced, frame }));
    at -= Math.round((4 + random() ** 3 * 110) * 60_000);
  }
  return entries.reverse();
}

function demoPass(
  { plate, weak, sure = 1, leaving = false }: (typeof STORIES)[number],
  at: number,
  i: number,
  jpegs: { crop: Buffer; enhanced: Buffer | null; frame: Buffer | null },
): PassEntry {
  const chars = [...plate].map((_, k) => (k === weak ? sure : 0.994 + ((k * 7 + i) % 6) / 1000));
  const probability = chars.reduce((a, b) => a * b, 1);
  const evidence = [...plate].map((c, k) => slot(c, chars[k]!));
  const request: AccessRequest = {
    plate,
    probability,
    candidates: candidates(evidence, 10),
    evidence,
    wants: leaving ? "exit" : "entry",
    leaving: false,
    frameAgeMs: 84,
    wallMs: at,
    clockTrusted: true,
    locked: false,
    passages: {},
  };
  const decided = access.decide(request, RULES);
  const { verdict, reason, sentence } = decided;
  const id = `pass-${at}`;
  const pass: PassRecord = {
    id,
    site: "demo",
    gate: "main",
    camera: "front",
    trackId: `front-${at}`,
    startedAt: at,
    endedAt: at + 9400,
    plate,
    probability,
    direction: leaving ? "leaving" : "approaching",
    frames: 11 + (i % 9),
    verdict,
    reason,
    sentence,
    clipId: null,
  };
  const decision: DecisionRecord = {
    id: `decision-${at}`,
    passId: id,
    at: at + 730,
    verdict,
    reason,
    sentence,
    ruleId: decided.ruleId,
    plate,
    probability: decided.probability,
    evidence: access.evidenceOf(request, RULES),
  };
  const read: PlateReadRecord = { passId: id, at: at + 700, text: plate, probability, chars, evidence };
  const enhanced = jpegs.enhanced === null ? {} : { enhanced: jpegs.enhanced };
  const pictures = [{ kind: "crop" as const, jpeg: jpegs.crop, ...enhanced }];
  if (jpegs.frame !== null)
    return {
      pass,
      decision,
      read,
      pictures: [...pictures, { kind: "frame", jpeg: jpegs.frame }],
      events: [],
    };
  return { pass, decision, read, pictures, events: [] };
}

/** All of the doubt lies with the character that looks most like this one. */
function slot(char: string, probability: number): number[] {
  const twin = { 0: "O", O: "0", B: "8", 8: "B", 1: "I", X: "K", 2: "Z", 5: "S" }[char] ?? "-";
  return [...ALPHABET].map((c) => (c === char ? probability : c === twin ? 1 - probability : 0));
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
