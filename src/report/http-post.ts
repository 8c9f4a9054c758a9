import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

export interface HttpAnswer {
  status: number;
  retryAfterSeconds: number | null;
}

export interface Poster {
  /** Fulfils with the answer's status; rejects when there was none. */
  post(body: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  close(): void;
}

/** Without a single byte. */
const SILENCE_MS = 10_000;
/** `answer`: until its headers are there, whatever comes before them; `rest`: for all else of it, which nobody wants to know. */
const LIMITS_MS = { answer: 30_000, rest: 10_000 };

/** Posts to one address over a connection that is kept; redirects are answers like any other. */
export function createPoster(url: string, ca: Buffer | null, limitsMs = LIMITS_MS): Poster {
  const secure = url.startsWith("https:");
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...(ca === null ? {} : { ca }) })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  return {
    post: (body, headers) =>
      new Promise((resolve, reject) => {
        let answer: HttpAnswer | null = null;
        let cause: Error = Object.assign(new Error("no answer"), { code: "ECONNRESET" });
        const request = (secure ? httpsRequest : httpRequest)(
          url,
          { method: "POST", agent, headers: { ...headers, "content-length": Buffer.byteLength(body) } },
          (response) => {
            answer = { status: response.statusCode ?? 0, retryAfterSeconds: retryAfter(response.headers) };
            // Reading it frees the connection for the next post.
            response.resume();
            response.on("error", () => {});
            clearTimeout(timer);
            timer = setTimeout(() => request.destroy(), limitsMs.rest);
          },
        );
        const giveUp = () => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
        let timer = setTimeout(giveUp, limitsMs.answer);
        request.setTimeout(SILENCE_MS, giveUp);
        request.on("error", (error) => {
          cause = error;
        });
        // Comes last, whatever happened, also after an upgrade that nobody asked for.
        request.on("close", () => {
          clearTimeout(timer);
          if (answer === null) reject(cause);
          else resolve(answer);
        });
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Seconds, or a date, which is counted from the receiver's own `Date`: the two clocks may differ. At most an hour. */
function retryAfter({ "retry-after": after = "", date = "" }: IncomingHttpHeaders): number | null {
  const plain = Number(after);
  const seconds = Number.isNaN(plain) ? (Date.parse(after) - Date.parse(date)) / 1000 : plain;
  return seconds > 0 ? Math.min(seconds, 3600) : null;
}
