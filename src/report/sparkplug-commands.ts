import { z } from "zod";
import type { CommandKind } from "./ports.js";
import { type DecodedMetric, decodeSparkplug, TYPES } from "./sparkplug-codec.js";
import { REBIRTH } from "./sparkplug-metrics.js";

export interface SparkplugCommand {
  kind: CommandKind;
  mode?: "normal" | "locked";
  /** Only for approve and refuse: id of the pass. */
  pass?: string;
  issuedAt: number;
  /** Made of what the message says: the same message twice is the same command. */
  nonce: string;
}

export type CommandVerdict = { accept: SparkplugCommand } | { refuse: string; sentence: string };

/** How long a command is good for after its timestamp, and how far the host's clock may be ahead. */
const TTL_MS = 5000;
const SKEW_MS = 2000;
const MOST_BYTES = 4096;

/**
 * Reads a DCMD for the gate: one verdict for each metric in it. Pure; `nameOf` knows the announced aliases,
 * `bornAt` is when this session's birth was published: what was commanded before it is not for this session.
 */
export function judgeDeviceCommand(
  incoming: { payload: Uint8Array; retain: boolean; dup: boolean },
  nameOf: (alias: number) => string | null,
  seen: ReadonlySet<string>,
  when: { now: number; bornAt: number },
): CommandVerdict[] {
  if (incoming.retain) return [no("retained", "A retained command is an old one.")];
  if (incoming.dup) return [no("duplicate", "This is a second delivery of the same message.")];
  if (incoming.payload.length > MOST_BYTES)
    return [no("oversized", `A command has at most ${MOST_BYTES} bytes.`)];
  const payload = decodeSparkplug(incoming.payload);
  if (payload === null || payload.metrics.length === 0)
    return [no("malformed", "It is no Sparkplug payload with metrics.")];
  const { timestamp } = payload;
  if (timestamp === null || !Number.isSafeInteger(timestamp))
    return [no("malformed", "It has no timestamp.")];
  if (timestamp > when.now + SKEW_MS)
    return [no("from-the-future", "It was given in the future; one of the two clocks is wrong.")];
  if (when.now > timestamp + TTL_MS) return [no("expired", `It is older than ${TTL_MS} ms.`)];
  if (timestamp < when.bornAt - SKEW_MS)
    return [no("before-start", "It was given before this session's birth.")];
  // One wish per message: two could contradict each other, and their order would decide.
  if (payload.metrics.length > 1) return [no("malformed", "One command at a time.")];
  return payload.metrics.map((metric) => {
    const verdict = judgeMetric(metric, nameOf, timestamp);
    if ("accept" in verdict && seen.has(verdict.accept.nonce))
      return no("duplicate", "The same command came before.");
    return verdict;
  });
}

function judgeMetric(
  metric: DecodedMetric,
  nameOf: (alias: number) => string | null,
  timestamp: number,
): CommandVerdict {
  const byAlias = metric.alias === null ? null : nameOf(metric.alias);
  if (metric.alias !== null && byAlias === null)
    return no("unknown-metric", `There is no alias ${metric.alias}.`);
  if (metric.name !== null && byAlias !== null && metric.name !== byAlias)
    return no("unknown-metric", "Name and alias do not belong together.");
  const name = byAlias ?? metric.name;
  const nonce = `${timestamp}/${metric.timestamp ?? ""}/${name}/${String(metric.value)}`;
  const command = (
    kind: CommandKind,
    more: Pick<SparkplugCommand, "mode" | "pass"> = {},
  ): CommandVerdict => ({
    accept: { kind, issuedAt: timestamp, nonce, ...more },
  });
  switch (name) {
    case "Control/Open":
      return boolean(metric, true)
        ? command("open")
        : no("wrong-type", "Control/Open takes the Boolean true.");
    case "Control/Close":
      return boolean(metric, true)
        ? command("close")
        : no("wrong-type", "Control/Close takes the Boolean true.");
    case "Control/Hold":
      if (boolean(metric, true)) return command("hold");
      return boolean(metric, false) ? command("release") : no("wrong-type", "Control/Hold takes a Boolean.");
    case "Control/Mode": {
      const mode = textOf(metric);
      if (mode === "normal" || mode === "locked") return command("mode", { mode });
      return no("wrong-type", "Control/Mode takes the String normal or locked.");
    }
    case "Control/Approve":
    case "Control/Refuse": {
      const pass = textOf(metric) ?? "";
      if (pass === "" || pass.length > 64)
        return no("wrong-type", `${name} takes the id of a pass as String.`);
      return command(name === "Control/Approve" ? "approve" : "refuse", { pass });
    }
    default:
      return no("unknown-metric", "There is no such command.");
  }
}

/** True when an NCMD asks for a rebirth. */
export function asksForRebirth(incoming: { payload: Uint8Array; retain: boolean }): boolean {
  if (incoming.retain || incoming.payload.length > MOST_BYTES) return false;
  const metrics = decodeSparkplug(incoming.payload)?.metrics ?? [];
  return metrics.some((m) => m.name === REBIRTH && boolean(m, true));
}

const hostState = z.object({ online: z.boolean(), timestamp: z.int().min(0) });

/** The primary host's STATE message; null for one that is malformed, too large, or older than `newest`. */
export function readHostState(
  payload: Uint8Array,
  newest: number,
): { online: boolean; timestamp: number } | null {
  if (payload.length > 1024) return null;
  try {
    const state = hostState.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)));
    return state.timestamp >= newest ? state : null;
  } catch {
    return null;
  }
}

/** The text of a String; null for another type. */
function textOf({ field, value, datatype }: DecodedMetric): string | null {
  const typed = field === "stringValue" && (datatype ?? TYPES.String) === TYPES.String;
  return typed && typeof value === "string" ? value : null;
}

/** The very value in the very type; a datatype that is named must be Boolean. */
function boolean(metric: DecodedMetric, wanted: boolean): boolean {
  return (
    metric.field === "booleanValue" &&
    metric.value === wanted &&
    (metric.datatype ?? TYPES.Boolean) === TYPES.Boolean
  );
}

function no(refuse: string, sentence: string): { refuse: string; sentence: string } {
  return { refuse, sentence };
}
