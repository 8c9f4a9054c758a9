import { z } from "zod";

/** The shapes of the API, said once: requests are checked with them and the OpenAPI document is made of them. */
export const at = z.number().describe("wall time in ms since 1970 UTC");
const probability = z.number().min(0).max(1);
const candidate = z.object({ text: z.string(), probability });
const direction = z.enum(["approaching", "leaving", "unknown"]);

export const verdict = z.enum(["granted", "denied", "ask"]);
/** Ids come from people's requests: nothing but what our own ids are made of. */
export const id = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/, "is not an id");
/** For pages that show a picture where there is one, without an error where there is none. */
export const absent = z.object({
  absent: z.enum(["404", "204"]).default("404").describe("status that says there is no picture"),
});
export const cameraName = z.string().regex(/^[a-z0-9-]{1,32}$/, "is not a camera name");
export const problem = z.object({ error: z.string().describe("one sentence") });

export const clipKind = z.enum(["known", "unknown", "manual"]);

export const clip = z.object({
  id: z.string(),
  passId: z.string().nullable(),
  camera: z.string(),
  startedAt: at,
  endedAt: at,
  bytes: z.number().int(),
  pinned: z.boolean(),
  kind: clipKind.optional().describe("plate on a list, plate on none, or started by hand"),
});

export const pass = z.object({
  id: z.string(),
  site: z.string(),
  gate: z.string(),
  camera: z.string(),
  trackId: z.string(),
  startedAt: at,
  endedAt: at.nullable().describe("null while the vehicle is in view"),
  plate: z.string(),
  probability,
  direction,
  frames: z.number().int(),
  verdict,
  reason: z.string().describe("reason code"),
  sentence: z.string().describe("the reason for people"),
  clipId: z.string().nullable(),
  looks: z
    .object({
      compared: z.number().int().describe("earlier passes of this plate it was compared with"),
      likeness: z.number().describe("to the most alike of them, -1 to 1"),
      isOdd: z
        .boolean()
        .describe("true: it looks like none of them; perhaps the plate is on another vehicle"),
    })
    .nullable()
    .describe(
      "how much the vehicle looks like those that came with this plate before; null: nothing can be said",
    ),
  chars: z
    .array(probability)
    .nullable()
    .describe("one probability for each character of the plate, where known"),
});

export const passDetail = z.object({
  pass,
  decisions: z.array(
    z.object({
      id: z.string(),
      at,
      verdict,
      reason: z.string(),
      sentence: z.string(),
      ruleId: z.string().nullable(),
      plate: z.string(),
      probability,
      evidence: z.unknown().describe("everything the decision was made from"),
    }),
  ),
  reads: z.array(z.object({ at, text: z.string(), probability, chars: z.array(probability) })),
  candidates: z.array(candidate).describe("other texts this could be, best first"),
  replay: z
    .object({ same: z.boolean(), verdict, reason: z.string() })
    .nullable()
    .describe("the last decision made again from what was kept of it; null when that cannot be done"),
  clip: clip.nullable(),
  registered: z
    .object({
      make: z.string(),
      colour: z.string(),
      note: z.string(),
      person: z.object({ name: z.string(), unit: z.string() }).nullable(),
    })
    .nullable()
    .describe("the vehicle of this plate in the register, and whose it is; null: not registered"),
});

export const page = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe("cursor for `before`; null at the end"),
  });

export const listQuery = {
  from: z.coerce.number().int().min(0).optional().describe("not before, ms since 1970 UTC"),
  to: z.coerce.number().int().min(0).optional().describe("not after, ms since 1970 UTC"),
  limit: z.coerce.number().int().min(1).max(100).default(30).describe("items on one page"),
  before: z.string().min(1).max(256).optional().describe("cursor: `next` of the page before"),
};

export const gate = z.object({
  state: z.enum(["unknown", "closed", "opening", "open", "closing", "held-open", "stopped", "fault"]),
  sinceAt: at,
  sentence: z.string(),
  dryRun: z.boolean().describe("true while nothing is energised whatever is decided"),
  heldUntilAt: at.nullable().optional().describe("when a hold-open ends by itself"),
  mode: z.enum(["normal", "locked"]).optional().describe("locked: no plate opens"),
  alarms: z.array(z.object({ code: z.string(), sentence: z.string(), sinceAt: at })).optional(),
  lines: z.record(z.string(), z.boolean()).describe("outputs and inputs by name: energised or active"),
});

export const health = z.object({
  part: z.string(),
  name: z.string(),
  state: z.enum(["good", "warning", "bad", "unknown"]),
  sentence: z.string(),
  sinceAt: at.optional(),
});

export const camera = z.object({
  name: z.string(),
  state: z.enum(["starting", "running", "away", "ended", "failed"]),
  awaySinceAt: at.nullable(),
  problem: z.string(),
  fps: z.number(),
});

export const manual = z.object({ camera: z.string(), startedAt: at });

export const storage = z.object({
  ringBytes: z.number(),
  ringMaxBytes: z.number(),
  segments: z.number().int(),
  oldestAt: at.nullable(),
  clips: z.number().int(),
  clipBytes: z.number(),
  freeBytes: z.number(),
  minFreeBytes: z.number(),
  manual: z.array(manual).describe("recordings started by hand that are going on"),
  canRecordByHand: z.boolean(),
});

export const status = z.object({
  at,
  version: z.string(),
  site: z.string(),
  gateName: z.string(),
  startedAt: at,
  gate,
  cameras: z.array(camera),
  health: z.array(health),
  viewers: z.number().int().describe("live pictures being watched"),
});

export const rule = z.object({
  id: z.string(),
  plate: z.string(),
  effect: z.enum(["allow", "deny"]),
  owner: z.string(),
  group: z.string(),
  note: z.string(),
  validFrom: z.string(),
  validTo: z.string(),
  schedule: z.string(),
  direction: z.enum(["any", "entry", "exit"]),
  usesLeft: z.number().nullable(),
});
