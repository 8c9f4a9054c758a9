import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { type CommandMemory, type CommandRules, FRESH_MEMORY, judge } from "./commands.js";
import { iso } from "./messages.js";
import type { Incoming } from "./mqtt-connection.js";
import type { CommandPort, GateCommand } from "./ports.js";
import { type BarrierResultMessage, MESSAGE_VERSION } from "./shapes.js";

export interface Intake {
  /** Judges a message of a command topic, puts it to the gate if it holds, and answers. Never throws. */
  take(incoming: Incoming, from?: { via: string; rules: CommandRules }): Promise<void>;
  /** Puts a command to the gate that another protocol has judged by its own rules, and answers. */
  put(command: Omit<GateCommand, "receivedAtMs">): Promise<{ accepted: boolean; sentence: string }>;
  /** Notes, logs and answers a refusal of another protocol; false: there are too many, it was only counted. */
  refuse(via: string, reason: string, sentence: string): boolean;
  status(): { accepted: number; refused: Readonly<Record<string, number>> };
}

/** Refusals told and answered at most, per second; the rest is only counted: a flood must not become two. */
const TOLD_PER_SECOND = 10;

/** The way in for commands: every one ends with a number, a log line and an answer. */
export function createIntake(deps: {
  rules: CommandRules;
  clock: Clock;
  log: Log;
  gate: CommandPort;
  answer(result: BarrierResultMessage): void;
}): Intake {
  const { clock, log, rules } = deps;
  const startedMs = clock.monotonicMs();
  const refused: Record<string, number> = {};
  let accepted = 0;
  let memory: CommandMemory = FRESH_MEMORY;
  let told = { second: 0, times: 0 };

  return { take, put, refuse, status: () => ({ accepted, refused: { ...refused } }) };

  async function take(incoming: Incoming, from = { via: "mqtt", rules }): Promise<void> {
    const now = clock.wallMs();
    // The start on today's wall clock: it moves along when a time server corrects the clock.
    const startedAt = now - (clock.monotonicMs() - startedMs);
    const verdict = judge(incoming, from.rules, memory, { now, startedAt });
    if ("refuse" in verdict) {
      refuse(from.via, verdict.refuse, verdict.sentence, verdict.nonce);
      return;
    }
    memory = verdict.memory;
    await put({ ...verdict.accept, via: from.via });
  }

  async function put(command: Omit<GateCommand, "receivedAtMs">) {
    const { kind, by, via, nonce } = command;
    try {
      const outcome = await deps.gate({ ...command, receivedAtMs: clock.monotonicMs() });
      log.info({ kind, by, via, nonce, accepted: outcome.accepted }, outcome.sentence);
      if (outcome.accepted) accepted++;
      else count("refused-by-gate");
      answer(nonce, outcome.accepted, outcome.accepted ? "accepted" : "refused-by-gate", outcome.sentence);
      return outcome;
    } catch (error) {
      log.error(
        { kind, by, via, nonce, error: (error as Error).message },
        "the gate failed to answer a command",
      );
      count("gate-failed");
      const sentence = "The gate failed to answer.";
      answer(nonce, false, "gate-failed", sentence);
      return { accepted: false, sentence };
    }
  }

  function refuse(via: string, reason: string, sentence: string, nonce: string | null = null): boolean {
    count(reason);
    const second = Math.floor(clock.monotonicMs() / 1000);
    told = told.second === second ? { second, times: told.times + 1 } : { second, times: 1 };
    if (told.times > TOLD_PER_SECOND) return false;
    log.warn({ via, reason, nonce }, `a command was refused: ${sentence}`);
    answer(nonce, false, reason, sentence);
    return true;
  }

  function count(reason: string): void {
    refused[reason] = (refused[reason] ?? 0) + 1;
  }

  function answer(nonce: string | null, ok: boolean, reason: string, sentence: string): void {
    const at = iso(clock.wallMs());
    deps.answer({ v: MESSAGE_VERSION, ...rules.place, nonce, accepted: ok, reason, sentence, at });
  }
}
