import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../../src/config.js";

const cases: [yaml: string, line: number, sentence: string][] = [
  ["report:\n  commands: signed\n", 2, "report.commands: signed needs report.commandKeyFile"],
  [
    "report:\n  url: mqtts://a:1\n  certFile: x\n",
    3,
    "report.certFile: certFile and keyFile belong together",
  ],
  [
    "report:\n  url: mqtt://a:1\n  passwordFile: x\n",
    3,
    "report.passwordFile: needs report.username as well",
  ],
  [
    "report:\n  sparkplug:\n    plates: hashed\n",
    3,
    "report.sparkplug.plates: hashed needs report.plateKeyFile",
  ],
  ["report:\n  url: mqtt://user:secret@a:1\n", 2, "report.url: use mqtt://host:port"],
  ["report:\n  topic: a/#\n", 2, "report.topic: no # or + or blank here"],
  ["report:\n  topic: $SYS\n", 2, "report.topic: no # or + or blank here, and no / or $ in front"],
  ["report:\n  sparkplug: { group: a/b }\n", 2, "report.sparkplug.group: no /, + or # here"],
  ["report:\n  maxQueued: 10\n", 2, "report.maxQueued: "],
  ["report:\n  username: gate\n", 2, "report.username: the broker inside has its own, broker.username"],
  [
    "report:\n  webhooks:\n    - { name: a, url: http://a/ }\n    - { name: a, url: http://b/ }\n",
    4,
    "there are two webhooks named a",
  ],
  ["report:\n  webhooks:\n    - { name: a, url: ftp://a/ }\n", 3, "report.webhooks.0.url: "],
];
for (const [yaml, line, sentence] of cases)
  test(`refused with its line: ${sentence}`, () => {
    try {
      parseConfig(yaml, "gate.yaml");
      assert.unreachable("it must be refused");
    } catch (error) {
      assert.match((error as Error).message, `line ${line}: `);
      assert.match((error as Error).message, sentence);
      assert.not.match((error as Error).message, "secret");
    }
  });

test("commands from outside are off by default, in every protocol", () => {
  const { report } = parseConfig("");
  assert.is(report.commands, "off");
  assert.is(report.homeAssistant.commands, false);
  assert.is(report.sparkplug.commands, false);
});

test.run();
