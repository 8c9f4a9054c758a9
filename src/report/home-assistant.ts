import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Announcements } from "./announcements.js";
import { type HaOptions, haDevice, haDeviceTopic } from "./home-assistant-device.js";
import type { Intake } from "./intake.js";
import type { Companion } from "./mqtt-sink.js";
import type { CommandKind, Identity, StatePort } from "./ports.js";
import type { EventMessage } from "./shapes.js";
import { watchStalls } from "./stall.js";
import type { Topics } from "./topics.js";

/** Older events are not told to Home Assistant: it would open the garage for yesterday's car. */
const FRESH_MS = 300_000;
/** After Home Assistant's birth message everything is published again within this time, not by all devices at once. */
const BIRTH_SPREAD_MS = 10_000;
/** A second equal short command within this time is taken for the same press. */
const REPEAT_MS = 1000;

/** Home Assistant over the same connection: discovery, its birth message, the plate event, and the short commands. */
export function createHomeAssistant(deps: {
  identity: Identity;
  topics: Topics;
  options: Pick<HaOptions, "prefix" | "commands" | "pictures" | "deviceId">;
  state: StatePort;
  clock: Clock;
  log: Log;
  intake: Intake;
  announcements: Announcements;
  /** Publishes discovery, availability and states again. */
  republish(): Promise<void>;
  /** Fulfils when the broker has answered; null: there is no connection. */
  settled(): Promise<void> | null;
  random?: () => number;
}): Companion {
  const { identity, topics, options, clock, log, intake, announcements } = deps;
  // The birth topic is a setting of its own in Home Assistant, and stays the usual one when the prefix is changed.
  const births = [...new Set([`${options.prefix}/status`, "homeassistant/status"])];
  const random = deps.random ?? Math.random;
  const stalls = watchStalls(clock, deps.settled);
  let cancel = () => {};
  let last = { command: "", atMs: Number.NEGATIVE_INFINITY };
  let counter = 0;

  return {
    start() {
      if (options.commands) stalls.start();
    },
    subscriptions: births,
    commandTopics: options.commands ? [topics.haSet] : [],
    retained: [haDeviceTopic(identity, options)],
    message(topic, payload, retain, dup) {
      if (births.includes(topic)) {
        // A retained birth is an old one, and everything has just been published.
        if (payload.toString() === "online" && !retain) born();
        return true;
      }
      if (topic !== topics.haSet) return false;
      // We have not asked for it then; a broker that sends it all the same moves nothing.
      if (!options.commands)
        intake.refuse("home-assistant", "commands-off", "report.homeAssistant.commands is false.");
      else if (payload[0] === 0x7b) {
        const rules = { accept: "on", key: null, place: identity } as const;
        void intake.take({ topic, payload, retain, dup, qos: 0 }, { via: "home-assistant", rules });
      } else short(payload, retain, dup);
      return true;
    },
    async up(publish) {
      const inputs = Object.keys(deps.state.inputs()).sort();
      const cameras = deps.state
        .health()
        .map((p) => p.part)
        .filter((part) => /^(eye|camera):/.test(part))
        .sort();
      const gone = announcements.goneParts;
      const device = haDevice(identity, topics, { ...options, inputs, cameras, gone });
      await publish(device.topic, device.payload, { qos: 1, retain: true });
      announcements.note({ parts: device.parts });
    },
    also(event, message) {
      if (clock.wallMs() - event.at > FRESH_MS) return [];
      const payload = eventPayload(event, message);
      return payload === null ? [] : [{ topic: topics.haEvent, payload: JSON.stringify(payload) }];
    },
    close() {
      cancel();
      stalls.close();
    },
  };

  function born(): void {
    cancel();
    cancel = clock.after(random() * BIRTH_SPREAD_MS, () => {
      log.info({}, "Home Assistant has started: announcing the gate again");
      deps
        .republish()
        .catch((error: Error) => log.debug({ error: error.message }, "it could not be announced"));
    });
  }

  function short(payload: Buffer, retain: boolean, dup: boolean): void {
    const atMs = clock.monotonicMs();
    const again = last.command === payload.toString("latin1") && atMs - last.atMs < REPEAT_MS;
    const verdict = judgeShort(payload, { retain, dup, again, late: stalls.isSuspect() });
    if ("refuse" in verdict) {
      intake.refuse("home-assistant", verdict.refuse, verdict.sentence);
      return;
    }
    last = { command: payload.toString("latin1"), atMs };
    const nonce = `ha-cover-${clock.wallMs()}-${counter++}`;
    const by = "home-assistant";
    void intake.put({ kind: verdict.accept, by, via: by, nonce, issuedAt: clock.wallMs() });
  }
}

/**
 * The cover's commands are bare words: Home Assistant has no template for them, so they carry no age and no nonce.
 * What keeps old ones out is the clean session (no broker keeps them for us while we are away) and the watch for
 * stalls of this process and of the way from the broker (`late`).
 */
export function judgeShort(
  payload: Buffer,
  { retain, dup, again, late }: { retain: boolean; dup: boolean; again: boolean; late: boolean },
): { accept: CommandKind } | { refuse: string; sentence: string } {
  if (retain) return { refuse: "retained", sentence: "A retained command is an old one." };
  if (dup) return { refuse: "duplicate", sentence: "This is a second delivery of the same message." };
  const word = payload.length <= 5 ? payload.toString("latin1") : "";
  const accept = word === "OPEN" ? "open" : word === "CLOSE" ? "close" : null;
  if (accept === null) return { refuse: "malformed", sentence: "It is neither OPEN nor CLOSE." };
  if (again) return { refuse: "duplicate", sentence: "The same command came less than a second ago." };
  if (late)
    return {
      refuse: "expired",
      sentence: "It may have waited while this process or the way to it stood still.",
    };
  return { accept };
}

/** What the event entity gets: `read` for a new vehicle, then what was decided. Null: not for this entity. */
function eventPayload(event: OutboxEvent, message: EventMessage): object | null {
  if (message.event === "pass" && message.phase === "NEW") {
    const { plate, probability, direction, camera, id } = message.pass;
    return {
      event_type: "read",
      id: event.id,
      at: message.at,
      pass: id,
      plate,
      probability,
      direction,
      camera,
    };
  }
  if (message.event !== "decision") return null;
  const { plate, probability, verdict, reason, passId, gate } = message.decision;
  // A grant that the gate did not take has opened nothing.
  const idle = verdict === "granted" && gate?.accepted === false;
  const type = idle ? "refused" : { granted: "opened", denied: "refused", ask: "ask" }[verdict];
  const sentence = idle ? `${message.decision.sentence} ${gate.sentence}` : message.decision.sentence;
  return {
    event_type: type,
    id: event.id,
    at: message.at,
    pass: passId,
    plate,
    probability,
    reason,
    sentence,
  };
}
