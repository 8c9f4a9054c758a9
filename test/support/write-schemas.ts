/** Writes src/report/schema/*.json from the shapes: `npm run docs:schemas`. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jsonSchemas } from "../../src/report/json-schemas.js";

const folder = fileURLToPath(new URL("../../../src/report/schema/", import.meta.url));
mkdirSync(folder, { recursive: true });
const schemas = jsonSchemas();
for (const file of readdirSync(folder)) if (!schemas.has(file)) rmSync(join(folder, file));
for (const [file, text] of schemas) writeFileSync(join(folder, file), text);
console.log(`${schemas.size} files in ${folder}`);
