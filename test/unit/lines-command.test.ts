import { test } from "uvu";
import * as assert from "uvu/assert";
import { type LinesDeps, linesCommand } from "../../src/commands/lines.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import { systemClock } from "../../src/system/clock.js";

function bench(more: Partial<LinesDeps> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const lines = createSimulatedLines(systemClock);
  const edges: string[] = [];
  lines.onOutput((e) => void edges.push(`${e.name} ${e.energised}`));
  const run = (...args: string[]) =>
    linesCommand(args, {
      clock: systemClock,
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      ask: async () => "CLEAR",
      openDriver: async () => lines,
      untilStopped: async () => {},
      isRunning: () => false,
      ...more,
    });
  return { run, out, err, lines, edges };
}

test("list names every wired line and touches none", async () => {
  const { run, out, edges } = bench({ openDriver: () => Promise.reject(new Error("must not be opened")) });
  assert.is(await run("list"), 0);
  assert.match(out.join("\n"), /output {2}lift +simulated line 0, active high/);
  assert.equal(edges, []);
});

test("a test pulse is given only to somebody who types CLEAR", async () => {
  const no = bench({ ask: async () => "yes" });
  assert.is(await no.run("test", "lift"), 1);
  assert.equal(no.edges, []);
  const yes = bench();
  assert.is(await yes.run("test", "lift", "--ms", "100"), 0);
  assert.equal(yes.edges, ["lift true", "lift false"]);
});

test("a relay that does not answer is told", async () => {
  const { run, lines, out } = bench();
  lines.breakLine("lift", "dead");
  assert.is(await run("test", "lift", "--ms", "100"), 1);
  assert.match(out.join(), "no-relay");
});

test("nothing is touched while the gate runs, for a line that is not there, or a pulse out of range", async () => {
  const running = bench({ isRunning: () => true });
  assert.is(await running.run("test", "lift"), 1);
  assert.is(await bench().run("test", "roof"), 1);
  assert.is(await bench().run("test", "lift", "--ms", "60000"), 2);
  assert.is(await bench().run("test"), 2);
  assert.is(await bench().run(), 2);
  assert.equal(running.edges, []);
});

test("watch tells the inputs as they are and as they change", async () => {
  const { run, out, lines } = bench({
    untilStopped: async () => lines.drive("beam", true),
  });
  assert.is(await run("watch"), 0);
  assert.ok(out.includes("beam inactive") && out.includes("beam active"), out.join());
});

test.run();
