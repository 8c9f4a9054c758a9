import { z } from "zod";
import type { createEvents } from "../events.js";
import type { WebDeps } from "../ports.js";
import { type Route, route } from "../route.js";
import * as shapes from "../shapes.js";

/** How the appliance is: status, health, events, figures. */
export function statusRoutes(deps: {
  web: Pick<WebDeps, "health" | "metrics" | "rules">;
  status: () => z.input<typeof shapes.status>;
  events: ReturnType<typeof createEvents>;
  document: () => Promise<object>;
}): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/status",
      summary: "Gate, cameras and health as they are now.",
      group: "status",
      good: { description: "the status", shape: shapes.status },
      handle: () => ({ json: deps.status() }),
    }),
    route({
      method: "GET",
      path: "/api/events",
      summary: "Server-sent events: status (first and on every change), sighting, pass, clip, beat.",
      group: "status",
      good: { description: "events without end", type: "text/event-stream" },
      refusals: { 503: "too many listeners" },
      handle: () => {
        deps.events.admit();
        return { stream: deps.events.attach, type: "text/event-stream; charset=utf-8" };
      },
    }),
    route({
      method: "GET",
      path: "/api/rules",
      summary: "The access rules, without changing them.",
      group: "status",
      good: { description: "all rules", shape: z.object({ items: z.array(shapes.rule) }) },
      handle: async () => {
        const rules = await deps.web.rules.all();
        return { json: { items: rules } };
      },
    }),
    route({
      method: "GET",
      path: "/api/openapi.json",
      summary: "This document.",
      group: "status",
      good: { description: "OpenAPI 3.1", shape: z.looseObject({ openapi: z.string() }) },
      handle: async () => ({ json: await deps.document() }),
    }),
    route({
      method: "GET",
      path: "/healthz",
      summary: "200 while no part is bad, for supervisors and load balancers.",
      group: "status",
      good: {
        description: "well enough",
        shape: z.object({ state: z.string(), bad: z.array(shapes.health) }),
      },
      refusals: { 503: "a part is bad; the body has the same shape" },
      handle: () => {
        const bad = deps.web.health().filter((item) => item.state === "bad");
        return {
          json: { state: bad.length === 0 ? "good" : "bad", bad },
          status: bad.length === 0 ? 200 : 503,
        };
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      summary: "Figures for Prometheus.",
      group: "status",
      good: { description: "Prometheus text format", type: "text/plain" },
      handle: async () => ({ text: await deps.web.metrics.text(), type: deps.web.metrics.contentType }),
    }),
  ];
}
