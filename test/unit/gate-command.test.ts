import { test } from "uvu";
import * as assert from "uvu/assert";
import { type GateCommandDeps, gateCommand } from "../../src/commands/gate.js";
import type { PassRecord } from "../../src/core/records.js";
import type { Wish } from "../../src/report/send-command.js";
import { passRecord } from "../support/records.js";

const NOW = 1_800_000_000_000;

function desk(passes: readonly PassRecord[] = [], accepted = true, typed = "CLEAR") {
  const cleared: boolean[] = [];
  const sent: Wish[] = [];
  const out: string[] = [];
  const err: string[] = [];
  const deps: GateCommandDeps = {
    send: async (wish) => {
      sent.push(wish);
      return { accepted, sentence: accepted ? "The barrier opens." : "The barrier is stopped." };
    },
    asked: async () => passes,
    wallMs: () => NOW,
    user: () => "ann",
    ask: async () => typed,
    confirmAreaClear: async () => void cleared.push(true),
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
  };
  return { run: (...args: string[]) => gateCommand(args, deps), sent, out, err, cleared };
}

const waits = (id: string, more: Partial<PassRecord> = {}): PassRecord => ({
  ...passRecord({ id }),
  verdict: "ask",
  startedAt: NOW - 20_000,
  endedAt: null,
  ...more,
});

test("each word becomes one command, in the name of whoever gives it", async () => {
  const { run, sent, out } = desk();
  assert.is(await run("open"), 0);
  assert.is(await run("hold", "--minutes", "30", "--by", "bob"), 0);
  assert.is(await run("lock"), 0);
  assert.is(await run("unlock"), 0);
  assert.is(await run("approve", "p-1", "--why", "mail van"), 0);
  assert.is(await run("reset-passback", "AB 12"), 0);
  assert.equal(sent, [
    { command: "open", by: "ann" },
    { command: "hold", holdMs: 1_800_000, by: "bob" },
    { command: "mode", mode: "locked", by: "ann" },
    { command: "mode", mode: "normal", by: "ann" },
    { command: "approve", pass: "p-1", by: "ann", why: "mail van" },
    { command: "reset-passback", plate: "AB 12", by: "ann" },
  ]);
  assert.is(out[0], "The barrier opens.");
});

test("what the gate refuses is told as an error", async () => {
  const { run, err, out } = desk([], false);
  assert.is(await run("open"), 1);
  assert.equal([err, out], [["The barrier is stopped."], []]);
});

test("the only vehicle that waits needs no name; of two one must be named, and of none there is nothing to say", async () => {
  const one = desk([
    waits("p-1"),
    waits("p-0", { endedAt: NOW - 1000 }),
    waits("p-2", { startedAt: NOW - 700_000 }),
  ]);
  assert.is(await one.run("refuse"), 0);
  assert.equal(one.sent, [{ command: "refuse", pass: "p-1", by: "ann" }]);
  const two = desk([waits("p-1"), waits("p-2")]);
  assert.is(await two.run("approve"), 1);
  assert.match(two.err[0]!, "2 vehicles wait; name one");
  const none = desk();
  assert.is(await none.run("approve"), 1);
  assert.equal([none.err, none.sent, two.sent], [["Nobody waits."], [], []]);
});

test("waiting tells id, plate, camera and since when", async () => {
  const { run, out } = desk([
    waits("p-1", { plate: "BBB1", camera: "front", sentence: "BBB1 is on no list." }),
  ]);
  assert.is(await run("waiting"), 0);
  assert.match(out[0]!, /^p-1 {2}BBB1 +front, for 20 s {2}BBB1 is on no list\.$/);
});

test("a test pulse is commanded only after somebody has typed CLEAR, and the gate was told so", async () => {
  const yes = desk();
  assert.is(await yes.run("test-pulse"), 0);
  assert.equal([yes.cleared, yes.sent], [[true], [{ command: "test-pulse", by: "ann" }]]);
  for (const typed of ["", "clear", "y"]) {
    const no = desk([], true, typed);
    assert.is(await no.run("test-pulse"), 1);
    assert.equal([no.cleared, no.sent], [[], []]);
  }
});

test("what is no command is answered with how it is meant, and sends nothing", async () => {
  for (const args of [
    [],
    ["explode"],
    ["open", "p-1"],
    ["hold", "--minutes", "0"],
    ["open", "--minutes", "3"],
    ["approve", "a", "b"],
  ]) {
    const { run, err, sent } = desk();
    assert.is(await run(...args), 2, args.join(" "));
    assert.match(err[0]!, "plategate gate open");
    assert.equal(sent, []);
  }
});

test.run();
