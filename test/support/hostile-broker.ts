import { createServer, type Socket } from "node:net";
import { Aedes, type Client } from "aedes";

export interface HostileBroker {
  url: string;
  /** What clients have published, topic to payload. */
  heard: Map<string, string>;
  /** Writes these bytes to everybody who is connected, past all rules. */
  send(bytes: Buffer): void;
  /** Connections since it was started. */
  connections(): number;
  close(): Promise<void>;
}

/** A broker (MQTT 3.1.1) that can be told to say anything, to refuse subscriptions, and to leave messages unanswered. */
export async function hostileBroker({
  refuses = () => false,
  ignores = () => false,
}: {
  /** Topics that may not be listened to. */
  refuses?: (topic: string) => boolean;
  /** Topics whose PUBLISH or SUBSCRIBE gets no answer; all else, pings too, is answered. */
  ignores?: (topic: string) => boolean;
} = {}): Promise<HostileBroker> {
  const heard = new Map<string, string>();
  const sockets = new Set<Socket>();
  let connections = 0;
  const aedes = await Aedes.createBroker({
    authorizeSubscribe: (_client: Client | null, subscription, done) => {
      if (!ignores(subscription.topic)) done(null, refuses(subscription.topic) ? null : subscription);
    },
    authorizePublish: (_client, packet, done) => {
      heard.set(packet.topic, packet.payload.toString());
      if (!ignores(packet.topic)) done(null);
    },
  });
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`,
    heard,
    send(bytes) {
      for (const socket of sockets) socket.write(bytes);
    },
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        aedes.close(() => server.close(() => resolve()));
      }),
  };
}
