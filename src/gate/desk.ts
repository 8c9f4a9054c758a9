import { randomUUID } from "node:crypto";
import { normalisePlate } from "../core/plate.js";
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
  lane: () => Pick<Lane, "answer" | "resetPassback"> | null;
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
      const answer = take(command);
      record(command, answer);
      const outlives = command.kind === "mode" || command.kind === "stop" || command.kind === "release";
      if (!outlives || !answer.accepted || (await deps.keep.settled())) return answer;
      return {
        ...answer,
        sentence: `${answer.sentence} It could not be written to the card, so a restart will forget it.`,
      };
    },
  };

  function take(command: GateCommand): GateAnswer {
    const { kind, via } = command;
    if (kind !== "approve" && kind !== "refuse" && kind !== "reset-passback")
      return deps.gate.command(command);
    const by = `${command.by} (${via})`;
    const answer = ofLane(command, by);
    log.info(
      { kind, pass: command.pass, by: command.by, via, accepted: answer.accepted, why: command.why },
      `Command ${kind} by ${command.by}: ${answer.sentence}`,
    );
    return answer;
  }

  function ofLane({ kind, receivedAtMs, pass, plate }: GateCommand, by: string): GateAnswer {
    const ageMs = clock.monotonicMs() - receivedAtMs;
    if (!(ageMs >= 0 && ageMs <= deps.maxCommandAgeMs)) return no("too-old");
    const lane = deps.lane();
    if (lane === null) return no("not-running");
    if (kind === "reset-passback") {
      if (plate === undefined) return no("unknown-command");
      if (!lane.resetPassback(normalisePlate(plate), by)) return no("not-remembered");
      return { accepted: true, reason: "noted", sentence: answerSentence("noted") };
    }
    if (pass === undefined) return no("unknown-command");
    return lane.answer(pass, { what: kind === "approve" ? "approve" : "refuse", by });
  }

  /** Who asked for what, and what became of it: part of the log that cannot be changed afterwards. */
  function record(command: GateCommand, answer: GateAnswer): void {
    const { kind, by, via, mode, holdMs, pass, why } = command;
    const plate = command.plate === undefined ? undefined : normalisePlate(command.plate);
    const { accepted, reason } = answer;
    deps
      .audit({
        id: randomUUID(),
        at: clock.wallMs(),
        actor: `${by} (${via})`,
        action: `gate.${kind}`,
        subject: pass ?? plate ?? mode ?? "",
        // What is left out is not in the JSON either.
        detail: JSON.stringify({ accepted, reason, holdMs, why }),
      })
      .catch((error) =>
        log.error({ kind, error: String(error) }, "A command could not be written to the log of changes."),
      );
  }
}

function no(reason: GateAnswer["reason"]): GateAnswer {
  return { accepted: false, reason, sentence: answerSentence(reason) };
}
