import type { Access, AccessDecision, AccessRequest, Approval } from "../core/access.js";
import { oddSentence } from "../core/appearance.js";
import { type OpenPass, withoutPictures } from "../core/pass.js";
import type { AccessRule, PassPicture, PassRecord } from "../core/records.js";
import type { PassEntry } from "../core/repositories.js";
import type { Sighting } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import {
  decisionRecord,
  detectionRecord,
  passEvents,
  passRecord,
  readRecord,
  trackRecord,
} from "./entries.js";
import type { GateAnswer } from "./gate-types.js";
import type { Looks } from "./looks.js";

export interface StoryDeps {
  place: { site: string; gate: string };
  clock: Clock;
  log: Log;
  access: Access;
  looks: Looks;
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
  /** What a decision was made from. */
  requestOf(decision: AccessDecision): AccessRequest | undefined;
  /** `made` is what a person's answer made of the open question `asked`. */
  answeredBy(asked: AccessDecision, made: AccessDecision, approval: Approval): void;
  /** Keeps the pictures of a sighting, its track and its box for the next entry. */
  show(passId: string, sighting: Sighting): void;
  tell(
    pass: OpenPass,
    phase: "NEW" | "UPDATE" | "PICTURE",
    decision: AccessDecision | null,
    answer: GateAnswer | null,
  ): void;
  /** What the barrier made of a granted pass: null when it let the vehicle through, else the sentence that says why not. */
  barrier(passId: string, refusal: string | null): void;
  end(pass: OpenPass): void;
  rowOf(pass: OpenPass): PassRecord;
}

export function createStory(deps: StoryDeps): Story {
  const { clock, log, access, looks } = deps;
  const pictures = new Map<string, Pick<Sighting, "crop" | "enhanced" | "frame" | "appearance">>();
  /** The newest sighting of each track of a pass. */
  const seen = new Map<string, Map<string, Sighting>>();
  /** Passes of which it was told that the vehicle looks like another one. */
  const odd = new Set<string>();
  const kept = new WeakSet<Sighting>();
  /** What the barrier made of a granted pass: its sentence where it refused, null where it let the vehicle through. */
  const refusals = new Map<string, string | null>();
  const grounds = new WeakMap<AccessDecision, Grounds>();

  return {
    madeFrom: (decision, from) => void grounds.set(decision, from),
    requestOf: (decision) => grounds.get(decision)?.request,
    answeredBy(asked, made, approval) {
      const from = grounds.get(asked);
      if (from !== undefined) grounds.set(made, { ...from, approval });
    },
    show(passId, sighting) {
      const { crop, frame, appearance } = sighting;
      seen.set(passId, (seen.get(passId) ?? new Map()).set(sighting.trackId, withoutPictures(sighting)));
      if (crop === undefined && frame === undefined) return;
      const { enhanced: before, ...known } = pictures.get(passId) ?? {};
      // It belongs to its crop: a better one may be so clear that there is none.
      const enhanced = crop === undefined ? before : sighting.enhanced;
      pictures.set(passId, {
        ...known,
        ...(crop === undefined ? {} : { crop }),
        ...(enhanced === undefined ? {} : { enhanced }),
        ...(frame === undefined ? {} : { frame }),
        ...(appearance === undefined ? {} : { appearance }),
      });
    },
    tell,
    barrier: (passId, refusal) => void refusals.set(passId, refusal),
    end(pass) {
      pictures.delete(pass.id);
      odd.delete(pass.id);
      const tracks = tracksOf(pass);
      seen.delete(pass.id);
      const row = { ...rowOf(pass), endedAt: wallOf(pass.lastFrameAtMs) };
      refusals.delete(pass.id);
      looks.end(pass, row.plate);
      if (pass.decision === null) return;
      hand({ pass: row, ...tracks, events: passEvents(row, "END", undefined, clock.wallMs()) });
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
    const row = rowOf(pass);
    const images = pictures.get(pass.id);
    pictures.delete(pass.id);
    const isNews = row.looks?.isOdd === true && !odd.has(pass.id);
    if (isNews) odd.add(pass.id);
    const appearance = images?.appearance ?? undefined;
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
    const gate = answer === null ? null : { accepted: answer.accepted, sentence: answer.sentence };
    hand({
      pass: row,
      ...(made === undefined ? {} : { decision: made }),
      read: readRecord(row, pass.best, clock.wallMs()),
      pictures: [
        ...(images?.crop === undefined ? [] : [cropOf(images.crop, images.enhanced)]),
        ...(images?.frame === undefined ? [] : [{ kind: "frame" as const, jpeg: images.frame }]),
      ],
      ...tracksOf(pass),
      ...(appearance === undefined ? {} : { appearance }),
      // A better picture alone is kept, but no news, unless it shows another vehicle than the plate's own.
      events:
        phase !== "PICTURE" || isNews
          ? passEvents(row, phase === "PICTURE" ? "UPDATE" : phase, made, clock.wallMs(), gate)
          : [],
    });
  }

  /** The tracks of the pass so far, and where the plate was when each was heard of last. */
  function tracksOf(pass: OpenPass): Pick<PassEntry, "tracks" | "detections"> {
    const all = [...(seen.get(pass.id)?.values() ?? [])];
    const fresh = all.filter((s) => !kept.has(s));
    for (const s of fresh) kept.add(s);
    return {
      tracks: all.map((s) => trackRecord(s, pass.id, wallOf)),
      detections: fresh.map((s) => detectionRecord(s, wallOf)),
    };
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
    const plain = passRecord(pass, { ...deps.place, wallOf });
    const row = plain.verdict === "granted" ? withBarrier(plain) : plain;
    const found = looks.of(pass, row.plate);
    if (found?.isOdd !== true) return { ...row, looks: found };
    // The reason that was asked for says it already.
    const said = row.reason === "looks-different";
    return {
      ...row,
      looks: found,
      sentence: said ? row.sentence : `${row.sentence} But ${oddSentence(found)}.`,
    };
  }

  /** A granted pass with what the barrier made of it: people should not have to look for its reason in two places. */
  function withBarrier(row: PassRecord): PassRecord {
    const refusal = refusals.get(row.id);
    return typeof refusal === "string"
      ? { ...row, letThrough: false, sentence: `${row.sentence} ${refusal}` }
      : { ...row, letThrough: refusal === null };
  }

  /** Wall time of a monotonic moment, by the wall clock as it is now. */
  function wallOf(atMs: number): number {
    return Math.round(clock.wallMs() - (clock.monotonicMs() - atMs));
  }
}

function cropOf(jpeg: Uint8Array, enhanced: Uint8Array | undefined): PassPicture {
  return { kind: "crop", jpeg, ...(enhanced === undefined ? {} : { enhanced }) };
}
