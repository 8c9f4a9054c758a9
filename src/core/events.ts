/** Builds outbox rows from records: they are kept in the same transaction as the record itself and reported after it. */
import type { ClipRecord, DecisionRecord, OutboxEvent, PassRecord } from "./records.js";

export type NewEvent = Omit<OutboxEvent, "seq">;

/**
 * One row of a pass's life: `NEW` once, `UPDATE` for each better read (`number` tells them apart), `END` once.
 * The id is made of pass and phase, so the same row written twice stays one event.
 */
export function passEvent(
  pass: PassRecord,
  phase: "NEW" | "UPDATE" | "END",
  at: number,
  number = 0,
): NewEvent {
  const id = phase === "UPDATE" ? `${pass.id}:update:${number}` : `${pass.id}:${phase.toLowerCase()}`;
  return { id, kind: "pass", at, payload: JSON.stringify({ phase, pass }) };
}

/** What the gate answered to a grant: it may have a reason of its own not to move. */
export interface GrantAnswer {
  accepted: boolean;
  sentence: string;
}

/**
 * The replayable evidence stays in the database: it is large and nobody outside can use it. `gate` null: it was not asked.
 */
export function decisionEvent(decision: DecisionRecord, gate: GrantAnswer | null = null): NewEvent {
  const { evidence: _kept, ...rest } = decision;
  const payload = JSON.stringify({ ...rest, gate });
  return { id: `decision:${decision.id}`, kind: "decision", at: decision.at, payload };
}

export function clipEvent(clip: ClipRecord): NewEvent {
  const { path: _local, ...rest } = clip;
  return { id: `clip:${clip.id}`, kind: "clip", at: clip.endedAt, payload: JSON.stringify(rest) };
}

/** A move of the barrier; `state` and `from` are its words, `cause` that of a fault. */
export interface BarrierFacts {
  state: string;
  from: string;
  cause: string | null;
  sentence: string;
  /** What made it move, such as `plate AB12CDE` or `input loop`. */
  by: string;
  dryRun: boolean;
}

/** Something that somebody should look at, or that is over. */
export interface AlarmFacts {
  code: string;
  /** The input that it is about, or null. */
  input: string | null;
  on: boolean;
  sentence: string;
}

export function barrierEvent(id: string, at: number, facts: BarrierFacts): NewEvent {
  return { id: `barrier:${id}`, kind: "barrier", at, payload: JSON.stringify(facts) };
}

export function alarmEvent(id: string, at: number, facts: AlarmFacts): NewEvent {
  return { id: `alarm:${id}`, kind: "alarm", at, payload: JSON.stringify(facts) };
}
