import { passEvent } from "../core/events.js";
import type { PassRecord } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { iso, messageOf } from "./messages.js";
import type { Publish } from "./mqtt-sink.js";
import type { Identity } from "./ports.js";
import type { PlateCover } from "./privacy.js";
import type { PassMessage } from "./shapes.js";
import type { Topics } from "./topics.js";

export interface LastPass {
  /**
   * A pass was reported; one that began before the newest known is none, unless that one lies ahead of the clock, which
   * has been corrected since.
   */
  saw(message: PassMessage): void;
  /** Publishes what is new; called when nothing else is waiting, so that a long outage does not send thousands. */
  tell(): void;
  /** Publishes it again: the broker may have forgotten. Where none is known, as after a start, it is looked up in the database. */
  again(): void;
  /** Others have changed what is kept: a pass that is on record no more is taken back, and the newest that is takes its place. */
  review(): Promise<void>;
}

const RETAINED = { qos: 1, retain: true } as const;
const NOTHING = new Uint8Array(0);

/** The vehicle that came last and its crop, retained for those who come later. */
export function createLastPass(deps: {
  topics: Topics;
  identity: Identity;
  plates: PlateCover;
  clock: Clock;
  log: Log;
  publish: Publish;
  /** The newest pass of the database; null: there is none. */
  newest?: () => Promise<PassRecord | null>;
  /** Whether a pass is still on record. */
  isKept?: (passId: string) => Promise<boolean>;
  /** The crop of a pass as it may be published; null: none. Left out: pictures are not published. */
  picture?: (passId: string) => Promise<Uint8Array | null>;
}): LastPass {
  const { topics, log, publish } = deps;
  let last: { json: string; passId: string; startedAt: string } | null = null;
  let told: string | null = null;
  let toldCrop: Uint8Array | null = null;

  return {
    saw,
    tell,
    again() {
      told = null;
      toldCrop = null;
      if (last !== null) tell();
      else void lookUp();
    },
    async review() {
      const reviewed = last?.passId;
      try {
        if (reviewed === undefined || (await deps.isKept?.(reviewed)) !== false) return;
      } catch (error) {
        log.warn({ error: (error as Error).message }, "the last pass cannot be looked up");
        return;
      }
      if (last?.passId !== reviewed) return;
      last = null;
      told = null;
      toldCrop = null;
      await lookUp();
    },
  };

  function saw(message: PassMessage): void {
    const { id, startedAt } = message.pass;
    const newest = last !== null && last.startedAt <= iso(deps.clock.wallMs()) ? last : null;
    if (newest !== null && newest.passId !== id && startedAt < newest.startedAt) return;
    last = { json: JSON.stringify(message), passId: id, startedAt };
  }

  async function lookUp(): Promise<void> {
    if (deps.newest === undefined) return;
    try {
      const pass = await deps.newest();
      if (last !== null) return tell();
      // What is still at the broker is of a pass that has been erased since.
      if (pass === null) {
        quietly(publish(topics.state("last-pass"), NOTHING, RETAINED));
        quietly(publish(topics.crop, NOTHING, RETAINED));
        return;
      }
      const phase = pass.endedAt === null ? "NEW" : "END";
      const row = { seq: 0, ...passEvent(pass, phase, pass.endedAt ?? pass.startedAt) };
      const message = messageOf(row, deps.identity, deps.plates);
      if (!("problem" in message)) saw(message as PassMessage);
      tell();
    } catch (error) {
      log.warn({ error: (error as Error).message }, "the newest pass cannot be looked up");
    }
  }

  function tell(): void {
    if (last === null) return;
    const { json, passId } = last;
    if (json === told) {
      // The first crop of a vehicle is often kept a moment after its first message.
      if (deps.picture !== undefined && toldCrop?.length === 0) void tellCrop(passId);
      return;
    }
    told = json;
    publish(topics.state("last-pass"), json, RETAINED).catch(() => {
      told = null;
    });
    void tellCrop(passId);
  }

  /** Without a crop of this very pass the topic is emptied: no picture is better than that of another vehicle. */
  async function tellCrop(passId: string): Promise<void> {
    try {
      const crop = (await deps.picture?.(passId)) ?? NOTHING;
      if (last?.passId !== passId || (toldCrop !== null && same(crop, toldCrop))) return;
      toldCrop = crop;
      await publish(topics.crop, crop, RETAINED);
    } catch (error) {
      toldCrop = null;
      log.debug({ pass: passId, error: (error as Error).message }, "the picture of a pass was not published");
    }
  }

  function quietly(sent: Promise<void>): void {
    sent.catch(() => {});
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
