import { z } from "zod";
import { normalisePlate } from "../../core/plate.js";
import { type SearchHit, StoreError } from "../../core/repositories.js";
import type { WebDeps } from "../ports.js";
import { Refusal, type Route, route } from "../route.js";
import * as shapes from "../shapes.js";
import type { PassWithChars } from "../views.js";

const hits = z.object({
  available: z.boolean().describe("false: this appliance cannot search by likeness"),
  items: z.array(
    z.object({
      pass: shapes.pass,
      likelihood: z.number().describe("comparable within one answer, best first"),
    }),
  ),
});
const limit = z.coerce.number().int().min(1).max(50).default(10).describe("passes at most");

/** Searches that forgive: plates that could have been this one, vehicles that look like this one. */
export function searchRoutes(web: Pick<WebDeps, "passes" | "search">, charsOf: PassWithChars): Route[] {
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
      refusals: { 404: "no such pass" },
      handle: async ({ params, query }) => {
        if ((await web.passes.find(params.id)) === null)
          throw new Refusal(404, `There is no pass ${params.id}.`);
        return answer((search) => search.alike(params.id, query.limit));
      },
    }),
  ];

  async function answer(ask: (search: NonNullable<WebDeps["search"]>) => Promise<readonly SearchHit[]>) {
    if (web.search === undefined) return { json: { available: false, items: [] } };
    const found = await ask(web.search).catch((error) => {
      // The extension could not be loaded on this board: everything else works without it.
      if (error instanceof StoreError && error.code === "refused") return null;
      throw error;
    });
    if (found === null) return { json: { available: false, items: [] } };
    const items = await Promise.all(
      found.map(async ({ pass, likelihood }) => ({ pass: await charsOf(pass), likelihood })),
    );
    return { json: { available: true, items } };
  }
}
