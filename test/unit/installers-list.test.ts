/** hw/README.md promises a test or a reason for each line of the installers' list: the tests it names must be there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(root, "hw/README.md"), "utf8");
const rows = [...page.matchAll(/^\| (\d+) \| ([^|]+) \| ([^\n]+) \|$/gm)].map((m) => ({
  number: Number(m[1]),
  expectation: m[2]!,
  kept: m[3]!,
}));

test("the list has all thirty-four lines, each with a test or a reason", () => {
  assert.equal(
    rows.map((r) => r.number),
    Array.from({ length: 34 }, (_, i) => i + 1),
  );
  for (const { number, kept } of rows) {
    const reason = kept.replace(/`[^`]+` "[^"]+"/g, "").replace(/[;\s]/g, "");
    assert.ok(testsOf(kept).length > 0 || reason.length >= 12, `line ${number}: ${kept}`);
  }
});

test("every test that the list names is there, under that name", () => {
  let named = 0;
  for (const { number, kept } of rows) {
    for (const { file, words } of testsOf(kept)) {
      const place = [`test/unit/${file}.test.ts`, `test/${file}.test.ts`, `test/${file}.ts`].find((p) =>
        existsSync(join(root, p)),
      );
      assert.ok(place !== undefined, `line ${number}: there is no test file ${file}`);
      assert.ok(
        readFileSync(join(root, place!), "utf8").includes(words),
        `line ${number}: ${file} has no “${words}”`,
      );
      named++;
    }
  }
  assert.ok(named > 50);
});

function testsOf(kept: string): { file: string; words: string }[] {
  return [...kept.matchAll(/`([\w/-]+)` "([^"]+)"/g)].map((m) => ({ file: m[1]!, words: m[2]! }));
}

test.run();
