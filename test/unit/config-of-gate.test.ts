import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configOfGate, INSTALLED } from "../../src/commands/config-of-gate.js";
import { ConfigError } from "../../src/config.js";
import { temporaryFolder } from "../support/folder.js";

/** A machine on which Plategate is installed with this configuration; null: with none. */
function machine(yaml: string | null) {
  const root = temporaryFolder();
  const installed = {
    program: join(root, "opt"),
    config: join(root, "etc/plategate.yaml"),
    workingFolder: join(root, "lib"),
  };
  for (const folder of ["opt", "checkout", "etc"]) mkdirSync(join(root, folder));
  if (yaml !== null) writeFileSync(installed.config, yaml);
  const said: string[] = [];
  const err = (line: string) => void said.push(line);
  const from = (program: string, file?: string) => configOfGate(file, { installed, program, err });
  return { root, installed, said, from };
}

test("a command of the installed program is about the gate of this machine, and says so", () => {
  const { installed, said, from } = machine("site: harbour\n");
  assert.is(from(installed.program).site, "harbour");
  assert.equal(said, [`Configuration: ${installed.config}`]);
});

test("data that the service counts from its own folder is found from everywhere, also when its configuration is named", () => {
  const { root, installed, from } = machine("dataFolder: data\n");
  const expected = join(installed.workingFolder, "data");
  assert.is(from(installed.program).dataFolder, expected);
  assert.is(from(installed.program, installed.config).dataFolder, expected);
  symlinkSync(installed.config, join(root, "gate.yaml"));
  assert.is(from(installed.program, join(root, "gate.yaml")).dataFolder, expected);
  writeFileSync(join(root, "other.yaml"), "dataFolder: data\n");
  assert.is(from(installed.program, join(root, "other.yaml")).dataFolder, "data");
  writeFileSync(installed.config, "dataFolder: /srv/gate\n");
  assert.is(from(installed.program).dataFolder, "/srv/gate");
});

test("a file that is named is taken and nothing is said", () => {
  const { root, installed, said, from } = machine("site: harbour\n");
  writeFileSync(join(root, "other.yaml"), "site: other\n");
  assert.is(from(installed.program, join(root, "other.yaml")).site, "other");
  assert.throws(() => from(installed.program, join(root, "none.yaml")), /none\.yaml: cannot be read/);
  assert.equal(said, []);
});

test("a checkout keeps to its defaults, and beside an installed gate it says so", () => {
  const plain = machine(null);
  assert.is(plain.from(join(plain.root, "checkout")).site, "demo");
  assert.is(plain.from(plain.installed.program).site, "demo");
  assert.equal(plain.said, []);
  const beside = machine("site: harbour\n");
  assert.is(beside.from(join(beside.root, "checkout")).site, "demo");
  assert.is(beside.said.length, 1);
  assert.match(beside.said[0]!, `the gate on this machine has ${beside.installed.config}`);
});

test("the program is the installed one through links as well", () => {
  const { root, installed, from } = machine("site: harbour\n");
  symlinkSync(installed.program, join(root, "link"));
  assert.is(from(join(root, "link")).site, "harbour");
});

test("an installed configuration that is broken or leads nowhere is no reason to take the defaults", () => {
  const broken = machine("sight: harbour\nbarrier: { pulseMs: 9 }\n");
  assert.throws(
    () => broken.from(broken.installed.program),
    (error: Error) =>
      error instanceof ConfigError &&
      /has 2 problems/.test(error.message) &&
      /no other is named with --config/.test(error.message),
  );
  const nowhere = machine(null);
  symlinkSync(join(nowhere.root, "gone.yaml"), nowhere.installed.config);
  assert.throws(() => nowhere.from(nowhere.installed.program), /cannot be read \(ENOENT/);
});

test("an installed configuration that this user may not read is no reason to take the defaults", () => {
  const { root, installed, from } = machine("site: harbour\n");
  const isRoot = process.geteuid!() === 0;
  chmodSync(join(root, "etc"), 0o700);
  chmodSync(root, 0o755);
  if (isRoot) process.seteuid!(65534);
  else chmodSync(join(root, "etc"), 0);
  try {
    assert.throws(
      () => from(installed.program),
      (error: Error) =>
        error instanceof ConfigError && /cannot be read \(EACCES.*\n.*root \(sudo\)/.test(error.message),
    );
  } finally {
    if (isRoot) process.seteuid!(0);
    chmodSync(join(root, "etc"), 0o700);
  }
});

test("the installed program, configuration and folder are those of the unit", () => {
  const unit = readFileSync(
    fileURLToPath(new URL("../../../systemd/plategate.service", import.meta.url)),
    "utf8",
  );
  assert.match(unit, ` ${INSTALLED.program}/dist/src/cli.js run --config ${INSTALLED.config}\n`);
  assert.match(unit, `\nWorkingDirectory=${INSTALLED.workingFolder}\n`);
});

test.run();
