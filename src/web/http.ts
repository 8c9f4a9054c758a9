import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import type { Socket } from "node:net";
import { relative, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { fastifyStatic } from "@fastify/static";
import { type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { z } from "zod";
import { StoreError } from "../core/repositories.js";
import type { Log } from "../system/log.js";
import { changeRefusal, createRateLimit, type GuardFacts, hostRefusal } from "./guard.js";
import { type Answer, Refusal, type Route } from "./route.js";

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; font-src 'self'; " +
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "x-frame-options": "DENY",
};

/**
 * So long that a slow line, which empties a socket in large steps, is not taken for one that stands still. Listeners have
 * their beat before; a viewer whose camera gives no picture asks again.
 */
const STILL_MS = 60_000;

/** What the store could not do, as HTTP says it. */
const STORE_STATUS = { busy: 503, closed: 503, "cannot-write": 507, refused: 409 };

/** The HTTP server over these routes and the page's files; everything that knows the web framework is here. */
export async function createHttp(deps: {
  routes: readonly Route[];
  pageFolder: string;
  hosts: readonly string[];
  log: Log;
  nowMs: () => number;
  answered: (status: number) => void;
  /** A connection on which nothing moved for so long is closed. */
  stillMs?: number;
}) {
  const { log, stillMs = STILL_MS } = deps;
  const changes = createRateLimit({ burst: 20, perSecond: 1 }, deps.nowMs);
  const reads = createRateLimit({ burst: 300, perSecond: 60 }, deps.nowMs);
  const app = fastify({
    bodyLimit: 16 * 1024,
    requestTimeout: 10_000,
    keepAliveTimeout: 20_000,
    // Who asks for a video and reads none of it would keep one of the connections for ever.
    connectionTimeout: stillMs,
    // Connections that never finish their request are looked for every 5 s, not every 30.
    http: { connectionsCheckingInterval: 5000 },
    forceCloseConnections: true,
    trustProxy: false,
    // Players and proxies ask for the head first: the same headers as with GET, and no body.
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 200 },
    logger: false,
  });
  // Streams hold a connection each; above this a flood is refused by the kernel's queue, not by our memory.
  app.server.maxConnections = 128;
  app.server.headersTimeout = 10_000;

  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    const refusal = hostRefusal(facts(request), deps.hosts);
    if (refusal !== null) throw new Refusal(421, refusal);
    if (!reads.take(request.ip)) throw new Refusal(429, "Too many requests; wait a few seconds.");
  });
  app.addHook("onResponse", async (_, reply) => deps.answered(reply.statusCode));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status =
      error instanceof Refusal
        ? error.status
        : error instanceof StoreError
          ? STORE_STATUS[error.code]
          : (error.statusCode ?? 500);
    if (status >= 500 && !(error instanceof Refusal))
      log.error({ error: error.message, url: request.url }, "A request failed.");
    const sentence =
      status === 500 ? "The appliance could not answer this; its log says why." : error.message;
    reply.code(status).header("cache-control", "no-store").send({ error: sentence });
  });
  app.setNotFoundHandler((request) => {
    throw new Refusal(404, `There is nothing at ${request.url.split("?")[0]!.slice(0, 100)}.`);
  });

  await app.register(fastifyStatic, {
    root: deps.pageFolder,
    wildcard: false,
    // The page changes with an upgrade: asked again each time, answered 304 while it is the same.
    cacheControl: true,
    maxAge: 0,
  });
  for (const route of deps.routes) {
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
      handler: async (request, reply) => {
        if (route.changes === true) {
          const refusal = changeRefusal(facts(request));
          if (refusal !== null) throw new Refusal(403, refusal);
          if (!changes.take(request.ip)) throw new Refusal(429, "Too many changes; wait a few seconds.");
        }
        const params = checked(route.params, request.params);
        const query = checked(route.query, request.query);
        const asked = { params: params as never, query: query as never };
        const answer = await unhurried(request.raw.socket, stillMs, async () => route.handle(asked));
        return send(published(route, answer), request, reply);
      },
    });
  }
  await app.ready();
  return app;
}

/** While an answer is made nothing moves: a recording by hand ends with its segment, which may take minutes. */
async function unhurried<T>(socket: Socket, stillMs: number, task: () => Promise<T>): Promise<T> {
  socket.setTimeout(0);
  try {
    return await task();
  } finally {
    socket.setTimeout(stillMs);
  }
}

function checked(shape: z.ZodObject | undefined, value: unknown): unknown {
  if (shape === undefined) return {};
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new Refusal(400, `This cannot be asked: ${problems.join("; ")}.`);
}

/** Only what the document promises goes out; an answer that does not fit it is our mistake, said in the log. */
function published(route: Route, answer: Answer): Answer {
  if (!("json" in answer) || route.good.shape === undefined) return answer;
  const result = route.good.shape.safeParse(answer.json);
  if (result.success) return { ...answer, json: result.data };
  throw new Error(`${route.path} does not answer as documented: ${result.error.message}`);
}

async function send(answer: Answer, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if ("json" in answer)
    return reply
      .code(answer.status ?? 200)
      .header("cache-control", "no-store")
      .send(answer.json);
  if ("nothing" in answer) return reply.code(204).header("cache-control", "no-store").send();
  if ("text" in answer)
    return reply
      .code(answer.status ?? 200)
      .header("cache-control", "no-store")
      .type(answer.type)
      .send(answer.text);
  if ("bytes" in answer) return sendBytes(answer, request, reply);
  if ("file" in answer) return sendFile(answer, reply);

  if (request.method === "HEAD") return reply.type(answer.type).header("cache-control", "no-store").send();
  const out = new PassThrough({ highWaterMark: 64 * 1024 });
  request.raw.on("close", () => out.destroy());
  reply.type(answer.type).header("cache-control", "no-store").header("x-accel-buffering", "no").send(out);
  // Whoever asked learns at once that it was admitted, also when nothing comes for a while.
  reply.raw.flushHeaders();
  answer.stream(out);
  return reply;
}

function sendBytes(
  answer: { bytes: Uint8Array; type: string },
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const etag = `"${createHash("sha1").update(answer.bytes).digest("base64url")}"`;
  reply.type(answer.type).header("cache-control", "private, no-cache").header("etag", etag);
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  return reply.send(Buffer.from(answer.bytes.buffer, answer.bytes.byteOffset, answer.bytes.byteLength));
}

async function sendFile(
  answer: Extract<Answer, { file: string }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const root = await realpath(answer.folder);
  // Through links as well: what is sent lies inside the folder, whatever a row says.
  const path = await realpath(resolve(root, answer.file)).catch(() => null);
  const inside = path === null ? ".." : relative(root, path);
  if (inside.startsWith("..") || inside === "") throw new Refusal(404, "The file of this video is gone.");
  reply.type(answer.type);
  if (answer.download !== undefined)
    reply.header(
      "content-disposition",
      `attachment; filename="${answer.download.replaceAll(/[^\w.-]/g, "_")}"`,
    );
  return reply.sendFile(inside, root, { cacheControl: false, acceptRanges: true, dotfiles: "allow" });
}

function facts(request: FastifyRequest): GuardFacts {
  const header = (name: string) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  return {
    host: request.headers.host,
    origin: header("origin"),
    fetchSite: header("sec-fetch-site"),
    forwarded: ["forwarded", "x-forwarded-for", "x-real-ip"].some((name) => header(name) !== undefined),
    remoteAddress: request.socket.remoteAddress ?? "",
    localAddress: request.socket.localAddress ?? "127.0.0.1",
  };
}
