import type { BarrierEvent } from "../core/barrier-types.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { GateAnswer, GateCommand } from "./gate-types.js";
import { answerSentence } from "./sentences.js";

export interface Commands {
  command(command: GateCommand): GateAnswer;
  confirmAreaClear(by: string): void;
  mode(): "normal" | "locked";
  /** Sets the mode of before a restart, unless somebody has set one since. */
  restore(mode: "normal" | "locked"): void;
}

/** More commands that move something than this within a minute are refused. */
const MOST_A_MINUTE = 12;
const CONFIRMED_MS = 60_000;

/** What people and other systems ask of the gate: fresh, not too often, and on record. */
export function createCommands(deps: {
  clock: Clock;
  log: Log;
  maxAgeMs: number;
  event: (event: BarrierEvent, by: string) => GateAnswer;
  /** The mode was changed, by this person. */
  onMode: (mode: "normal" | "locked", by: string) => void;
}): Commands {
  const { clock, log } = deps;
  let moved: number[] = [];
  let confirmedAtMs = Number.NEGATIVE_INFINITY;
  let mode: "normal" | "locked" = "normal";
  let isModeSet = false;

  return {
    command(command) {
      const answer = judge(command);
      log.info(
        {
          kind: command.kind,
          by: command.by,
          via: command.via,
          accepted: answer.accepted,
          reason: answer.reason,
        },
        `Command ${command.kind} by ${command.by}: ${answer.sentence}`,
      );
      return answer;
    },
    confirmAreaClear(by) {
      confirmedAtMs = clock.monotonicMs();
      log.info({ by }, "The area under the barrier was confirmed to be clear.");
    },
    mode: () => mode,
    restore(before) {
      if (!isModeSet) mode = before;
    },
  };

  function judge(command: GateCommand): GateAnswer {
    const { kind } = command;
    const by = `${command.via}: ${command.by}`;
    // Stopping is never too late and never too often.
    if (kind === "stop") return deps.event({ type: "operator", command: "stop" }, by);
    const nowMs = clock.monotonicMs();
    const ageMs = nowMs - command.receivedAtMs;
    if (!(ageMs >= 0 && ageMs <= deps.maxAgeMs)) return refuse("too-old");
    if (kind === "mode") {
      if (command.mode === undefined) return refuse("unknown-command");
      mode = command.mode;
      isModeSet = true;
      deps.onMode(mode, by);
      return { accepted: true, reason: "noted", sentence: answerSentence("noted") };
    }
    if (kind === "release") return deps.event({ type: "operator", command: "release" }, by);
    moved = moved.filter((at) => nowMs - at < 60_000);
    if (moved.length >= MOST_A_MINUTE) return refuse("too-many");
    moved.push(nowMs);
    switch (kind) {
      case "open":
      case "close":
        return deps.event({ type: "operator", command: kind }, by);
      case "hold":
        return deps.event(
          {
            type: "operator",
            command: "hold",
            ...(command.holdMs === undefined ? {} : { holdMs: command.holdMs }),
          },
          by,
        );
      case "test-pulse": {
        if (nowMs - confirmedAtMs > CONFIRMED_MS) return refuse("unconfirmed");
        confirmedAtMs = Number.NEGATIVE_INFINITY;
        return deps.event({ type: "operator", command: "open" }, `${by} (test pulse)`);
      }
      default:
        return refuse("unknown-command");
    }
  }

  function refuse(reason: GateAnswer["reason"]): GateAnswer {
    return { accepted: false, reason, sentence: answerSentence(reason) };
  }
}
