import { createHmac, timingSafeEqual } from "node:crypto";
import type { Incoming } from "./mqtt-connection.js";
import type { CommandKind } from "./ports.js";
import { type BarrierCommandMessage, barrierCommand } from "./shapes.js";

export type Refusal =
  | "commands-off"
  | "retained"
  | "duplicate"
  | "oversized"
  | "malformed"
  | "unsigned"
  | "wrong-signature"
  | "expired"
  | "from-the-future"
  | "before-start"
  | "too-many";

export interface CommandRules {
  /** `signed`: only with a right signature under `key`. */
  accept: "off" | "on" | "signed";
  key: Buffer | null;
  /** Part of what is signed, so that a command for one gate is none for another. */
  place: { site: string; gate: string };
}

/** What the judge remembers: nonces until they could not be accepted any more anyway, and the last acceptances. */
export interface CommandMemory {
  /** Nonce to the wall ms until which it must be remembered. */
  readonly nonces: ReadonlyMap<string, number>;
  /** Wall ms of the commands accepted lately. */
  readonly accepted: readonly number[];
}

export interface Judged {
  kind: CommandKind;
  nonce: string;
  by: string;
  issuedAt: number;
  holdMs?: number;
  mode?: "normal" | "locked";
  pass?: string;
  plate?: string;
  why?: string;
}

export type Judgement =
  | { accept: Judged; memory: CommandMemory }
  | { refuse: Refusal; sentence: string; nonce: string | null };

export const DEFAULT_TTL_MS = 5000;
export const MAX_COMMAND_BYTES = 2048;
/** How far the sender's clock may be ahead. */
const SKEW_MS = 2000;
/** More than this many accepted commands within `RATE_MS` are refused. */
const RATE = 10;
const RATE_MS = 10_000;
/** Nonces kept at most; when it is full, commands are refused, never forgotten. */
const MOST_NONCES = 5000;

export const FRESH_MEMORY: CommandMemory = { nonces: new Map(), accepted: [] };

/**
 * Decides whether what arrived may be put to the gate. Pure: the same arguments give the same answer.
 * The order matters: what costs nothing and needs no trust in the content comes first. `when` is wall ms, and the
 * start on the same scale: a command that was given before the start is not for this run.
 */
export function judge(
  incoming: Pick<Incoming, "payload" | "retain" | "dup">,
  rules: CommandRules,
  memory: CommandMemory,
  when: { now: number; startedAt: number },
): Judgement {
  const { now } = when;
  const no = (refuse: Refusal, sentence: string, nonce: string | null = null): Judgement => ({
    refuse,
    sentence,
    nonce,
  });
  if (rules.accept === "off")
    return no("commands-off", "Commands over MQTT are switched off (report.commands).");
  if (incoming.retain)
    return no("retained", "A retained command is an old one; publish commands without retain.");
  if (incoming.dup) return no("duplicate", "This is a second delivery of the same message.");
  if (incoming.payload.length > MAX_COMMAND_BYTES)
    return no("oversized", `A command has at most ${MAX_COMMAND_BYTES} bytes.`);
  const command = read(incoming.payload);
  if (typeof command === "string") return no("malformed", command);

  const { nonce } = command;
  if (rules.accept === "signed") {
    if (command.sig === undefined) return no("unsigned", "Only signed commands are taken here.", nonce);
    if (rules.key === null || !signatureFits(command, rules.key, rules.place))
      return no("wrong-signature", "The signature does not fit the command.", nonce);
  }
  const issuedAt = typeof command.issuedAt === "number" ? command.issuedAt : Date.parse(command.issuedAt);
  const ttlMs = command.ttlMs ?? DEFAULT_TTL_MS;
  if (issuedAt > now + SKEW_MS)
    return no("from-the-future", "It was given in the future; one of the two clocks is wrong.", nonce);
  if (now > issuedAt + ttlMs) return no("expired", `It is older than its ${ttlMs} ms.`, nonce);
  if (issuedAt < when.startedAt) return no("before-start", "It was given before this start.", nonce);
  if (memory.nonces.has(nonce)) return no("duplicate", "This nonce has been used before.", nonce);

  const nonces = new Map([...memory.nonces].filter(([, until]) => until >= now));
  const accepted = memory.accepted.filter((at) => at <= now && now - at < RATE_MS);
  if (accepted.length >= RATE || nonces.size >= MOST_NONCES)
    return no("too-many", `More than ${RATE} commands in ${RATE_MS / 1000} s are not taken.`, nonce);
  nonces.set(nonce, issuedAt + ttlMs + SKEW_MS);
  const { command: kind, holdMs, mode, pass, plate, why } = command;
  return {
    accept: {
      kind,
      nonce,
      by: command.by ?? "unnamed",
      issuedAt,
      ...(kind === "hold" && holdMs !== undefined ? { holdMs } : {}),
      ...(kind === "mode" && mode !== undefined ? { mode } : {}),
      ...(pass === undefined ? {} : { pass }),
      ...(plate === undefined ? {} : { plate }),
      ...(why === undefined ? {} : { why }),
    },
    memory: { nonces, accepted: [...accepted, now] },
  };
}

