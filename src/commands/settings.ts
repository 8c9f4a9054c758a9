import { z } from "zod";
import { configShape } from "../config.js";

/** One setting: its place in the file, its default as YAML, what may stand there, and what it is. */
export interface Setting {
  path: string;
  byDefault: string;
  allowed: string;
  sentence: string;
}

interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  additionalProperties?: unknown;
}

/** `plategate settings [--markdown]`: every setting of the configuration file. */
export async function settingsCommand(args: string[]): Promise<number> {
  console.log(args.includes("--markdown") ? settingsTable() : settingsText());
  return 0;
}

/** The settings as a Markdown table, for the README. */
export function settingsTable(): string {
  const rows = listSettings().map((s) => `| \`${s.path}\` | ${s.byDefault} | ${s.allowed} | ${s.sentence} |`);
  return ["| setting | default | allowed | what it is |", "|---|---|---|---|", ...rows].join("\n");
}

/** Every setting in the order of the shape. */
export function listSettings(): Setting[] {
  return walk(z.toJSONSchema(configShape, { io: "input" }) as Schema, "");
}

function walk(schema: Schema, path: string): Setting[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) =>
      walk(child, path === "" ? key : `${path}.${key}`),
    );
  }
  if (schema.type === "array" && schema.items?.properties !== undefined)
    return walk(schema.items, `${path}[]`);
  const setting = {
    path,
    byDefault: literal(schema.default),
    allowed: allowed(schema),
    sentence: schema.description ?? "",
  };
  return [setting];
}

function literal(value: unknown): string {
  if (value === undefined) return "–";
  return value === "" ? "empty" : `\`${JSON.stringify(value)}\``;
}

function allowed(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((v) => `\`${v}\``).join(", ");
  if (schema.type === "boolean") return "true, false";
  if (schema.type !== "integer" && schema.type !== "number")
    return schema.type === "object" ? "name: line" : "text";
  const low = schema.minimum ?? Number.MIN_SAFE_INTEGER;
  const high = schema.maximum ?? Number.MAX_SAFE_INTEGER;
  return high >= Number.MAX_SAFE_INTEGER ? `≥ ${low}` : `${low} … ${high}`;
}

function settingsText(): string {
  return listSettings()
    .map((s) => `${s.path}: ${s.byDefault.replaceAll("`", "")}   # ${s.sentence}`)
    .join("\n");
}
