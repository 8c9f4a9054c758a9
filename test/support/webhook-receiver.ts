import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";

export type Use = <T extends { close(): unknown }>(part: T) => T;

interface Post {
  headers: IncomingHttpHeaders;
  body: string;
  status: number;
}

/** A receiver of webhooks on a free port that keeps what was posted, and answers as told. */
export async function receiver(use: Use, tls?: { cert: Buffer; key: Buffer }) {
  const posts: Post[] = [];
  const answer = { status: (): number => 200, headers: {} as Record<string, string> };
  const listen: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const post = { headers: request.headers, body, status: 0 };
      posts.push(post);
      post.status = answer.status();
      // 0: hangs up without an answer.
      if (post.status === 0) request.socket.destroy();
      else response.writeHead(post.status, answer.headers).end("thank you");
    });
  };
  const server = tls === undefined ? createServer(listen) : createSecureServer(tls, listen);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  use({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return {
    url: `http${tls === undefined ? "" : "s"}://127.0.0.1:${(server.address() as { port: number }).port}/hook`,
    posts,
    answer,
  };
}
