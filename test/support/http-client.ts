import { type IncomingHttpHeaders, request } from "node:http";

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test makes of an answer is its own affair
  json: any;
}

/** One request with any header, also those that fetch() does not let one set, such as Host. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; path?: string } = {},
): Promise<Reply> {
  const { hostname, port, pathname, search } = new URL(url);
  const path = options.path ?? pathname + search;
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method: options.method ?? "GET", headers: options.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks);
          const text = body.toString();
          const isJson = response.headers["content-type"]?.includes("json") === true;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            text,
            json: isJson && text !== "" ? JSON.parse(text) : null,
          });
        });
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

/** Opens an endless answer; `until` waits for text to have come in, `close` hangs up. */
export function listen(url: string): Promise<{
  until(wanted: string | RegExp): Promise<string>;
  close(): void;
  status: number;
  headers: IncomingHttpHeaders;
  pause(): void;
  resume(): void;
}> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (response) => {
      let all = "";
      let waiting: { wanted: string | RegExp; done: (text: string) => void }[] = [];
      const look = () => {
        waiting = waiting.filter(({ wanted, done }) => {
          const there = typeof wanted === "string" ? all.includes(wanted) : wanted.test(all);
          if (there) done(all);
          return !there;
        });
      };
      response.setEncoding("latin1");
      response.on("data", (chunk: string) => {
        all += chunk;
        look();
      });
      response.on("error", () => {});
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        until: (wanted) =>
          new Promise((done) => {
            waiting.push({ wanted, done });
            look();
          }),
        pause: () => response.pause(),
        resume: () => response.resume(),
        close: () => sent.destroy(),
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
