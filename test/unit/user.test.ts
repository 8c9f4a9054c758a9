import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { skipLoudly } from "../support/skip.js";

const module = fileURLToPath(new URL("../../src/system/user.js", import.meta.url));
/** The user changes after the import: another one may not be able to read this folder. */
const script = (before = "") =>
  `import(${JSON.stringify(module)}).then((m) => { ${before}; console.log(m.userName()); })`;

test("who has a name is called by it", () => {
  const { stdout } = spawnSync(process.execPath, ["-e", script()], { encoding: "utf8" });
  assert.is(stdout.trim(), spawnSync("id", ["-un"], { encoding: "utf8" }).stdout.trim());
});

test("a user without an entry in the machine's list is called by the number", () => {
  if (process.getuid?.() !== 0) {
    skipLoudly("a user without a name", "only root can run a process as a user that does not exist");
    return;
  }
  const { stdout } = spawnSync(process.execPath, ["-e", script("process.setuid(61234)")], {
    encoding: "utf8",
  });
  assert.is(stdout.trim(), "uid 61234");
});

test.run();
