import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const src = fileURLToPath(new URL("../../../src/", import.meta.url));
/** Parts that know `core` and `system`, and never each other. */
const parts = ["camera", "vision", "gate", "recording", "store", "report", "web"];

test("core and system know nothing of the other parts, and the parts do not know each other", () => {
  const wrong: string[] = [];
  for (const { file, target } of imports()) {
    const from = file.split("/")[0]!;
    const to = target.split("/")[0]!;
    const allowed =
      from === to ||
      !(from === "core" || from === "system" || parts.includes(from)) ||
      (parts.includes(from) && (to === "core" || to === "system" || target === "config.ts"));
    if (!allowed) wrong.push(`${file} imports ${target}`);
  }
  assert.equal(wrong, []);
});

test("only cli.ts imports main.ts", () => {
  const users = imports().filter((i) => i.target === "main.ts" && i.file !== "cli.ts");
  assert.equal(users, []);
});

test("core imports no package and no Node module", () => {
  const wrong = files()
    .filter((f) => f.startsWith("core/"))
    .filter((f) => specifiers(f).some((s) => !s.startsWith(".")));
  assert.equal(wrong, []);
});

test("a third-party package is named in one file, its adapter", () => {
  const users = new Map<string, Set<string>>();
  for (const file of files()) {
    for (const specifier of specifiers(file)) {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
      const name = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      users.set(name, (users.get(name) ?? new Set()).add(file));
    }
  }
  users.delete("zod"); // shapes of configuration and messages stand where they are used
  users.delete("fastify"); // routes name its types
  const shared = [...users]
    .filter(([, by]) => by.size > 1)
    .map(([name, by]) => `${name}: ${[...by].join(", ")}`);
  assert.equal(shared, []);
});

test("no source file is longer than 300 lines", () => {
  const long = files().filter((f) => readFileSync(join(src, f), "utf8").split("\n").length > 301);
  assert.equal(long, []);
});

test.run();

function files(): string[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".ts"))
    .map((f) => f.replaceAll("\\", "/"));
}

function specifiers(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)[^"'`;]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|(?:^|\n)import\s+"([^"]+)"/g,
    ),
  ].map((m) => (m[1] ?? m[2] ?? m[3])!);
}

function imports(): { file: string; target: string }[] {
  return files().flatMap((file) =>
    specifiers(file)
      .filter((s) => s.startsWith("."))
      .map((s) => ({
        file,
        target: relative(src, join(src, dirname(file), s)).replace(/\.js$/, ".ts"),
      })),
  );
}
