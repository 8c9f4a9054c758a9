import { test } from "uvu";
import * as assert from "uvu/assert";
import { ConfigError, defaultConfig, parseConfig } from "../../src/config.js";

test("an empty file gives the embedded defaults", () => {
  assert.equal(parseConfig(""), defaultConfig());
});

test("three mistakes are named in one error, each with its line", () => {
  const text = "site: Bad Name\nweb:\n  port: 99999\nbarrier:\n  pulsMs: 500\n";
  try {
    parseConfig(text, "gate.yaml");
    assert.unreachable("it must be refused");
  } catch (error) {
    assert.instance(error, ConfigError);
    const message = (error as Error).message;
    assert.match(message, "gate.yaml has 3 problems");
    assert.match(message, /line 1: site/);
    assert.match(message, /line 3: web\.port/);
    assert.match(message, /line 5: barrier\.pulsMs: there is no such setting/);
  }
});

test("broken YAML is refused with its line", () => {
  assert.throws(
    () => parseConfig("site: a\n  gate: [\n", "x.yaml"),
    /x\.yaml has 3 problems:\n {2}line 1: Nested mappings are not allowed/,
  );
});

test("a camera address in the wrong place is named without its password", () => {
  assert.throws(
    () => parseConfig("cameras:\n  - rtsp://admin:secret@cam/1: {}\n"),
    (error: Error) => /there is no such setting/.test(error.message) && !/secret/.test(error.message),
  );
});

test.run();
