import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import type { Route } from "./route.js";
import { problem } from "./shapes.js";

/**
 * The OpenAPI 3.1 document of these routes, made of the very shapes that requests are checked with. It takes some ms
 * altogether: one route at a time, so that an input edge never waits for it.
 */
export async function openApi(routes: readonly Route[], version: string): Promise<object> {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    await setImmediate();
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Plategate",
      version,
      summary: "What a Plategate appliance tells and takes over HTTP.",
      description:
        "Times are ms since 1970 UTC, sizes bytes, probabilities 0 to 1. Requests that change something are taken " +
        "from the appliance itself only. The Host header must be an address or one of the appliance's names.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
  };
}

function operation(route: Route): object {
  const refusals: Record<number, string> = {
    ...(route.params === undefined && route.query === undefined ? {} : { 400: "a parameter is wrong" }),
    ...(route.changes === true ? { 403: "changes are not taken from there", 429: "too many requests" } : {}),
    ...route.refusals,
  };
  const answers: Record<string, object> = {
    [String(route.good.status ?? 200)]: { description: route.good.description, ...content(route) },
  };
  for (const [status, description] of Object.entries(refusals)) {
    answers[status] = {
      description,
      content: { "application/json": { schema: jsonSchema(problem, "output") } },
    };
  }
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.group],
    parameters: [...parameters(route.params, "path"), ...parameters(route.query, "query")],
    responses: answers,
  };
}

function content(route: Route): object {
  if (route.good.shape !== undefined)
    return { content: { "application/json": { schema: jsonSchema(route.good.shape, "output") } } };
  if (route.good.type === undefined) return {};
  return { content: { [route.good.type.split(";")[0]!]: {} } };
}

function parameters(shape: z.ZodObject | undefined, place: "path" | "query"): object[] {
  if (shape === undefined) return [];
  const schema = jsonSchema(shape, "input") as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(schema.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || (schema.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function jsonSchema(shape: z.ZodType, io: "input" | "output"): object {
  // Coerced numbers take anything as input; what is meant is what comes out.
  const { $schema: _, ...schema } = z.toJSONSchema(shape, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: made }) => {
      if (io === "input" && zodSchema._zod.def.type === "number") made.type ??= "number";
    },
  });
  return schema;
}

/** `GET /api/passes/{id}/crop.jpg` → `getPassesIdCropJpg`. */
function operationId(route: Route): string {
  const words = route.path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "" && word !== "api");
  return route.method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}
