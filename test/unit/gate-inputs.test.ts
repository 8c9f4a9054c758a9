import { test } from "uvu";
import * as assert from "uvu/assert";
import type { InputName } from "../../src/core/barrier-types.js";
import { watchInput } from "../../src/gate/inputs.js";
import type { InputLine } from "../../src/gate/lines.js";
import { fakeClock } from "../support/fake-clock.js";

/** One input line in our hands. */
function cable(name: InputName, active = false) {
  const clock = fakeClock();
  let level = active;
  let broken = false;
  let listener: (active: boolean) => void = () => {};
  const line: InputLine = {
    name,
    isActive() {
      if (broken) throw new Error("EIO");
      return level;
    },
    onEdge: (l) => {
      listener = l;
    },
    close: () => {},
  };
  const told: string[] = [];
  const problems: string[] = [];
  const input = watchInput(
    name,
    line,
    clock,
    (now) => void told.push(`${now ? "on" : "off"}@${clock.monotonicMs() - 1000}`),
    (sentence) => void problems.push(sentence),
  );
  return {
    clock,
    input,
    told,
    problems,
    set(to: boolean, edge = true) {
      level = to;
      if (edge) listener(to);
    },
    spike() {
      listener(level);
    },
    breakIt(how: boolean) {
      broken = how;
    },
  };
}

test("what guards people counts at its first edge", () => {
  for (const name of ["loop", "beam", "stop"] as const) {
    const { set, told } = cable(name);
    set(true);
    assert.equal(told, ["on@0"], name);
  }
});

test("a pulse of a safety input that was over before anybody could look counts as well", () => {
  const { spike, told, clock } = cable("beam");
  spike();
  assert.equal(told, ["on@0"]);
  clock.advance(100);
  spike();
  clock.advance(100);
  assert.equal(told, ["on@0"]);
  const calm = cable("beam");
  calm.spike();
  calm.clock.advance(100);
  calm.input.poll();
  calm.clock.advance(200);
  assert.equal(calm.told, ["on@0", "off@200"]);
});

test("a safety input is believed to be clear only when it stays so", () => {
  const { set, told, clock } = cable("beam", true);
  set(false);
  clock.advance(150);
  set(true);
  set(false);
  clock.advance(199);
  assert.equal(told, []);
  clock.advance(1);
  assert.equal(told, ["off@350"]);
});

test("a spike on the cable of the exit button opens nothing", () => {
  const { set, told, clock } = cable("exit");
  set(true);
  clock.advance(29);
  set(false);
  clock.advance(1000);
  assert.equal(told, []);
  set(true);
  clock.advance(30);
  assert.equal(told, ["on@1059"]);
});

test("a bouncing contact counts once, when it has come to rest", () => {
  const { set, told, clock } = cable("exit");
  for (let i = 0; i < 9; i++) {
    set(i % 2 === 0);
    clock.advance(5);
  }
  clock.advance(100);
  assert.equal(told, ["on@70"]);
});

test("an edge that was lost is found by looking", () => {
  const { set, told, clock, input } = cable("beam");
  set(true, false);
  assert.equal(told, []);
  input.poll();
  assert.equal(told, ["on@0"]);
  set(false, false);
  input.poll();
  clock.advance(200);
  assert.equal(told, ["on@0", "off@200"]);
});

test("a safety input that cannot be read any more is taken for active, others stay as they were", () => {
  for (const [name, result] of [
    ["beam", ["on@0"]],
    ["stop", ["on@0"]],
    ["fire", []],
    ["exit", []],
  ] as const) {
    const { breakIt, input, told, problems, clock } = cable(name);
    breakIt(true);
    input.poll();
    clock.advance(1000);
    input.poll();
    assert.equal(told, result, name);
    assert.equal(problems, ["EIO"], name);
  }
});

test("a closed input says nothing any more", () => {
  const { set, told, input, clock } = cable("exit");
  set(true);
  input.close();
  clock.advance(100);
  set(false);
  assert.equal(told, []);
});

test.run();
