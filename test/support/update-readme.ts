/** Writes the settings table into README.md: `npm run docs:settings`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { settingsTable } from "../../src/commands/settings.js";

const readme = fileURLToPath(new URL("../../../README.md", import.meta.url));
const text = readFileSync(readme, "utf8");
const table = `<!-- settings -->\n${settingsTable()}\n<!-- /settings -->`;
writeFileSync(
  readme,
  text.replace(/<!-- settings -->[\s\S]*<!-- \/settings -->/, () => table),
);
