/** The exit contact, a button or a loop: whoever waits on it is let out, and nothing that is stronger is overridden. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BarrierConfig } from "../../src/gate/settings.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { gateKit } from "../support/gate-kit.js";

const outputs = ["lift", "close", "green", "red"];

/** One vehicle has left; the next one stands on the exit loop while the arm is still up. */
async function waiting(
  inputs: readonly string[],
  barrier: Partial<BarrierConfig> = {},
  closeAfterMs: number | null = 15_000,
) {
  const kit = gateKit({ inputs, outputs }, barrier);
  const arm = simulateArm(kit.lines, kit.clock, { travelMs: 1500, closeAfterMs });
  await kit.gate.start();
  kit.clock.advance(100);
  kit.lines.drive("exit", true);
  kit.clock.advance(1000);
  kit.lines.drive("exit", false);
  kit.clock.advance(9000);
  kit.lines.drive("exit", true);
  kit.clock.advance(100);
  const operator = (command: "close" | "stop" | "release") => kit.gate.event({ type: "operator", command });
  /** Longest time, in s, in which the arm was down. */
  const longestDown = (seconds: number) => {
    let longest = 0;
    for (let i = 0, down = 0; i < seconds; i++) {
      kit.clock.advance(1000);
      down = arm.position() === 0 ? down + 1 : 0;
      longest = Math.max(longest, down);
    }
    return longest;
  };
  return { ...kit, arm, operator, longestDown };
}

test("14: an arm that leaves its open contact comes up again at once for whoever stands on the exit loop", async () => {
  const { longestDown } = await waiting(["exit", "closed", "open"]);
  assert.is(longestDown(300), 0);
});

test("14: without contacts the arm is lifted again when it must be down, and not while it may be open", async () => {
  const { longestDown, gate, clock, edges } = await waiting(["exit"]);
  const before = edges("lift").length;
  clock.advance(10_000);
  assert.is(gate.state().place, "closing");
  assert.is(edges("lift").length, before);
  assert.ok(longestDown(300) <= 12);
});

test("14: with the closed contact alone the arm is lifted again when it is down", async () => {
  const { longestDown } = await waiting(["exit", "closed"]);
  assert.ok(longestDown(300) <= 2);
});

test("14: our own closing waits for whoever stands on the exit loop, and follows when he has gone", async () => {
  const { longestDown, arm, edges, lines, clock } = await waiting(
    ["exit", "closed", "open"],
    { autoClose: true },
    null,
  );
  assert.is(longestDown(300), 0);
  assert.equal([edges("close"), lines.levels().green], ["", true]);
  lines.drive("exit", false);
  clock.advance(30_000);
  assert.is(arm.position(), 0);
});

test("12: an exit contact that stays active lifts the arm only until it counts as stuck", async () => {
  const { clock, edges, gate } = await waiting(["exit", "closed", "open"], { stuckInputMs: 60_000 });
  clock.advance(60_000);
  assert.is(gate.view().alarms[0]!.input, "exit");
  const before = edges("lift").length;
  assert.ok(before <= 14, `${before / 2} pulses`);
  clock.advance(600_000);
  assert.equal([edges("lift").length, gate.state().place], [before, "closed"]);
});

test("14: what an operator closes stays closed for an exit contact that was active before, and opens for a new one", async () => {
  for (const inputs of [["exit"], ["exit", "closed", "open"]]) {
    const { operator, clock, edges, lines, arm } = await waiting(inputs, { autoClose: true }, null);
    const before = edges("lift").length;
    assert.is(operator("close").reason, "closing");
    clock.advance(120_000);
    assert.equal([edges("lift").length, edges("close"), arm.position()], [before, "10", 0]);
    lines.drive("exit", false);
    clock.advance(1000);
    lines.drive("exit", true);
    clock.advance(1000);
    assert.is(edges("lift").length, before + 2);
  }
});

test("16: after a stop nothing moves for an exit contact that was active before or during it", async () => {
  for (const pressed of ["before", "during"]) {
    const { operator, clock, edges, lines, gate } = await waiting(["exit", "closed", "open"]);
    if (pressed === "during") lines.drive("exit", false);
    clock.advance(3000);
    operator("stop");
    lines.drive("exit", true);
    lines.drive("open", false);
    clock.advance(1000);
    const before = edges("lift").length;
    operator("release");
    lines.drive("closed", true);
    clock.advance(60_000);
    assert.equal([edges("lift").length, gate.state().place], [before, "closed"], pressed);
  }
});

test("18: a barrier that does not move gets one pulse, however long somebody stands on the exit loop", async () => {
  const { gate, clock, lines, edges } = gateKit({ inputs: ["exit", "closed", "open"], outputs });
  lines.drive("closed", true);
  await gate.start();
  lines.drive("exit", true);
  clock.advance(500_000);
  assert.equal([gate.state().cause, edges("lift")], ["stuck", "10"]);
});

test.run();
