import { test } from "uvu";
import * as assert from "uvu/assert";
import { createLog } from "../../src/system/log.js";

test("a line of the log names its part once, also where a part is inside another", () => {
  const lines: string[] = [];
  const log = createLog("info", "main", { write: (line) => void lines.push(line) });
  log.info({}, "one");
  log.child({ part: "eye" }).child({ camera: "front" }).warn({ tries: 2 }, "two");
  log.debug({}, "not said at this level");
  const keys = lines.map((line) => [...line.matchAll(/"(\w+)":/g)].map((m) => m[1]));
  assert.equal(
    keys.map((names) => names.length - new Set(names).size),
    [0, 0],
  );
  const [one, two] = lines.map((line) => JSON.parse(line));
  assert.equal([one.part, one.msg], ["main", "one"]);
  assert.equal([two.part, two.camera, two.tries, two.msg, two.level], ["eye", "front", 2, "two", 40]);
});

test.run();
