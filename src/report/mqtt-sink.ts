import type { Config } from "../config.js";
import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Announcements } from "./announcements.js";
import type { ConnectionProblem } from "./connection-problem.js";
import { createDrain, type SendResult } from "./drain.js";
import type { Intake } from "./intake.js";
import { createLastPass } from "./last-pass.js";
import { createLink } from "./link.js";
import { type Account, connectionOptions } from "./link-options.js";
import { messageOf } from "./messages.js";
import {
  type Connection,
  openConnection,
  PublishError,
  type PublishOptions,
  SubscribeRefused,
} from "./mqtt-connection.js";
import { createVersionChoice } from "./mqtt-version.js";
import type { Identity, OutboxPort, StatePort } from "./ports.js";
import type { PlateCover } from "./privacy.js";
import type { EventMessage } from "./shapes.js";
import type { Sink } from "./sink.js";
import { createStates } from "./states.js";
import { STATE_NAMES, type Topics } from "./topics.js";

/** What else speaks over the same connection, such as Home Assistant's discovery. */
export interface Companion {
  start(): void;
  /** Topics it listens to, apart from those of commands. */
  subscriptions: readonly string[];
  /** Topics of commands, whose retained flag must be seen. */
  commandTopics: readonly string[];
  /** Topics on which it keeps something retained. */
  retained: readonly string[];
  /** True: it was for this one. */
  message(topic: string, payload: Buffer, retain: boolean, dup: boolean): boolean;
  /** A new connection, before `online` is published; everything retained must be published again. */
  up(publish: Publish): Promise<void>;
  /** More messages for an event that is being sent. */
  also(event: OutboxEvent, message: EventMessage): readonly { topic: string; payload: string }[];
  close(): void;
}

export type Publish = (
  topic: string,
  payload: string | Uint8Array,
  options?: PublishOptions,
) => Promise<void>;

const WINDOW = 128;
const RETAINED = { qos: 1, retain: true } as const;

