/** Receivers that misbehave: none may stop its webhook for ever. */
import { createServer, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createPoster } from "../../src/report/http-post.js";
import { scoped } from "../support/scope.js";
import type { Use } from "../support/webhook-receiver.js";

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

for (const [what, head, again] of [
  ["drips and never ends", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"],
  ["has no end", chunked, "5\r\nhello\r\n"],
] as const)
  test(
    `an answer that ${what} counts all the same, and the next post is answered as well`,
    scoped(async (use) => {
      const poster = use(
        createPoster(await rawReceiver(use, head, again), null, { answer: 30_000, rest: 100 }),
      );
      for (const event of ["1", "2"]) {
        const answer = await poster.post("{}", { event });
        assert.equal(answer, { status: 200, retryAfterSeconds: null });
      }
    }),
  );

test(
  "a receiver that announces progress and never answers is given up in the end",
  scoped(async (use) => {
    const progress = "HTTP/1.1 102 Processing\r\n\r\n";
    const poster = use(
      createPoster(await rawReceiver(use, progress, progress), null, { answer: 200, rest: 100 }),
    );
    await assertNoAnswer(poster.post("{}", {}), "ETIMEDOUT");
  }),
);

test(
  "an answer that switches to a protocol that nobody asked for is no answer",
  scoped(async (use) => {
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    const poster = use(createPoster(await rawReceiver(use, upgrade, ""), null));
    await assertNoAnswer(poster.post("{}", {}), "ECONNRESET");
  }),
);

test.run();

async function assertNoAnswer(post: Promise<unknown>, code: string): Promise<void> {
  try {
    await post;
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, code);
    return;
  }
  assert.unreachable("there was no answer");
}

/** Answers every post with `head`, and goes on with `again` until the other end hangs up. */
async function rawReceiver(use: Use, head: string, again: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(head);
      const timer = setInterval(() => socket.write(again), 20);
      socket.on("close", () => clearInterval(timer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  use({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}
