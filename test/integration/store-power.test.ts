import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const torture = fileURLToPath(new URL("../torture/power.js", import.meta.url));

test("after a few power cuts everything that was promised is there (hundreds: npm run torture:power)", () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [torture, "--cuts", "6", "--seed", "5"], {
    encoding: "utf8",
  });
  for (const line of stdout.split("\n")) if (line.startsWith("SKIPPED")) console.log(line);
  assert.is(status, 0, stdout + stderr);
  assert.match(stdout, /6 passed, 0 failed/);
});

test.run();
