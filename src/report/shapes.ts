/** The shapes of all messages on the plain topics; the JSON Schema files in schema/ are generated from them. */
import { z } from "zod";

/** Rises when a field changes its meaning or goes; new fields do not raise it. */
export const MESSAGE_VERSION = 1;

const instant = z.iso.datetime().describe("UTC, ISO 8601 with milliseconds");
const head = {
  v: z.literal(MESSAGE_VERSION).describe("version of this shape"),
  site: z.string(),
  gate: z.string(),
};
const eventHead = {
  ...head,
  id: z
    .string()
    .describe("the same for every copy of this event: keep the ones you have seen, drop the rest"),
  seq: z.int().describe("rises in the order of commit; gaps are normal"),
  at: instant.describe("when it happened, UTC"),
};
const verdict = z.enum(["granted", "denied", "ask"]);
const direction = z.enum(["approaching", "leaving", "unknown"]);
const probability = z.number().min(0).max(1);

const pass = z.object({
  id: z.string(),
  camera: z.string(),
  trackId: z.string(),
  startedAt: instant,
  endedAt: instant.nullable().describe("null while the vehicle is in view"),
  plate: z.string().describe("plain, masked or hashed, as `report.plates` says"),
  probability: probability.describe("that the plate is right"),
  direction,
  frames: z.int(),
  verdict,
  reason: z.string().describe("machine-readable, such as on-allow-list"),
  sentence: z.string(),
  clipId: z.string().nullable(),
  looks: z
    .object({ compared: z.int(), likeness: z.number(), isOdd: z.boolean() })
    .nullable()
    .describe(
      "how much the vehicle looks like those that came with this plate before; isOdd: like none of them; null: nothing can be said",
    ),
});

export const passMessage = z.object({
  ...eventHead,
  event: z.literal("pass"),
  phase: z.enum(["NEW", "UPDATE", "END"]).describe("first read, better read, vehicle gone"),
  pass,
});

export const decisionMessage = z.object({
  ...eventHead,
  event: z.literal("decision"),
  decision: z.object({
    id: z.string(),
    passId: z.string(),
    verdict,
    reason: z.string(),
    sentence: z.string(),
    ruleId: z.string().nullable(),
    plate: z.string(),
    probability,
    gate: z
      .object({ accepted: z.boolean(), sentence: z.string() })
      .nullable()
      .describe("what the gate answered to a grant; null: it was not asked"),
  }),
});

export const clipMessage = z.object({
  ...eventHead,
  event: z.literal("clip"),
  clip: z.object({
    id: z.string(),
    passId: z.string().nullable(),
    camera: z.string(),
    startedAt: instant,
    endedAt: instant,
    bytes: z.int(),
    pinned: z.boolean(),
  }),
});

const barrierWord = z.enum([
  "unknown",
  "closed",
  "opening",
  "open",
  "closing",
  "held-open",
  "stopped",
  "fault",
]);
const alarmCode = z
  .string()
  .describe("fault, fire, forced-open, held-open, hold-lost, stuck-input, lines; new ones may come");
const alarmInput = z.string().nullable().describe("the input that it is about, such as loop");

export const barrierEventMessage = z.object({
  ...eventHead,
  event: z.literal("barrier"),
  barrier: z.looseObject({
    state: barrierWord,
    from: barrierWord.describe("what it was before"),
    cause: z.string().nullable().describe("of a fault, such as stuck or slow; else null"),
    sentence: z.string(),
    by: z.string().describe("what made it move, such as `plate AB12CDE`, `input loop` or `timer open`"),
    dryRun: z.boolean().describe("true: nothing was energised"),
  }),
});

export const alarmMessage = z.object({
  ...eventHead,
  event: z.literal("alarm"),
  alarm: z.looseObject({
    code: alarmCode,
    input: alarmInput,
    on: z.boolean().describe("true: raised, false: over"),
    sentence: z.string(),
  }),
});

export const barrierState = z.object({
  ...head,
  state: barrierWord,
  since: instant,
  sentence: z.string(),
  dryRun: z.boolean().describe("true: nothing is energised whatever is decided"),
  heldUntil: instant.nullable().describe("when a hold ends by itself"),
  mode: z.string().describe("normal, or locked: no plate opens"),
  alarms: z
    .array(z.object({ code: alarmCode, input: alarmInput, sentence: z.string(), since: instant }))
    .describe("what somebody should look at; empty: nothing"),
});

