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

test("where YAML reads something else than was meant, it is said what to write", () => {
  for (const [text, told] of [
    ["report:\n  protocol: 5\n", /line 2: report\.protocol: put it in quotes: "5"/],
    ["gate: 08\n", /line 1: gate: put it in quotes/],
    ["site: true\n", /line 1: site: put it in quotes/],
    ["web:\n  port:\n", /line 2: web\.port: is empty; write a value, or take it out/],
    ["report:\n  # url: mqtt://broker\nsite: a\n", /line 1: report: the section is empty/],
    ["report:\n  homeAssistant: yes\n", /report\.homeAssistant: write its settings below it/],
    ["report: { homeAssistant: { enabled: yes } }\n", /enabled: write true or false, without quotes/],
    ["recording:\n  maxBytes: 4 GB\n", /line 2: recording\.maxBytes: write a plain number, without unit/],
    ['web: { port: "8080" }\n', /web\.port: write a plain number, without unit and quotes/],
    ["cameras:\n  source: rtsp://a/1\n", /cameras: write a list, each item with a dash in front/],
    ["report: { webhooks: [{ name: a }] }\n", /report\.webhooks\.0\.url: is missing/],
  ] as const)
    assert.throws(() => parseConfig(text), told, text);
});

test("a tag that nobody knows is refused: dropped without a word, the name of a secret would pass for the secret", () => {
  assert.throws(
    () => parseConfig("report:\n  username: a\n  passwordFile: !secret mqtt\n"),
    /line 3: Unresolved tag: !secret/,
  );
});

test("a camera address in the wrong place is named without its password", () => {
  assert.throws(
    () => parseConfig("cameras:\n  - rtsp://admin:secret@cam/1: {}\n"),
    (error: Error) => /there is no such setting/.test(error.message) && !/secret/.test(error.message),
  );
});

test("a time zone that does not exist is refused, for no rule could be asked about the hour", () => {
  assert.throws(
    () => parseConfig("site: a\ntimeZone: Europe/Berln\n"),
    /line 2: timeZone: there is no such time zone/,
  );
  assert.throws(() => parseConfig('timeZone: ""\n'), /timeZone: there is no such time zone/);
  assert.is(parseConfig("timeZone: Europe/Berlin\n").timeZone, "Europe/Berlin");
});

test("two cameras of one name are refused, also where the name is the default: one of them would never be looked through", () => {
  assert.throws(
    () => parseConfig("cameras:\n  - source: rtsp://a/1\n  - source: rtsp://b/1\n"),
    /line 3: cameras\.1\.name: there are two cameras named front/,
  );
  assert.is(parseConfig("cameras:\n  - name: a\n  - name: b\n").cameras.length, 2);
});

test("a zone in pixels, in percent or the wrong way round is refused", () => {
  for (const zone of ["0, 0, 1920, 1080", "0, 50, 100, 100", "0.8, 0.8, 0.2, 0.2", "-0.1, 0, 1, 1"])
    assert.throws(
      () => parseConfig(`cameras:\n  - name: a\n    zone: [${zone}]\n`),
      /line 3: cameras\.0\.zone: write left, top, right and bottom as shares/,
      zone,
    );
  assert.equal(parseConfig("cameras: [{ zone: [0, 0.4, 1, 1] }]").cameras[0]!.zone, [0, 0.4, 1, 1]);
});

test("an empty data folder is refused: it would be whatever folder the program was started in", () => {
  assert.throws(() => parseConfig('dataFolder: ""\n'), /line 1: dataFolder: name a folder/);
});

test("an alias that leads nowhere, and a file that multiplies itself, are told with file and line", () => {
  assert.throws(
    () => parseConfig("site: a\ngate: *north\n", "gate.yaml"),
    /gate\.yaml has 1 problem:\n {2}line 2: .*north/,
  );
  const rows = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (const [from, to] of ["ab", "bc", "cd", "de"])
    rows.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join()}]`);
  assert.throws(
    () => parseConfig(rows.join("\n")),
    (error: Error) => error instanceof ConfigError,
  );
});

test.run();
