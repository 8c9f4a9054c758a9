/** The models run without telling anybody: the runtime below them would report to its maker by default. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { temporaryFolder } from "../support/folder.js";

const session = new URL("../../src/vision/session.js", import.meta.url).href;
const binaries = new URL("../../../node_modules/onnxruntime-node/bin/napi-v6/", import.meta.url);

/** Runs a program in an empty home, as on a new appliance; what it leaves there. */
function leftBehind(program: string): string[] {
  const home = temporaryFolder();
  const { CI: _ci, ORT_DISABLE_TELEMETRY: _off, ORT_RUNNING_UNIT_TESTS: _tests, ...env } = process.env;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...env, HOME: home, XDG_CACHE_HOME: `${home}/.cache`, HTTPS_PROXY: "http://127.0.0.1:9" },
    encoding: "utf8",
  });
  assert.is(run.status, 0, run.stderr);
  return existsSync(`${home}/.cache`) ? (readdirSync(`${home}/.cache`, { recursive: true }) as string[]) : [];
}

test("opening a model leaves no device id and no cache of reports behind", () => {
  const opened = `import { openModel } from ${JSON.stringify(session)};
    const model = await openModel(${JSON.stringify(modelsFolder())}, "detector", 1);
    await model.close();`;
  assert.equal(leftBehind(opened), []);
});

test("the switch is still called so in the runtime that is installed", () => {
  const library = new URL(`${process.platform}/${process.arch}/`, binaries);
  const file = readdirSync(library).find((name) => name.startsWith("libonnxruntime."));
  assert.ok(file !== undefined && readFileSync(new URL(file, library)).includes("ORT_DISABLE_TELEMETRY"));
});

test.run();
