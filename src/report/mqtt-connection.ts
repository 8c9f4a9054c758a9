/** The only file that knows the `mqtt` package: one connection to one broker, from CONNECT to its end. */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { type ConnectionProblem, explain, UNANSWERED } from "./connection-problem.js";
import { packetCutter } from "./packet-limit.js";
import { createSlots } from "./slots.js";
import { createUnanswered, type Unanswered } from "./unanswered.js";

export interface Will {
  topic: string;
  payload: string | Uint8Array;
  qos: 0 | 1;
  retain: boolean;
}

export interface Tls {
  /** Only certificates signed by these are accepted; left out: those of the system. */
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

export interface ConnectionOptions {
  /** mqtt://host:port or mqtts://host:port */
  url: string;
  protocol: "5" | "3.1.1";
  clientId: string;
  username?: string;
  password?: string;
  tls?: Tls;
  /** The connection is given up after one and a half times this without a ping's answer, or without any other. */
  keepaliveSeconds: number;
  connectTimeoutMs: number;
  /** Packets above this are refused by brokers that speak MQTT 5; what comes anyway is cut to it. */
  maxIncomingBytes: number;
  will?: Will;
}

export interface Incoming {
  topic: string;
  payload: Buffer;
  retain: boolean;
  dup: boolean;
  qos: number;
}

export interface PublishOptions {
  qos?: 0 | 1;
  retain?: boolean;
  /** MQTT 5: the broker drops the message when it could not deliver it by then. */
  expirySeconds?: number;
}

export interface Connection {
  readonly url: string;
  /** Largest packet this broker takes, in bytes; null: it did not say. */
  readonly maxPacketBytes: number | null;
  /** QoS 1 fulfils when the broker has acknowledged, QoS 0 when it was written. Rejects with `PublishError`. */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void>;
  /**
   * QoS 1. Rejects with `SubscribeRefused` when the broker does not grant every one of them. `asPublished` (MQTT 5): messages keep their
   * retained flag, so that a command that somebody publishes retained can be told from others.
   */
  subscribe(topics: readonly string[], options?: { asPublished?: boolean }): Promise<void>;
  /** Fulfils when the broker has read everything that was written before, also at QoS 0. */
  settled(): Promise<void>;
  /** Orderly end: DISCONNECT, so no will is sent; `withWill` (MQTT 5) asks the broker to send it all the same. */
  close(options?: { withWill?: boolean }): Promise<void>;
}

export interface ConnectionEvents {
  message(incoming: Incoming): void;
  /** It ended without being asked to. Called once, never before `openConnection` fulfilled. */
  lost(problem: ConnectionProblem): void;
}

/** A message was not taken. `lost`: the connection went, send it again; else the broker refused this very message. */
export class PublishError extends Error {
  readonly lost: boolean;
  readonly code: number;
  constructor(message: string, lost: boolean, code = 0) {
    super(message);
    this.lost = lost;
    this.code = code;
  }
}

/** The broker does not let us listen to one of the topics. */
export class SubscribeRefused extends Error {}

/** Header, packet id and properties of a PUBLISH besides topic and payload. */
const HEADER_BYTES = 32;

/** Connects once. Rejects with a `ConnectionProblem`; there is no second try in here. */
export function openConnection(options: ConnectionOptions, events: ConnectionEvents): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let client: MqttClient;
    try {
      client = connect(options.url, clientOptions(options));
    } catch (error) {
      // Certificates and keys are looked at before anything is sent.
      reject(explain(error, options.url));
      return;
    }
    limitIncoming(client.stream, options.maxIncomingBytes);
    const waiting = createUnanswered<PublishError>(options.keepaliveSeconds * 1500, () => {
      cause ??= new Error(UNANSWERED);
      end();
    });
    const asked = { toClose: false };
    let state: "opening" | "up" | "ended" = "opening";
    let cause: unknown = null;

    client.on("error", (error) => {
      cause ??= error;
      if (state === "opening") end();
    });
    client.on("disconnect", (packet) => {
      cause ??= Object.assign(new Error("the broker ended the connection"), { code: packet.reasonCode ?? 0 });
    });
    client.on("close", end);
    client.on("message", (topic, payload, packet) =>
      events.message({ topic, payload, retain: packet.retain, dup: packet.dup, qos: packet.qos }),
    );
    client.on("connect", () => {
      state = "up";
      resolve(connectionOf(client, options, waiting, asked));
    });

