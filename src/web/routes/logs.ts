import { z } from "zod";
import type { WebDeps } from "../ports.js";
import { type Route, route } from "../route.js";
import * as shapes from "../shapes.js";
import { parsed } from "../views.js";
import { given } from "./passes.js";

const { limit, before, from, to } = shapes.listQuery;
const word = z.string().min(1).max(64);

/** What is written down beside passes: levels of lines, and who changed what. */
export function logRoutes({ edges, audit }: Pick<WebDeps, "edges" | "audit">): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/lines/log",
      summary: "Levels that inputs and outputs took, newest first.",
      group: "log",
      query: z.object({ line: word.optional().describe("one line by its name"), from, to, limit, before }),
      good: {
        description: "one page of levels",
        shape: shapes.page(
          z.object({
            at: shapes.at,
            line: z.string(),
            kind: z.enum(["input", "output"]),
            active: z.boolean(),
            cause: z.string().describe("state of the barrier then"),
          }),
        ),
      },
      handle: async ({ query }) => ({ json: await edges.list(given(query)) }),
    }),
    route({
      method: "GET",
      path: "/api/audit",
      summary:
        "Who changed what, newest first; `plategate verify-log` proves that nothing of it was changed.",
      group: "log",
      query: z.object({
        actor: word.optional(),
        action: word.optional().describe("such as gate.open, rule.save, config.change, clip.remove"),
        limit,
        before,
      }),
      good: {
        description: "one page of changes",
        shape: shapes.page(
          z.object({
            id: z.string(),
            at: shapes.at,
            actor: z.string(),
            action: z.string(),
            subject: z.string(),
            detail: z.unknown(),
          }),
        ),
      },
      handle: async ({ query }) => {
        const page = await audit.list(given(query));
        return {
          json: { next: page.next, items: page.items.map((e) => ({ ...e, detail: parsed(e.detail) })) },
        };
      },
    }),
  ];
}
