import { randomUUID } from "node:crypto";
import type { AuditRecord } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Gate, GateAnswer, GateCommand } from "./gate-types.js";
import type { Keep } from "./kept.js";
import type { Lane } from "./lane.js";
import { answerSentence } from "./sentences.js";

export interface DeskDeps {
  clock: Clock;
  log: Log;
  gate: Pick<Gate, "command">;
  /** null while the appliance starts. */
  lane: () => Pick<Lane, "answer"> | null;
  maxCommandAgeMs: number;
  keep: Pick<Keep, "settled">;
  /** Writes it down; it may take its time, and may fail. */
  audit: (entry: AuditRecord) => Promise<void>;
}

/** Where people and other systems ask for something, whichever way they come. */
export interface Desk {
  /** Never throws. What has to outlive a restart is on the card when this fulfils, or the answer says that it is not. */
  command(command: GateCommand): Promise<GateAnswer>;
}

export function createDesk(deps: DeskDeps): Desk {
  const { clock, log } = deps;
  return {
    async command(command) {
      const answer =
        command.kind === "approve" || command.kind === "refuse"
          ? answerPass(command)
          : deps.gate.command(command);
      record(command, answer);
      const outlives = command.kind === "mode" || command.kind === "stop" || command.kind === "release";
      if (!outlives || !answer.accepted || (await deps.keep.settled())) return answer;
      return {
        ...answer,
        sentence: `${answer.sentence} It could not be written to the card, so a restart will forget it.`,
      };
    },
  };

  function answerPass(command: GateCommand): GateAnswer {
    const no = (reason: GateAnswer["reason"]): GateAnswer => ({
      accepted: false,
      reason,
      sentence: answerSentence(reason),
    });
    const ageMs = clock.monotonicMs() - command.receivedAtMs;
    if (!(ageMs >= 0 && ageMs <= deps.maxCommandAgeMs)) return no("too-old");
    const lane = deps.lane();
    if (lane === null) return no("not-running");
    if (command.pass === undefined) return no("unknown-command");
    const what = command.kind === "approve" ? "approve" : "refuse";
    const answer = lane.answer(command.pass, { what, by: `${command.by} (${command.via})` });
    log.info(
      { kind: what, pass: command.pass, by: command.by, via: command.via, accepted: answer.accepted },
      `Command ${what} by ${command.by}: ${answer.sentence}`,
    );
    return answer;
  }

  /** Who asked for what, and what became of it: part of the log that cannot be changed afterwards. */
  function record({ kind, by, via, mode, holdMs, pass }: GateCommand, answer: GateAnswer): void {
    const { accepted, reason } = answer;
    deps
      .audit({
        id: randomUUID(),
        at: clock.wallMs(),
        actor: `${by} (${via})`,
        action: `gate.${kind}`,
        subject: pass ?? mode ?? "",
        detail: JSON.stringify({ accepted, reason, ...(holdMs === undefined ? {} : { holdMs }) }),
      })
      .catch((error) =>
        log.error({ kind, error: String(error) }, "A command could not be written to the log of changes."),
      );
  }
}
