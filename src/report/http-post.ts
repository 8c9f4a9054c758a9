import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

export interface Poster {
  /** Fulfils with the answer's status; rejects when there was none. */
  post(
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ status: number; retryAfterSeconds: number | null }>;
  close(): void;
}

const TIMEOUT_MS = 10_000;

/** Posts to one address over a connection that is kept; redirects are answers like any other. */
export function createPoster(url: string, ca: Buffer | null): Poster {
  const secure = url.startsWith("https:");
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...(ca === null ? {} : { ca }) })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  return {
    post: (body, headers) =>
      new Promise((resolve, reject) => {
        const request = (secure ? httpsRequest : httpRequest)(
          url,
          { method: "POST", agent, headers: { ...headers, "content-length": Buffer.byteLength(body) } },
          (answer) => {
            const after = Number(answer.headers["retry-after"]);
            // What it says is of no interest; reading it frees the connection for the next one.
            answer.resume();
            answer.on("error", () => {});
            answer.on("close", () =>
              resolve({
                status: answer.statusCode ?? 0,
                retryAfterSeconds: after > 0 ? Math.min(after, 3600) : null,
              }),
            );
          },
        );
        request.setTimeout(TIMEOUT_MS, () =>
          request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })),
        );
        request.on("error", reject);
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}
