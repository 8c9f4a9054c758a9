import { connect, createServer, type Socket } from "node:net";

export interface Proxy {
  url: string;
  /** First bytes that a client sent, per connection. */
  opened: Buffer[];
  /** What comes back on the connections of now is lost from now on, as on a line that is breaking. */
  mute(): void;
  /** Cuts all connections as a broken cable does for the broker: without a word. */
  cut(): void;
  close(): Promise<void>;
}

/** Passes TCP through to `port` on loopback. */
export async function proxy(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const opened: Buffer[] = [];
  const answers: (() => void)[] = [];
  const server = createServer((inner) => {
    const outer = connect(port, "127.0.0.1");
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
    inner.once("data", (chunk: Buffer) => opened.push(chunk));
    inner.pipe(outer);
    outer.pipe(inner);
    answers.push(() => {
      outer.unpipe(inner);
      outer.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`,
    opened,
    mute: () => {
      for (const lose of answers.splice(0)) lose();
    },
    cut,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