/**
 * The very text that is signed: one value per line, empty where a value is left out; then `pass=`, `plate=` and `why=`, each
 * in a line of its own and only where it is given.
 */
export function signedText(command: BarrierCommandMessage, place: { site: string; gate: string }): string {
  return [
    "plategate-command-1",
    place.site,
    place.gate,
    command.command,
    command.nonce,
    command.issuedAt,
    command.ttlMs ?? "",
    command.by ?? "",
    command.holdMs ?? "",
    command.mode ?? "",
    ...(["pass", "plate", "why"] as const).flatMap((name) =>
      command[name] === undefined ? [] : [`${name}=${command[name]}`],
    ),
  ].join("\n");
}

/** HMAC-SHA-256 in hex. */
export function signCommand(
  command: BarrierCommandMessage,
  key: Buffer,
  place: { site: string; gate: string },
): string {
  return createHmac("sha256", key).update(signedText(command, place)).digest("hex");
}

function signatureFits(command: BarrierCommandMessage, key: Buffer, place: CommandRules["place"]): boolean {
  const right = Buffer.from(signCommand(command, key, place), "hex");
  const given = Buffer.from(command.sig ?? "", "hex");
  return given.length === right.length && timingSafeEqual(given, right);
}

/** The command, or a sentence saying what is wrong with it. */
function read(payload: Buffer): BarrierCommandMessage | string {
  let text: string;
  let data: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    data = JSON.parse(text);
  } catch {
    return "It is no JSON text in UTF-8.";
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) return "It is no JSON object.";
  if (repeatsAKey(text, data)) return "It says the same thing twice.";
  const result = barrierCommand.safeParse(data);
  if (!result.success) {
    const issue = result.error.issues[0];
    return `${issue?.path.join(".") || "the command"}: ${(issue?.message ?? "is wrong").slice(0, 120)}`;
  }
  const command = result.data;
  if (command.holdMs !== undefined && command.command !== "hold") return "holdMs belongs to hold only.";
  if ((command.mode !== undefined) !== (command.command === "mode"))
    return "mode belongs to the command mode, and it needs one.";
  const answers = command.command === "approve" || command.command === "refuse";
  if ((command.pass !== undefined) !== answers)
    return "pass belongs to approve and refuse, and they need one.";
  if ((command.plate !== undefined) !== (command.command === "reset-passback"))
    return "plate belongs to reset-passback, and it needs one.";
  // A line break would let two different commands have the same signed text.
  for (const name of ["by", "plate", "why"] as const)
    if (/[\p{Cc}]/u.test(command[name] ?? "")) return `${name}: no control characters.`;
  return command;
}

/** JSON.parse takes the last of two equal keys, other readers the first: a command must not mean two things. */
function repeatsAKey(text: string, data: object): boolean {
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, (s, at: number) =>
    /^\s*:/.test(text.slice(at + s.length)) ? "K" : "s",
  );
  return (outsideStrings.match(/K/g)?.length ?? 0) > Object.keys(data).length;
}
