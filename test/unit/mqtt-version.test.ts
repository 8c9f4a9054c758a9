import { test } from "uvu";
import * as assert from "uvu/assert";
import { createVersionChoice } from "../../src/report/mqtt-version.js";

const says = { refused: true, wrongVersion: true, sentence: "" };
const hangsUp = { refused: false, hungUp: true, sentence: "" };
const isAway = { refused: false, sentence: "" };

for (const [name, wanted, problems, tried] of [
  ["5 comes first, the other one when the broker says no", "auto", [says, says], "5 3.1.1 5"],
  ["a broker that is away is asked for 5 again", "auto", [isAway, isAway, isAway, isAway], "5 5 5 5 5"],
  [
    "every fourth try at a broker that only hangs up is with 3.1.1",
    "auto",
    [hangsUp, hangsUp, hangsUp, hangsUp, hangsUp, hangsUp, hangsUp],
    "5 5 5 3.1.1 5 5 5 3.1.1",
  ],
  ["hang-ups count in a row only", "auto", [hangsUp, hangsUp, isAway, hangsUp], "5 5 5 5 5"],
  [
    "what the broker said stands when it hangs up",
    "auto",
    [says, hangsUp, hangsUp, hangsUp],
    "5 3.1.1 3.1.1 3.1.1 3.1.1",
  ],
  ["a version that is set stays", "5", [says, hangsUp, hangsUp, hangsUp], "5 5 5 5 5"],
  ["a loss leaves what the broker said", "auto", [says, "lost"], "5 3.1.1 3.1.1"],
  [
    "a loss begins anew where 3.1.1 was a guess",
    "auto",
    [hangsUp, hangsUp, hangsUp, "lost"],
    "5 5 5 3.1.1 5",
  ],
] as const)
  test(`MQTT version: ${name}`, () => {
    const version = createVersionChoice(wanted);
    const all: string[] = [version.now()];
    for (const problem of problems) {
      if (problem === "lost") version.lost();
      else version.failed(problem);
      all.push(version.now());
    }
    assert.is(all.join(" "), tried);
  });

test.run();
