import { z } from "zod";
import { normalisePlate } from "../../core/plate.js";
import { type SearchHit, StoreError } from "../../core/repositories.js";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";
import { withChars } from "./passes.js";

const hits = z.object({
  items: z.array(
    z.object({
      pass: shapes.pass,
      likelihood: z.number().describe("comparable within one answer, best first"),
    }),
  ),
});
const limit = z.coerce.number().int().min(1).max(50).default(10).describe("passes at most");
const off = { 501: "this appliance cannot search by likeness" };

/** Searches that forgive: plates that could have been this one, vehicles that look like this one. */
export function searchRoutes(web: Pick<WebDeps, "passes" | "search">): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/search",
      summary: "Passes whose plate could have been this one, look-alike characters first.",
      group: "passes",
      query: z.object({
        plate: z.string().min(2).max(16).describe("as remembered; `?` is one forgotten character"),
        limit,
      }),
      good: { description: "passes, best first", shape: hits },
      refusals: off,
      handle: ({ query }) => {
        const plate = query.plate
          .split("?")
          .map((part) => normalisePlate(part))
          .join("?");
        return answer((search) => search.soft(plate, query.limit));
      },
    }),
    route({
      method: "GET",
      path: "/api/passes/{id}/alike",
      summary: "Passes of vehicles that look like the one of this pass.",
      group: "passes",
      params: z.object({ id: shapes.id }),
      query: z.object({ limit }),
      good: { description: "passes, best first", shape: hits },
      refusals: { ...off, 404: "no such pass" },
      handle: async ({ params, query }) => {
        if ((await web.passes.find(params.id)) === null)
          throw new Refusal(404, `There is no pass ${params.id}.`);
        return answer((search) => search.alike(params.id, query.limit));
      },
    }),
  ];

  async function answer(ask: (search: NonNullable<WebDeps["search"]>) => Promise<readonly SearchHit[]>) {
    if (web.search === undefined) throw new Refusal(501, "This appliance cannot search by likeness.");
    const found = await ask(web.search).catch((error) => {
      if (error instanceof StoreError && error.code === "refused") throw new Refusal(501, error.message);
      throw error;
    });
    const items = await Promise.all(
      found.map(async ({ pass, likelihood }) => ({ pass: await withChars(web, pass), likelihood })),
    );
    return { json: { items } };
  }
}
