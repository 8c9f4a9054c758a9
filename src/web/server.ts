import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { createEvents } from "./events.js";
import { isLoopback } from "./guard.js";
import { createHttp } from "./http.js";
import { createLive } from "./live.js";
import { openApi } from "./openapi.js";
import { type Web, type WebDeps, WebError, type WebEvent } from "./ports.js";
import type { Route } from "./route.js";
import { clipRoutes } from "./routes/clips.js";
import { gateRoutes } from "./routes/gate.js";
import { liveRoutes } from "./routes/live.js";
import { logRoutes } from "./routes/logs.js";
import { passRoutes } from "./routes/passes.js";
import { recordingRoutes } from "./routes/recording.js";
import { searchRoutes } from "./routes/search.js";
import { statusRoutes } from "./routes/status.js";
import * as shapes from "./shapes.js";
import { clipView, createPassWithChars } from "./views.js";

const MAX_VIEWERS = 6;
const MAX_LISTENERS = 24;
/** The page is served as it was written; from dist/src/web its sources are three folders up. */
const PAGE_FOLDER = fileURLToPath(new URL("../../../src/web/page", import.meta.url));

/** The page and the HTTP API. Building it starts nothing. */
export function createWeb(deps: WebDeps): Web {
  const { clock, log, metrics, config } = deps;
  const live = createLive({ live: deps.live, clock, metrics, maxViewers: MAX_VIEWERS });
  const events = createEvents({ clock, log, metrics, maxListeners: MAX_LISTENERS, status });
  const answers = metrics.counter("http_answers_total", "Answers over HTTP by class of status", ["class"]);
  const charsOf = createPassWithChars(deps.passes);
  let document: Promise<object> | null = null;
  const routes: Route[] = [
    ...statusRoutes({ web: deps, status, events, document: openApiOnce }),
    ...liveRoutes(live),
    ...passRoutes(deps, charsOf),
    ...searchRoutes(deps, charsOf),
    ...clipRoutes(deps),
    ...recordingRoutes(deps),
    ...logRoutes(deps),
    ...gateRoutes(deps),
  ];
  let app: Awaited<ReturnType<typeof createHttp>> | null = null;
  let unsubscribe = () => {};

  return {
    async start() {
      app = await createHttp({
        routes,
        pageFolder: PAGE_FOLDER,
        hosts: [...(config.hosts ?? []), ...(isWildcard(config.host) ? [] : [config.host])],
        log,
        nowMs: () => clock.monotonicMs(),
        answered: (status) => answers.add(1, { class: `${Math.floor(status / 100)}xx` }),
      });
      try {
        await app.listen({ host: config.host, port: config.port });
      } catch (error) {
        await app.close();
        throw new WebError(cannotListen(error as NodeJS.ErrnoException, config));
      }
      unsubscribe = deps.gate.subscribe(() => events.changed());
      const address = app.server.address();
      const port = typeof address === "object" && address !== null ? address.port : config.port;
      // A number needs no resolver, and some machines come without one that knows localhost.
      const host = isWildcard(config.host) ? "127.0.0.1" : config.host;
      const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
      log.info({ url }, `The page is at ${url}.`);
      if (!isLoopback(config.host))
        log.warn(
          { host: config.host },
          "Everybody on this network can see the page, with all plates: there are no accounts. Set web.host to 127.0.0.1 to keep it to this machine.",
        );
      return { url };
    },

    routes: () => routes.map((route) => `${route.method.toLowerCase()} ${route.path}`),

    push(event) {
      tell(event).catch((error) => log.warn({ error: String(error) }, "An event did not reach the pages."));
    },

    async close() {
      unsubscribe();
      live.close();
      events.close();
      await app?.close();
    },
  };

  /** Made when it is first asked for, and kept. */
  function openApiOnce(): Promise<object> {
    document ??= openApi(routes, deps.about.version);
    return document;
  }

  async function tell(event: WebEvent): Promise<void> {
    if (event.type === "sighting") return events.send("sighting", event.sighting);
    if (event.type === "pass") return events.send("pass", await charsOf(event.pass));
    events.send("clip", clipView(event.clip));
  }

  /** Only what is documented: the parts hand in more than that. */
  function status(): z.input<typeof shapes.status> {
    const { version, site, gate: gateName, startedAt } = deps.about;
    const now = {
      at: clock.wallMs(),
      version,
      site,
      gateName,
      startedAt,
      gate: deps.gate.view(),
      cameras: [...deps.live.cameras()],
      health: [...deps.health()],
      viewers: live.count(),
    };
    const result = shapes.status.safeParse(now);
    if (result.success) return result.data;
    // A part that says something new must not silence the page, and never the gate.
    log.debug({ problem: result.error.message }, "The status is not as documented.");
    return now as z.input<typeof shapes.status>;
  }
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}

function cannotListen(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): string {
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (error.code === "EADDRINUSE")
    return `The page cannot listen on ${place}: another program uses port ${port}; stop it, or set web.port to a free one.`;
  if (error.code === "EACCES")
    return `The page cannot listen on ${place}: ports below 1024 need a privilege; set web.port to 1024 or more.`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return `The page cannot listen on ${place}: this machine has no such address; set web.host to one of its own, or 127.0.0.1.`;
  return `The page cannot listen on ${place} (${error.message}); check web.host and web.port.`;
}
