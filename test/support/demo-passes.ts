import { ALPHABET } from "../../src/core/plate.js";
import type { DecisionRecord, PassRecord, PlateReadRecord, Verdict } from "../../src/core/records.js";
import type { PassEntry } from "../../src/core/repositories.js";
import { cropJpeg, sceneJpeg } from "./scene.js";

const COLOURS = ["#3b5568", "#7c2f2b", "#2d3430", "#8b9195", "#4a5a3c", "#a58b5c", "#23314f"];
const STORIES: [plate: string, verdict: Verdict, reason: string, sentence: string, weak?: number][] = [
  [
    "KR4T207",
    "granted",
    "on-allow-list",
    "On the allow list of Flat 14, M. Ostrowska; weekdays from 06:00 to 20:00.",
  ],
  ["B842PLN", "granted", "on-allow-list", "On the allow list of Flat 3, the Adeyemi family; always."],
  ["7HJX318", "denied", "on-no-list", "This plate is on no list.", 3],
  ["DW591FE", "granted", "visitor-pass", "Visitor pass of Flat 9; one of three uses is left."],
  [
    "MX20KLT",
    "denied",
    "outside-schedule",
    "Known to the cleaning company, but only from 08:00 to 12:00 on working days.",
  ],
  [
    "R0B8412",
    "ask",
    "not-sure-enough",
    "Probably the plate of Flat 21, but 0 could be O: 81 % is less than the 90 % wanted.",
    1,
  ],
  ["PA77ZQX", "granted", "on-allow-list", "On the allow list of the caretaker; always."],
  [
    "EL3906C",
    "denied",
    "on-deny-list",
    "On the deny list since 3 January: banned by the owners' association.",
  ],
];

/** Passes of a day and a bit, newest last; the same for the same seed. */
export async function demoPasses(nowMs: number, count: number, seed = 7): Promise<PassEntry[]> {
  const random = randomFrom(seed);
  const crops = new Map<string, Buffer>();
  const entries: PassEntry[] = [];
  let at = nowMs - 40_000;
  for (let i = 0; i < count; i++) {
    const story = STORIES[i % STORIES.length]!;
    const crop = crops.get(story[0]) ?? (await cropJpeg(story[0], story[4] === undefined ? 0.7 : 1.6));
    crops.set(story[0], crop);
    const frame =
      i < 8 ? await sceneJpeg({ plate: story[0], nearness: 0.78, colour: COLOURS[i % 7]! }) : null;
    entries.push(entry(story, at, i, crop, frame));
    at -= Math.round((4 + random() ** 3 * 110) * 60_000);
  }
  return entries.reverse();
}

function entry(
  [plate, verdict, reason, sentence, weak]: (typeof STORIES)[number],
  at: number,
  i: number,
  crop: Buffer,
  frame: Buffer | null,
): PassEntry {
  const chars = [...plate].map((_, k) =>
    k === weak ? 0.62 + (i % 3) * 0.09 : 0.994 + ((k * 7 + i) % 6) / 1000,
  );
  const probability = chars.reduce((a, b) => a * b, 1);
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
    direction: i % 5 === 3 ? "leaving" : "approaching",
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
    ruleId: reason === "on-no-list" ? null : `rule-${(i % 8) + 1}`,
    plate,
    probability,
    evidence: JSON.stringify({
      plate,
      probability,
      frameAgeMs: 84,
      minProbability: 0.9,
      direction: pass.direction,
      clockTrusted: true,
      frames: pass.frames,
      rivals: [],
    }),
  };
  const read: PlateReadRecord = {
    passId: id,
    at: at + 700,
    text: plate,
    probability,
    chars,
    evidence: [...plate].map((c, k) => slot(c, chars[k]!)),
  };
  const pictures = [
    { kind: "crop" as const, jpeg: crop },
    ...(frame === null ? [] : [{ kind: "frame" as const, jpeg: frame }]),
  ];
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