export const inputsState = z.object({
  ...head,
  inputs: z.record(z.string(), z.boolean()).describe("every wired input; true is active"),
});

export const healthState = z.object({
  ...head,
  state: z.enum(["good", "warning", "bad", "unknown"]).describe("the worst of all parts"),
  parts: z.record(
    z.string(),
    z.object({
      name: z.string(),
      state: z.enum(["good", "warning", "bad", "unknown"]),
      sentence: z.string(),
      since: instant.nullable(),
    }),
  ),
  temperatureC: z.number().nullable(),
  fps: z.record(z.string(), z.number()).describe("frames looked at per second, by camera"),
  readRate: probability.nullable(),
  rssBytes: z.int().nullable(),
  uptimeSeconds: z.int().nullable(),
  version: z.string(),
  latestVersion: z.string().nullable().describe("newest version this machine knows of"),
});

export const storageState = z.object({
  ...head,
  ringBytes: z.int(),
  ringMaxBytes: z.int(),
  segments: z.int(),
  oldestAt: instant.nullable(),
  clips: z.int(),
  clipBytes: z.int(),
  freeBytes: z.int(),
  minFreeBytes: z.int(),
});

const nonce = z.string().regex(/^[\x21-\x7e]{8,64}$/);

/** What may be sent to `…/set/barrier`. Unknown fields are refused. */
export const barrierCommand = z.strictObject({
  v: z.literal(MESSAGE_VERSION).optional(),
  command: z
    .enum([
      "open",
      "close",
      "hold",
      "release",
      "stop",
      "mode",
      "test-pulse",
      "approve",
      "refuse",
      "reset-passback",
    ])
    .describe(
      "test-pulse: only while somebody at the barrier has confirmed that nobody is under it; approve and refuse answer a pass whose verdict is ask, while its vehicle stands there; reset-passback forgets on which side a plate was seen last",
    ),
  nonce: nonce.describe("8 to 64 printable characters, never used before"),
  issuedAt: z
    .union([z.int().min(0), z.iso.datetime({ offset: true })])
    .describe("when it was given: ms since 1970 UTC, or ISO 8601"),
  ttlMs: z.int().min(100).max(60_000).optional().describe("how long it is good for; default 5000"),
  by: z.string().min(1).max(64).optional().describe("who asks, for the log"),
  holdMs: z.int().min(1000).max(43_200_000).optional().describe("only with hold"),
  mode: z.enum(["normal", "locked"]).optional().describe("only with mode"),
  pass: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/)
    .optional()
    .describe("only with approve and refuse: id of the pass"),
  plate: z.string().min(1).max(24).optional().describe("only with reset-passback"),
  why: z.string().min(1).max(200).optional().describe("the reason, for the log"),
  sig: z
    .string()
    .regex(/^[0-9a-f]{64}$/i)
    .optional()
    .describe("HMAC-SHA-256 in hex, where signed commands are demanded"),
});

/** Answer on `…/result/barrier` to everything that arrived as a command. */
export const barrierResult = z.object({
  ...head,
  nonce: z.string().nullable().describe("of the command; null when none could be read"),
  accepted: z.boolean(),
  reason: z
    .string()
    .describe(
      "accepted, refused-by-gate, gate-failed, or why the gate was not even asked: retained, expired, …",
    ),
  sentence: z.string(),
  at: instant,
});

/** Every shape by the name of its schema file. */
export const SHAPES = {
  "event-pass": passMessage,
  "event-decision": decisionMessage,
  "event-clip": clipMessage,
  "event-barrier": barrierEventMessage,
  "event-alarm": alarmMessage,
  "state-barrier": barrierState,
  "state-inputs": inputsState,
  "state-health": healthState,
  "state-storage": storageState,
  "state-last-pass": passMessage,
  "set-barrier": barrierCommand,
  "result-barrier": barrierResult,
} as const;

export type PassMessage = z.infer<typeof passMessage>;
export type DecisionMessage = z.infer<typeof decisionMessage>;
export type EventMessage =
  | PassMessage
  | DecisionMessage
  | z.infer<typeof clipMessage>
  | z.infer<typeof barrierEventMessage>
  | z.infer<typeof alarmMessage>;
export type BarrierCommandMessage = z.infer<typeof barrierCommand>;
export type BarrierResultMessage = z.infer<typeof barrierResult>;
