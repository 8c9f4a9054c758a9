import { z } from "zod";
import { SHAPES } from "./shapes.js";

/** File name to JSON Schema (draft 2020-12) text of every message on the plain topics. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    Object.entries(SHAPES).map(([name, shape]) => {
      // What we send may get new fields, so readers must let them pass; what we take must be exact.
      const io = name === "set-barrier" ? "input" : "output";
      const schema = z.toJSONSchema(shape, { io });
      if (io === "output") openUp(schema);
      const titled = { $schema: schema.$schema, title: name, ...schema };
      return [`${name}.schema.json`, `${JSON.stringify(titled, null, 2)}\n`];
    }),
  );
}

function openUp(part: unknown): void {
  if (part === null || typeof part !== "object") return;
  const schema = part as Record<string, unknown>;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  for (const value of Object.values(schema)) openUp(value);
}
