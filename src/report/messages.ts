import { z } from "zod";
import type { OutboxEvent } from "../core/records.js";
import type { PlateCover } from "./privacy.js";
import { alarmMessage, barrierEventMessage, type EventMessage, MESSAGE_VERSION } from "./shapes.js";

/**
 * An outbox row as the message that goes out, or why it cannot be one. A row that cannot is a broken promise of
 * the part that wrote it; the caller counts it and goes on, because one bad row must not hold up all that follow.
 */
export function messageOf(
  event: OutboxEvent,
  place: { site: string; gate: string },
  plates: PlateCover,
): EventMessage | { problem: string } {
  let data: unknown;
  try {
    data = JSON.parse(event.payload);
  } catch {
    return { problem: "its payload is no JSON" };
  }
  try {
    const v = MESSAGE_VERSION as typeof MESSAGE_VERSION;
    return convert({
      v,
      site: place.site,
      gate: place.gate,
      id: event.id,
      seq: event.seq,
      at: iso(event.at),
    });
  } catch (error) {
    if (error instanceof z.ZodError)
      return { problem: `${error.issues[0]?.path.join(".")}: ${error.issues[0]?.message}` };
    return { problem: (error as Error).message };
  }

  function convert(head: Pick<EventMessage, "v" | "site" | "gate" | "id" | "seq" | "at">): EventMessage {
    switch (event.kind) {
      case "pass": {
        const { phase, pass } = passRow.parse(data);
        return {
          ...head,
          event: "pass",
          phase: phase ?? (pass.endedAt === null ? "UPDATE" : "END"),
          pass: {
            ...covered(pass),
            startedAt: iso(pass.startedAt),
            endedAt: isoOrNull(pass.endedAt),
            looks: pass.looks ?? null,
          },
        };
      }
      case "decision": {
        return { ...head, event: "decision", decision: covered(decisionRow.parse(data)) };
      }
      case "clip": {
        const clip = clipRow.parse(data);
        return {
          ...head,
          event: "clip",
          clip: { ...clip, startedAt: iso(clip.startedAt), endedAt: iso(clip.endedAt) },
        };
      }
      case "barrier":
        return { ...head, event: "barrier", barrier: covered(barrierEventMessage.shape.barrier.parse(data)) };
      case "alarm":
        return { ...head, event: "alarm", alarm: covered(alarmMessage.shape.alarm.parse(data)) };
      default:
        throw new Error(`there is no event kind ${String(event.kind)}`);
    }
  }

  function covered<T extends { plate?: unknown; sentence: string }>(facts: T): T {
    return plates.facts(facts);
  }
}

/** ISO 8601 in UTC; throws for a time that is none. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : iso(at);
}

const passFields = z.object({
  id: z.string(),
  camera: z.string(),
  trackId: z.string(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  plate: z.string(),
  probability: z.number(),
  direction: z.enum(["approaching", "leaving", "unknown"]),
  frames: z.int(),
  verdict: z.enum(["granted", "denied", "ask"]),
  reason: z.string(),
  sentence: z.string(),
  clipId: z.string().nullable(),
  looks: z.object({ compared: z.int(), likeness: z.number(), isOdd: z.boolean() }).nullish(),
});

/** `{ phase, pass }`, or the bare record. */
const passRow = z.union([
  z.object({ phase: z.enum(["NEW", "UPDATE", "END"]), pass: passFields }),
  passFields.transform((pass) => ({ phase: null, pass })),
]);

const decisionRow = z.object({
  id: z.string(),
  passId: z.string(),
  verdict: z.enum(["granted", "denied", "ask"]),
  reason: z.string(),
  sentence: z.string(),
  ruleId: z.string().nullable(),
  plate: z.string(),
  probability: z.number(),
  // Rows of earlier versions have none.
  gate: z.object({ accepted: z.boolean(), sentence: z.string() }).nullable().default(null),
});

const clipRow = z.object({
  id: z.string(),
  passId: z.string().nullable(),
  camera: z.string(),
  startedAt: z.number(),
  endedAt: z.number(),
  bytes: z.int(),
  pinned: z.boolean(),
});