/** Plain topics on one MQTT connection: events from the outbox, retained states, commands. */
export function createMqttSink(deps: {
  /** null: the broker inside could not be started. */
  url: string | null;
  config: Config;
  account: Account;
  identity: Identity;
  topics: Topics;
  plates: PlateCover;
  clock: Clock;
  log: Log;
  outbox: OutboxPort;
  state: StatePort;
  intake: Intake;
  companions: readonly Companion[];
  announcements: Announcements;
  /** The crop of a pass as it may be published; null: none. Left out: pictures are not published. */
  picture?: (passId: string) => Promise<Uint8Array | null>;
  delivered(seqs: readonly number[]): void;
  resumeAfter: number;
}): Sink & { publish: Publish; republish(): Promise<void>; settled(): Promise<void> | null } {
  const { config, clock, log, topics, identity } = deps;
  const { protocol, url } = config.report;
  // The broker inside speaks 3.1.1 only.
  const version = createVersionChoice(protocol === "auto" && url === "embedded" ? "3.1.1" : protocol);
  let deaf = "";
  let unwanted: { topic: string; sentence: string } | null = null;
  const { newestPass, isKept } = deps.state;
  const lastPass = createLastPass({
    ...deps,
    publish,
    ...(newestPass === undefined ? {} : { newest: newestPass }),
    ...(isKept === undefined ? {} : { isKept }),
  });

  const states = createStates({
    identity,
    state: deps.state,
    clock,
    log,
    publish: (name, json) => void publish(topics.state(name), json, RETAINED).catch(() => {}),
    publishCameras: (online) =>
      void publish(topics.cameras, online ? "online" : "offline", RETAINED).catch(() => {}),
  });
  const drain = createDrain({
    name: "mqtt",
    outbox: deps.outbox,
    clock,
    log,
    window: WINDOW,
    send,
    delivered: deps.delivered,
    idle: lastPass.tell,
  });
  drain.resumeAfter(deps.resumeAfter);

  const link = createLink({
    name: "mqtt",
    clock,
    log,
    servers: 1,
    open: async (_server, events) => {
      if (deps.url === null)
        throw {
          refused: true,
          sentence: "the broker inside is not running; correct section broker, or set report.url.",
        };
      const options = connectionOptions(deps.url, config.report, deps.account, identity, version.now());
      const will = { topic: topics.availability, payload: "offline", ...RETAINED };
      try {
        return await openConnection({ ...options, will }, events);
      } catch (problem) {
        version.failed(problem as ConnectionProblem);
        throw problem;
      }
    },
    up,
    down(problem) {
      version.lost();
      drain.down(problem);
    },
    message: (incoming) => {
      if (incoming.topic === topics.setBarrier) void deps.intake.take(incoming);
      else
        deps.companions.some((c) =>
          c.message(incoming.topic, incoming.payload, incoming.retain, incoming.dup),
        );
    },
  });

  return {
    name: "mqtt",
    start() {
      for (const companion of deps.companions) companion.start();
      states.start();
      link.start();
    },
    poke: () => drain.poke(),
    review: () => void lastPass.review(),
    publish,
    republish,
    settled: () => link.connection()?.settled() ?? null,
    status() {
      const status = { name: "mqtt", ...link.status(), ...drain.status() };
      const limit = deaf || unwanted?.sentence;
      if (status.state !== "up" || !limit) return status;
      return { ...status, sentence: `${status.sentence}; ${limit}`, isLimited: true };
    },
    async close() {
      states.close();
      for (const companion of deps.companions) companion.close();
      // What is under way gets its answer first, so that an orderly restart repeats nothing.
      await link.close(async (connection) => {
        await drain.finish();
        await connection.publish(topics.availability, "offline", RETAINED);
      });
      drain.rest();
    },
  };

  function publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const connection = link.connection();
    return connection
      ? connection.publish(topic, payload, options)
      : Promise.reject(new PublishError("not connected", true));
  }

  async function up(connection: Connection): Promise<void> {
    // Listening comes first: who sees `online` may command at once.
    await listen(connection);
    await takeBack();
    await republish();
    drain.up();
  }

  /** A broker that lets us speak but not listen still gets the events. */
  async function listen(connection: Connection): Promise<void> {
    const commands = [topics.setBarrier, ...deps.companions.flatMap((c) => c.commandTopics)];
    const others = deps.companions.flatMap((c) => c.subscriptions);
    deaf = "";
    unwanted = null;
    try {
      await connection.subscribe(commands, { asPublished: true });
      if (others.length > 0) await connection.subscribe(others);
    } catch (error) {
      if (!(error instanceof SubscribeRefused)) throw error;
      deaf = "it does not let us listen, so no command arrives; correct its access list.";
      log.warn({ error: error.message }, `the broker refuses a subscription: ${deaf}`);
    }
  }

  /** What earlier settings left at the broker and these do not have any more. */
  async function takeBack(): Promise<void> {
    const states = STATE_NAMES.map((name) => topics.state(name));
    const ours = [topics.availability, topics.cameras, ...states, topics.crop];
    const now = [...ours, ...deps.companions.flatMap((c) => c.retained)];
    for (const topic of deps.announcements.goneTopics(now))
      await publish(topic, "", RETAINED).catch(notFatal);
    deps.announcements.note({ topics: now });
  }

  async function republish(): Promise<void> {
    for (const companion of deps.companions) await companion.up(publish).catch(notFatal);
    await publish(topics.availability, "online", RETAINED);
    states.all();
    lastPass.again();
  }

  /** What one companion cannot say must not keep the events back; a lost connection is another matter. */
  function notFatal(error: Error): void {
    if (error instanceof PublishError && error.lost) throw error;
    log.error({ error: error.message }, "the broker does not take an announcement");
  }

  async function send(event: OutboxEvent): Promise<SendResult> {
    const message = messageOf(event, identity, deps.plates);
    if ("problem" in message) {
      log.error({ event: event.id }, `an event cannot be reported: ${message.problem}`);
      return "unusable";
    }
    const json = JSON.stringify(message);
    const others = deps.companions.flatMap((c) => c.also(event, message));
    const sends = [{ topic: topics.event(event.kind), payload: json }, ...others].map((m) =>
      publish(m.topic, m.payload, { qos: 1 }).then(
        () => null,
        (refusal: PublishError) => refusal,
      ),
    );
    if (message.event === "pass") lastPass.saw(message);
    const [error, ...refusals] = await Promise.all(sends);
    if (error?.lost || refusals.some((r) => r?.lost)) return "lost";
    for (const [i, refusal] of refusals.entries()) noteRefusal(others[i]!.topic, refusal ?? null);
    if (!error) return "taken";
    log.error({ event: event.id, code: error.code }, `the broker did not take an event: ${error.message}`);
    return refusedForGood(error.code) ? "unusable" : held();
  }

  /** What goes beside an event is given up when it is refused: the event itself must not be sent for ever. */
  function noteRefusal(topic: string, refusal: PublishError | null): void {
    if (refusal === null) {
      if (unwanted?.topic === topic) unwanted = null;
      return;
    }
    if (refusedForGood(refusal.code))
      log.error({ topic, code: refusal.code }, `the broker did not take a message: ${refusal.message}`);
    else unwanted ??= unwantedOn(topic, refusal);
  }

  function unwantedOn(topic: string, refusal: PublishError) {
    const sentence = `it refuses what we publish on ${topic}; correct its access list.`;
    log.warn({ code: refusal.code, error: refusal.message }, `the broker is up, but ${sentence}`);
    return { topic, sentence };
  }

  /** Not this event but this user is refused: nothing is given up, the connection starts again after a pause. */
  function held(): SendResult {
    void link.next("the broker refuses what this user publishes; correct its access list.");
    return "lost";
  }
}

/** MQTT 5 reason codes that name this very packet: malformed, topic or payload format wrong, too large, retain not there. */
function refusedForGood(code: number): boolean {
  return [0x81, 0x82, 0x90, 0x95, 0x99, 0x9a].includes(code);
}
