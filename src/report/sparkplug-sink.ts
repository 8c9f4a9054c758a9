import type { Config } from "../config.js";
import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { masked } from "../system/masked.js";
import { createDrain, type SendResult } from "./drain.js";
import type { Intake } from "./intake.js";
import { createLink } from "./link.js";
import { type Account, connectionOptions } from "./link-options.js";
import { messageOf } from "./messages.js";
import { type Connection, type Incoming, openConnection } from "./mqtt-connection.js";
import type { Identity, OutboxPort, StatePort } from "./ports.js";
import type { PlateCover } from "./privacy.js";
import type { Sink } from "./sink.js";
import { asksForRebirth, judgeDeviceCommand, readHostState } from "./sparkplug-commands.js";
import { deviceId } from "./sparkplug-metrics.js";
import { createSession } from "./sparkplug-session.js";

/** How long to wait for the primary host at one of several brokers before the next is tried. */
const HOST_WAIT_MS = 30_000;
const WINDOW = 64;

/** A Sparkplug B 3.0 edge node on a connection of its own: one node a gate, devices = the gate and its cameras. */
export function createSparkplugSink(deps: {
  config: Config;
  servers: readonly string[];
  account: Account;
  identity: Identity;
  plates: PlateCover;
  clock: Clock;
  log: Log;
  outbox: OutboxPort;
  state: StatePort;
  intake: Intake;
  delivered(seqs: readonly number[]): void;
  resumeAfter: number;
}): Sink {
  const { clock, log, identity, servers } = deps;
  const { sparkplug } = deps.config.report;
  const stateTopic = sparkplug.primaryHost === "" ? null : `spBv1.0/STATE/${sparkplug.primaryHost}`;
  const session = createSession({
    group: sparkplug.group,
    // A site may have several gates, and an edge node has one connection.
    node: sparkplug.node || `${identity.site}-${identity.gate}`,
    identity,
    state: deps.state,
    clock,
    publish: (message) =>
      link
        .connection()
        ?.publish(message.topic, message.payload, { qos: 0 })
        .catch(() => {}),
  });
  const seen = new Map<string, number>();
  let host = { online: false, newest: 0 };
  let cancelWait = () => {};
  let settling: Promise<void> | null = null;
  let nextSettle: Promise<void> | null = null;

  const drain = createDrain({
    name: "sparkplug",
    outbox: deps.outbox,
    clock,
    log,
    window: WINDOW,
    send,
    delivered: deps.delivered,
    // What the host missed comes before what is new.
    idle: () => session.goLive(),
  });
  drain.resumeAfter(deps.resumeAfter);

  const link = createLink({
    name: "sparkplug",
    clock,
    log,
    servers: servers.length,
    open: (server, events) => {
      const url = servers[server] as string;
      const protocol = deps.config.report.protocol === "5" ? "5" : "3.1.1";
      const options = connectionOptions(url, deps.config.report, deps.account, identity, protocol, "-spb");
      return openConnection({ ...options, will: { ...session.will(), qos: 1, retain: false } }, events);
    },
    up,
    down(problem) {
      cancelWait();
      session.end();
      drain.down(problem);
    },
    message,
  });

  return {
    name: "sparkplug",
    start() {
      session.start();
      link.start();
    },
    poke: () => drain.poke(),
    review: () => void review(),
    status() {
      const status = { name: "sparkplug", ...link.status(), ...drain.status() };
      if (status.state !== "up" || session.isBorn()) return status;
      return {
        ...status,
        state: "waiting",
        sentence: `waiting for the primary host ${sparkplug.primaryHost}`,
      };
    },
    async close() {
      cancelWait();
      session.close();
      await link.close(async (connection) => {
        await drain.finish();
        await lastWords(connection);
      });
      drain.rest();
    },
  };

  /** A rebirth would tell a plate that has been erased to every host that asks for one. */
  async function review(): Promise<void> {
    const passId = session.lastPassId();
    if (passId === null) return;
    try {
      if ((await deps.state.isKept?.(passId)) === false && session.lastPassId() === passId)
        session.forgetLast();
    } catch (error) {
      log.warn({ error: (error as Error).message }, "the last pass cannot be looked up");
    }
  }

  async function up(connection: Connection): Promise<void> {
    host = { online: false, newest: 0 };
    await connection.subscribe([...session.commandTopics, ...(stateTopic === null ? [] : [stateTopic])]);
    if (stateTopic === null) born();
    else if (!host.online && servers.length > 1)
      cancelWait = clock.after(
        HOST_WAIT_MS,
        () => void link.next(`the primary host is not at ${masked(connection.url)}`),
      );
  }

  function born(): void {
    cancelWait();
    session.birth();
    drain.up();
  }

  function message(incoming: Incoming): void {
    if (incoming.topic === stateTopic) {
      hostSays(incoming.payload);
      return;
    }
    if (incoming.topic === session.commandTopics[0]) {
      if (session.isBorn() && asksForRebirth(incoming)) session.birth();
      else log.warn({ topic: incoming.topic }, "an NCMD was ignored: it asks for no rebirth");
      return;
    }
    const device = session.deviceOf(incoming.topic);
    if (device !== null) void command(device, incoming);
  }

  function hostSays(payload: Buffer): void {
    const said = readHostState(payload, host.newest);
    if (said === null) {
      log.warn({}, "a STATE message of the primary host was ignored: malformed or old");
      return;
    }
    const wasOnline = host.online;
    host = { online: said.online, newest: said.timestamp };
    const connection = link.connection();
    if (said.online && !session.isBorn()) born();
    else if (!said.online && wasOnline && connection !== null) {
      log.warn({ host: sparkplug.primaryHost }, "the primary host has gone; events wait for it");
      void lastWords(connection).then(() => link.next("the primary host has gone"));
    }
  }

  async function lastWords(connection: Connection): Promise<void> {
    if (!session.isBorn()) return;
    const { topic, payload } = session.death();
    session.end();
    await connection.publish(topic, payload, { qos: 1 }).catch(() => {});
  }

  async function command(device: string, incoming: Incoming): Promise<void> {
    const now = clock.wallMs();
    for (const [nonce, until] of seen) if (until < now) seen.delete(nonce);
    const closed = closedTo(device);
    if (closed !== null) return refused(...closed);
    const names = (alias: number) => session.nameOf(device, alias);
    const when = { now, bornAt: session.bornAt() };
    for (const verdict of judgeDeviceCommand(incoming, names, new Set(seen.keys()), when)) {
      if ("refuse" in verdict) {
        refused(verdict.refuse, verdict.sentence);
        continue;
      }
      const { accept } = verdict;
      seen.set(accept.nonce, accept.issuedAt + 10_000);
      const by = sparkplug.primaryHost || "sparkplug host";
      const outcome = await deps.intake.put({ ...accept, by, via: "sparkplug" });
      session.answer(accept.kind, outcome.sentence);
    }
  }

  function refused(reason: string, sentence: string): void {
    if (deps.intake.refuse("sparkplug", reason, sentence)) session.answer(null, sentence);
  }

  function closedTo(device: string): [reason: string, sentence: string] | null {
    if (!sparkplug.commands) return ["commands-off", "DCMD is switched off (report.sparkplug.commands)."];
    const known = device === deviceId(identity.gate) && session.isBorn();
    return known ? null : ["unknown-metric", "This device takes no commands."];
  }

  async function send(event: OutboxEvent): Promise<SendResult> {
    const message = messageOf(event, identity, deps.plates);
    if ("problem" in message) {
      log.error({ event: event.id }, `an event cannot be reported: ${message.problem}`);
      return "unusable";
    }
    if (!session.isBorn()) return "lost";
    session.event(event, message);
    try {
      await settled();
      return "taken";
    } catch {
      return "lost";
    }
  }

  /** Data goes out at QoS 0, as Sparkplug wants it: that it arrived is known from an answer that came after it. */
  function settled(): Promise<void> {
    const connection = link.connection();
    if (connection === null) return Promise.reject(new Error("not connected"));
    if (settling === null) {
      settling = connection.settled().finally(() => {
        settling = null;
      });
      return settling;
    }
    nextSettle ??= settling
      .catch(() => {})
      .then(() => {
        nextSettle = null;
        return settled();
      });
    return nextSettle;
  }
}