    function end(): void {
      const before = state;
      if (before === "ended") return;
      state = "ended";
      client.end(true);
      const problem = explain(cause, options.url);
      waiting.failAll(new PublishError(problem.sentence, true));
      if (before === "opening") reject(problem);
      else if (!asked.toClose) events.lost(problem);
    }
  });
}

function connectionOf(
  client: MqttClient,
  options: ConnectionOptions,
  waiting: Unanswered<PublishError>,
  asked: { toClose: boolean },
): Connection {
  const server = client.serverProperties;
  const most = server?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  // A broker may hang up on who has more under way than it said.
  const slots = createSlots(server?.receiveMaximum ?? 65535);

  return {
    url: options.url,
    maxPacketBytes: server?.maximumPacketSize ?? null,
    publish: (topic, payload, how = {}) =>
      request((done) => {
        const expiry = how.expirySeconds;
        const properties =
          expiry !== undefined && options.protocol === "5"
            ? { properties: { messageExpiryInterval: expiry } }
            : {};
        const body = Buffer.from(payload);
        if (body.length + Buffer.byteLength(topic) + HEADER_BYTES > most)
          return done(
            Object.assign(new Error(`larger than the ${most} bytes that the broker takes`), { code: 0x95 }),
          );
        const send = (answered: typeof done) =>
          client.publish(
            topic,
            body,
            { qos: how.qos ?? 0, retain: how.retain ?? false, ...properties },
            answered,
          );
        if (how.qos !== 1) {
          send(done);
          return;
        }
        slots.run((free) =>
          send((error) => {
            free();
            done(error);
          }),
        );
      }),
    subscribe: (topics, { asPublished = false } = {}) =>
      request((done) => {
        const rap = asPublished && options.protocol === "5" ? { rap: true } : {};
        client.subscribe([...topics], { qos: 1, ...rap }, (error, _granted, packet) =>
          done(error && packet?.cmd === "suback" ? new SubscribeRefused(error.message) : error),
        );
      }),
    // Nobody subscribes to this; its UNSUBACK comes after everything that was sent before it.
    settled: () => request((done) => client.unsubscribe("plategate/settled", done)),
    close: ({ withWill = false } = {}) =>
      new Promise((resolve) => {
        asked.toClose = true;
        const force = setTimeout(() => client.end(true, () => resolve()), 1000);
        const reason = withWill && options.protocol === "5" ? { reasonCode: 0x04 } : {};
        client.end(false, reason, () => {
          clearTimeout(force);
          resolve();
        });
      }),
  };

  function request(send: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (!client.connected || asked.toClose) return Promise.reject(new PublishError("not connected", true));
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      send((error) => {
        if (!waiting.answered(reject)) return;
        if (!error) return resolve();
        if (error instanceof SubscribeRefused) return reject(error);
        const code = (error as { code?: unknown }).code;
        reject(
          new PublishError(error.message, typeof code !== "number", typeof code === "number" ? code : 0),
        );
      });
    });
  }
}

/** The package gathers a packet before anybody sees it, so it is cut before the package gets it. */
function limitIncoming(stream: MqttClient["stream"], most: number): void {
  const cut = packetCutter(most);
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null) => push(chunk === null ? null : cut(chunk));
}

function clientOptions(options: ConnectionOptions): IClientOptions {
  const { tls, will } = options;
  return {
    clientId: options.clientId,
    protocolVersion: options.protocol === "5" ? 5 : 4,
    // A clean session: a broker that kept commands for us would deliver them late.
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: options.connectTimeoutMs,
    keepalive: options.keepaliveSeconds,
    rejectUnauthorized: true,
    ...(options.username ? { username: options.username } : {}),
    // The protocol has no password without a user.
    ...(options.username && options.password !== undefined ? { password: options.password } : {}),
    ...(tls?.ca ? { ca: tls.ca } : {}),
    ...(tls?.cert ? { cert: tls.cert } : {}),
    ...(tls?.key ? { key: tls.key } : {}),
    ...(will ? { will: { ...will, payload: Buffer.from(will.payload) } } : {}),
    ...(options.protocol === "5"
      ? { properties: { sessionExpiryInterval: 0, maximumPacketSize: options.maxIncomingBytes } }
      : {}),
  };
}
