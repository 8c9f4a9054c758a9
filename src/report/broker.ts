/** The only file that knows the `aedes` package: the MQTT broker inside, for the demo and for gates on their own. */
import { timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes, type AuthenticateError } from "aedes";
import type { Config } from "../config.js";
import type { Log } from "../system/log.js";
import { readSecret } from "./credentials.js";
import { limitPackets } from "./packet-limit.js";

/** The broker inside cannot be started; the message says why and what to do. */
export class BrokerError extends Error {}

export interface Broker {
  /** Listens; throws `BrokerError` when it cannot. The address is the one to reach it from this machine. */
  start(): Promise<{ url: string; port: number; username?: string; password?: string }>;
  status(): { clients: number; sentence: string };
  close(): Promise<void>;
}

/** Connections at a time; more are hung up on. */
const MOST_CLIENTS = 64;
const MOST_PACKET_BYTES = 1_000_000;
/** A client that takes nothing for so long is hung up on: until then it holds up all others. */
const DRAIN_MS = 5000;

/** Builds the embedded broker. It listens on loopback only, unless it has a password. */
export function createBroker(deps: { config: Config["broker"]; log: Log }): Broker {
  const { config, log } = deps;
  let server: Server | null = null;
  let aedes: Aedes | null = null;
  let toldSessions = false;
  const sockets = new Set<Socket>();

  return {
    async start() {
      const password = readSecret("broker.passwordFile", config.passwordFile, log);
      if (!isLoopback(config.host) && password === null) {
        throw new BrokerError(
          `broker.host ${config.host}: the broker inside listens beyond this machine only with a password; ` +
            "set broker.username and broker.passwordFile, or host: 127.0.0.1.",
        );
      }
      aedes = await Aedes.createBroker({
        id: "plategate",
        concurrency: 100,
        connectTimeout: 10_000,
        drainTimeout: DRAIN_MS,
        keepaliveLimit: 0,
        maxClientsIdLength: 64,
        maxTopicLevels: 20,
        preConnect: (_client, packet, done) => {
          if (packet.clean !== true && !toldSessions) {
            toldSessions = true;
            log.info({}, "a client asked for a lasting session; the broker inside keeps none");
          }
          // A lasting session would be kept in memory, with all that comes, for a client that may never return.
          packet.clean = true;
          done(null, true);
        },
        authenticate: (client, username, given, done) => {
          if (password === null || (username === config.username && same(given, password)))
            return done(null, true);
          log.warn({ client: client.id }, "the broker inside refused a wrong user or password");
          done(
            Object.assign(new Error("wrong user or password"), { returnCode: 4 }) as AuthenticateError,
            null,
          );
        },
      });
      aedes.on("clientError", (client, error) =>
        log.debug({ client: client?.id, error: error.message }, "a client of the broker inside failed"),
      );
      aedes.on("connectionError", (_client, error) =>
        log.debug({ error: error.message }, "somebody at the broker inside does not speak MQTT"),
      );
      const listening = createServer(accept);
      const port = await listen(listening, config).catch(async (error) => {
        await new Promise<void>((resolve) => aedes?.close(() => resolve()));
        throw error;
      });
      server = listening;
      const host = ["0.0.0.0", "::"].includes(config.host) ? "127.0.0.1" : config.host;
      const url = `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`;
      log.info({ url, host: config.host }, "the broker inside listens");
      return { url, port, ...(password === null ? {} : { username: config.username, password }) };
    },
    status: () => ({
      clients: aedes?.connectedClients ?? 0,
      sentence: server === null ? "not started" : `${aedes?.connectedClients ?? 0} connected`,
    }),
    async close() {
      const [oldServer, oldAedes] = [server, aedes];
      server = null;
      aedes = null;
      if (oldServer === null) return;
      const closed = new Promise<void>((resolve) => oldServer.close(() => resolve()));
      // The sockets first: the package waits for clients that have stopped in the middle of a packet.
      for (const socket of sockets) socket.destroy();
      if (oldAedes) await new Promise<void>((resolve) => oldAedes.close(() => resolve()));
      await closed;
    },
  };

  function accept(socket: Socket): void {
    if (aedes === null || sockets.size >= MOST_CLIENTS) {
      log.warn({ clients: sockets.size }, "the broker inside has no room for another client");
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    aedes.handle(limitPackets(socket, MOST_PACKET_BYTES));
  }
}

function listen(server: Server, config: Config["broker"]): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = `broker ${config.host}:${config.port}`;
      const why =
        error.code === "EADDRINUSE"
          ? "this port is taken, probably by another broker; set broker.port, or report.url to that broker."
          : error.code === "EACCES"
            ? "this port may not be opened; choose one above 1023."
            : `cannot listen there (${error.code ?? error.message}).`;
      reject(new BrokerError(`${where}: ${why}`));
    });
    server.listen(config.port, config.host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : config.port);
    });
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function same(given: Readonly<Buffer> | undefined, password: string): boolean {
  const right = Buffer.from(password);
  const bytes = Buffer.from(given ?? []);
  return bytes.length === right.length && timingSafeEqual(bytes, right);
}
