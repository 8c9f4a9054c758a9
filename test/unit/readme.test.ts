import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { settingsTable } from "../../src/commands/settings.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");

test("the settings table of the README is that of the configuration shape (npm run docs:settings)", () => {
  assert.ok(readme.includes(settingsTable()));
});

test("every file that the README points at exists", () => {
  const links = [...readme.matchAll(/\]\((?!http|#)([^)#]+)\)/g)].map((m) => m[1]!);
  assert.ok(links.length > 3);
  assert.equal(
    links.filter((l) => !existsSync(`${root}${l}`)),
    [],
  );
});

test("every npm script that the README names exists", () => {
  const scripts = Object.keys(JSON.parse(readFileSync(`${root}package.json`, "utf8")).scripts);
  const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map((m) => m[1]!);
  const benches = [...readme.matchAll(/`(bench:[a-z]+)`/g)].map((m) => m[1]!);
  assert.equal(
    [...named, ...benches].filter((n) => !scripts.includes(n)),
    [],
  );
});

test.run();
