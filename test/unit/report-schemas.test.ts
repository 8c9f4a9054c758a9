import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jsonSchemas } from "../../src/report/json-schemas.js";

const folder = fileURLToPath(new URL("../../../src/report/schema/", import.meta.url));

test("the JSON Schema files are those of the shapes; `npm run docs:schemas` writes them anew", () => {
  const schemas = jsonSchemas();
  assert.equal(readdirSync(folder).sort(), [...schemas.keys()].sort());
  for (const [file, text] of schemas)
    assert.equal(JSON.parse(readFileSync(join(folder, file), "utf8")), JSON.parse(text), file);
});

test("readers are told to let new fields pass, writers of commands are not", () => {
  const schemas = jsonSchemas();
  assert.not.match(schemas.get("event-pass.schema.json")!, /"additionalProperties": false/);
  assert.match(schemas.get("set-barrier.schema.json")!, /"additionalProperties": false/);
});

test.run();
