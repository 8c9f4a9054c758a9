import type { Access, AccessDecision, AccessRequest, Approval } from "../core/access.js";
import type { OpenPass } from "../core/pass.js";
import type { AccessRule, PassRecord } from "../core/records.js";
import type { PassEntry } from "../core/repositories.js";
import type { Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { decisionRecord, passEvents, passRecord, readRecord } from "./entries.js";
import type { GateAnswer } from "./gate-types.js";

export interface StoryDeps {
  place: { site: string; gate: string };
  clock: Clock;
  log: Log;
  access: Access;
  onPass: (entry: PassEntry) => void;
  onEnd?: (pass: PassRecord) => void;
}

/** What a decision was made from, as it was then. */
interface Grounds {
  request: AccessRequest;
  rules: readonly AccessRule[];
  approval?: Approval;
}

/** What is kept and reported of passes: rows, evidence, pictures and events, handed to the store as they come. */
export interface Story {
  madeFrom(decision: AccessDecision, grounds: Grounds): void;
  /** `made` is what a person's answer made of the open question `asked`. */
  answeredBy(asked: AccessDecision, made: AccessDecision, approval: Approval): void;
  /** Keeps the pictures of a sighting for the next entry. */
  show(passId: string, sighting: Sighting): void;
  tell(
    pass: OpenPass,
    phase: "NEW" | "UPDATE" | "PICTURE",
    decision: AccessDecision | null,
    answer: GateAnswer | null,
  ): void;
  end(pass: OpenPass): void;
  rowOf(pass: OpenPass): PassRecord;
}

export function createStory(deps: StoryDeps): Story {
  const { clock, log, access } = deps;
  const pictures = new Map<string, Pick<Sighting, "crop" | "frame">>();
  const grounds = new WeakMap<AccessDecision, Grounds>();

  return {
    madeFrom: (decision, from) => void grounds.set(decision, from),
    answeredBy(asked, made, approval) {
      const from = grounds.get(asked);
      if (from !== undefined) grounds.set(made, { ...from, approval });
    },
    show(passId, { crop, frame }) {
      if (crop === undefined && frame === undefined) return;
      const known = pictures.get(passId);
      pictures.set(passId, {
        ...known,
        ...(crop === undefined ? {} : { crop }),
        ...(frame === undefined ? {} : { frame }),
      });
    },
    tell,
    end(pass) {
      pictures.delete(pass.id);
      if (pass.decision === null) return;
      const row = { ...rowOf(pass), endedAt: wallOf(pass.lastFrameAtMs) };
      hand({ pass: row, events: passEvents(row, "END", undefined, clock.wallMs()) });
      deps.onEnd?.(row);
    },
    rowOf,
  };

  function tell(
    pass: OpenPass,
    phase: "NEW" | "UPDATE" | "PICTURE",
    decision: AccessDecision | null,
    answer: GateAnswer | null,
  ): void {
    const known = rowOf(pass);
    // Granted, but the barrier had a reason of its own: people should not have to look for it in two places.
    const row =
      answer?.accepted === false ? { ...known, sentence: `${known.sentence} ${answer.sentence}` } : known;
    const images = pictures.get(pass.id);
    pictures.delete(pass.id);
    const from = decision === null ? undefined : grounds.get(decision);
    const made =
      decision === null || from === undefined
        ? undefined
        : decisionRecord(
            row,
            decision,
            access.evidenceOf(from.request, from.rules, from.approval),
            clock.wallMs(),
          );
    if (made !== undefined)
      log.info(
        { pass: row.id, plate: made.plate, verdict: made.verdict, reason: made.reason, gate: answer?.reason },
        made.sentence,
      );
    hand({
      pass: row,
      ...(made === undefined ? {} : { decision: made }),
      read: readRecord(row, pass.best, clock.wallMs()),
      pictures: [
        ...(images?.crop === undefined ? [] : [{ kind: "crop" as const, jpeg: images.crop }]),
        ...(images?.frame === undefined ? [] : [{ kind: "frame" as const, jpeg: images.frame }]),
      ],
      // A better picture alone is kept, but no news.
      events: phase === "PICTURE" ? [] : passEvents(row, phase, made, clock.wallMs()),
    });
  }

  function hand(entry: PassEntry): void {
    try {
      deps.onPass(entry);
    } catch (error) {
      log.error(
        { pass: entry.pass.id, error: (error as Error).message },
        "A pass could not be handed to the store.",
      );
    }
  }

  function rowOf(pass: OpenPass): PassRecord {
    return passRecord(pass, { ...deps.place, wallOf });
  }

  /** Wall time of a monotonic moment, by the wall clock as it is now. */
  function wallOf(atMs: number): number {
    return Math.round(clock.wallMs() - (clock.monotonicMs() - atMs));
  }
}
