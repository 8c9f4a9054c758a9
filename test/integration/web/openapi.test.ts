import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWeb } from "../../../src/web/server.js";
import { fakeAppliance } from "../../support/fake-appliance.js";
import { ask } from "../../support/http-client.js";

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[];
  responses: Record<string, { content?: Record<string, { schema?: Record<string, unknown> }> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

const openapi = suite("openapi document");
const appliance = fakeAppliance();
const web = createWeb(appliance.deps);
let url = "";
let document: Document;

openapi.before(async () => {
  ({ url } = await web.start());
  document = (await ask(`${url}/api/openapi.json`)).json;
});

openapi.after(async () => {
  await web.close();
  appliance.close();
});

openapi("names every operation once and every parameter that stands in its path", () => {
  assert.is(document.openapi, "3.1.0");
  const operations = each();
  assert.ok(operations.length > 20);
  assert.is(new Set(operations.map((o) => o.operation.operationId)).size, operations.length);
  for (const { path, operation } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
    const said = operation.parameters.filter((p) => p.in === "path" && p.required).map((p) => p.name);
    assert.equal(said, inPath, path);
    for (const parameter of operation.parameters)
      assert.ok(parameter.schema.type ?? parameter.schema.enum, `${path} ${parameter.name}`);
  }
});

openapi("every path of the document is answered, with a status that it names", async () => {
  for (const { path, method, operation } of each()) {
    if (path === "/api/events" || path === "/api/live.mjpeg" || path === "/api/live.jpg") continue;
    const at = path.replace("{camera}", "nowhere").replaceAll(/\{\w+\}/g, "none");
    const query = path === "/api/search" ? "?plate=AB12" : "";
    const reply = await ask(url + at + query, { method: method.toUpperCase() });
    assert.ok(
      String(reply.status) in operation.responses,
      `${method} ${at} answered ${reply.status}, which is not named`,
    );
    assert.not.match(reply.text, /There is nothing at/);
  }
});

openapi("every route that the server has is in the document", async () => {
  const said = new Set(each().map(({ path, method }) => `${method} ${path}`));
  for (const route of web.routes()) assert.ok(said.has(route), `${route} is not in the document`);
  assert.is(web.routes().length, said.size);
});

openapi("answers have the shape that the document gives them", async () => {
  for (const path of [
    "/api/status",
    "/api/passes",
    "/api/clips",
    "/api/recording",
    "/api/rules",
    "/healthz",
  ]) {
    const schema = document.paths[path]!.get!.responses["200"]!.content!["application/json"]!.schema!;
    const { json } = await ask(url + path);
    assert.equal(mismatch(schema, json, path), null);
  }
});

openapi.run();

function each() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** A small part of JSON Schema, enough to see that a field is missing, unknown or of another type. */
function mismatch(schema: Record<string, unknown>, value: unknown, at: string): string | null {
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const choices = schema.anyOf as Record<string, unknown>[] | undefined;
  if (choices !== undefined)
    return choices.some((s) => mismatch(s, value, at) === null) ? null : `${at} fits no choice`;
  if (schema.enum !== undefined) return (schema.enum as unknown[]).includes(value) ? null : `${at}: ${value}`;
  const types = [schema.type ?? kind].flat().map((type) => (type === "integer" ? "number" : type));
  if (!types.includes(kind)) return `${at} is ${kind}, not ${types}`;
  if (kind === "array") {
    for (const item of value as unknown[]) {
      const wrong = mismatch(schema.items as Record<string, unknown>, item, `${at}[]`);
      if (wrong !== null) return wrong;
    }
  }
  const properties = schema.properties as Record<string, Record<string, unknown>> | undefined;
  if (kind !== "object" || properties === undefined) return null;
  for (const name of (schema.required as string[] | undefined) ?? [])
    if (!(name in (value as object))) return `${at}.${name} is missing`;
  for (const [name, inner] of Object.entries(value as object)) {
    if (properties[name] === undefined) return `${at}.${name} is not in the document`;
    const wrong = mismatch(properties[name], inner, `${at}.${name}`);
    if (wrong !== null) return wrong;
  }
  return null;
}
