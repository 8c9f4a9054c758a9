/** The behaviour that installers of barriers ask for, line by line; hw/README.md has the whole list and the lines that no test can hold. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type GateKit, gateKit } from "../support/gate-kit.js";

const closing = { inputs: ["loop", "beam"], outputs: ["lift", "close", "hold", "red", "green", "warn"] };
const own = { autoClose: true, assumeOpenMs: 1000, openMs: 5000, warnMs: 2000 };

async function opened(kit: GateKit): Promise<GateKit> {
  await kit.gate.start();
  kit.gate.event({ type: "granted" });
  kit.clock.advance(1000);
  assert.is(kit.gate.state().place, "open");
  return kit;
}

test("2 and 9: a pulse has its length, and the hold-off begins only when it was good", async () => {
  const { gate, clock, lines } = gateKit({}, { pulseMs: 700 });
  await gate.start();
  lines.breakLine("lift", "dead");
  gate.event({ type: "granted" });
  clock.advance(760);
  assert.is(gate.state().holdOff, false);
  lines.breakLine("lift", null);
  gate.event({ type: "granted" });
  clock.advance(700);
  assert.is(lines.levels().lift, false);
  clock.advance(60);
  assert.is(gate.state().holdOff, true);
});

test("8 and 11: the close relay never pulls while the lift relay does, and lets go at once when somebody is under the arm", async () => {
  const { gate, clock, lines } = await opened(
    gateKit(closing, { ...own, pulseMs: 5000, warnMs: 0, openMs: 1000 }),
  );
  let together = 0;
  lines.onOutput(() => {
    if (lines.levels().lift && lines.levels().close) together++;
  });
  clock.advance(1100);
  assert.is(gate.state().place, "closing");
  assert.is(lines.levels().close, true);
  lines.drive("beam", true);
  assert.equal([lines.levels().close, lines.levels().lift], [false, true]);
  assert.is(together, 0);
});

test("8: a lift relay that does not let go is not joined by the close relay", async () => {
  const { gate, clock, lines, edges } = await opened(gateKit(closing, { ...own, holdOffMs: 0 }));
  gate.event({ type: "operator", command: "stop" });
  gate.event({ type: "operator", command: "release" });
  gate.event({ type: "granted" });
  lines.breakLine("lift", "welded");
  gate.event({ type: "operator", command: "close" });
  clock.advance(2000);
  assert.equal([lines.levels().lift, lines.levels().close, edges("close")], [true, false, ""]);
  assert.is(gate.state().cause, "relay-on");
});

test("11 and 24: nothing closes while a long vehicle stands under the arm, and then red comes first", async () => {
  const { gate, clock, lines, edges } = await opened(gateKit(closing, own));
  lines.drive("loop", true);
  clock.advance(60_000);
  assert.is(edges("close"), "");
  assert.is(gate.view().sentence, "Open: it waits until nobody is under the arm.");
  lines.drive("loop", false);
  clock.advance(200);
  assert.equal([lines.levels().red, lines.levels().warn], [true, true]);
  clock.advance(1999);
  assert.is(edges("close"), "");
  clock.advance(1);
  assert.is(edges("close"), "1");
});

for (const [what, wired, close] of [
  ["the board's closing is due", { inputs: ["loop"], outputs: ["lift", "green"] }, false],
  ["an operator closes", { inputs: ["beam"], outputs: ["lift", "close", "green", "red"] }, true],
] as const)
  test(`10: a vehicle that drives through while ${what} does not leave the gate thinking that it is open`, async () => {
    const { gate, clock, lines, edges } = gateKit(wired, { assumeOpenMs: 1000, openMs: 5000 });
    await gate.start();
    gate.event({ type: "granted" });
    clock.advance(close ? 4000 : 6500);
    if (close) gate.event({ type: "operator", command: "close" });
    assert.is(gate.view().sentence, "Open, closing soon.");
    lines.drive(wired.inputs[0], true);
    clock.advance(1000);
    assert.is(gate.view().sentence, "Open.");
    lines.drive(wired.inputs[0], false);
    clock.advance(60_000);
    assert.is(gate.event({ type: "granted" }).reason, "pulsed");
    assert.is(edges("lift"), "101");
  });

test("10 and 24: a vehicle that follows keeps the barrier open, without a second pulse", async () => {
  const { gate, clock, edges } = await opened(gateKit(closing, own));
  for (let i = 0; i < 5; i++) {
    clock.advance(4000);
    assert.is(gate.event({ type: "granted" }).reason, "extended");
  }
  assert.is(edges("lift"), "10");
  assert.is(edges("close"), "");
});

test("12: an exit button that is stuck raises an alarm and opens nothing more until it was let go", async () => {
  const { gate, clock, lines, edges } = gateKit({ inputs: ["exit"] }, { stuckInputMs: 10_000, openMs: 1000 });
  await gate.start();
  lines.drive("exit", true);
  clock.advance(120_000);
  assert.equal(
    gate.view().alarms.map((a) => `${a.code} ${a.input}`),
    ["stuck-input exit"],
  );
  const before = edges("lift").length;
  clock.advance(120_000);
  assert.is(edges("lift").length, before);
  lines.drive("exit", false);
  clock.advance(100);
  assert.equal(gate.view().alarms, []);
  lines.drive("exit", true);
  clock.advance(100);
  assert.is(edges("lift").length, before + 1);
});

test("12: a beam that stays broken raises an alarm", async () => {
  const { gate, clock, lines } = gateKit({ inputs: ["beam"] }, { stuckInputMs: 10_000 });
  await gate.start();
  lines.drive("beam", true);
  clock.advance(10_000);
  assert.is(gate.view().alarms[0]!.input, "beam");
});

test("13: with a presence loop asked for, a grant waits for the vehicle, but not for ever", async () => {
  const kit = () => gateKit({ inputs: ["presence"] }, { presenceWaitMs: 3000 });
  const late = kit();
  await late.gate.start();
  assert.is(late.gate.event({ type: "granted" }).reason, "waiting-for-presence");
  assert.is(late.edges("lift"), "");
  late.clock.advance(2000);
  late.lines.drive("presence", true);
  late.clock.advance(50);
  assert.is(late.edges("lift"), "1");
  const never = kit();
  await never.gate.start();
  never.gate.event({ type: "granted" });
  never.clock.advance(3000);
  never.lines.drive("presence", true);
  never.clock.advance(1000);
  assert.is(never.edges("lift"), "");
});

test("13: a granted vehicle that reaches the loop in the hold-off is let in at its end, if it still stands there", async () => {
  for (const leaves of [false, true]) {
    const { gate, clock, lines, edges } = gateKit(
      { inputs: ["presence", "closed"] },
      { presenceWaitMs: 5000, holdOffMs: 20_000 },
    );
    lines.drive("closed", true);
    await gate.start();
    gate.event({ type: "free-exit" });
    clock.advance(1000);
    lines.drive("closed", false);
    clock.advance(6000);
    lines.drive("closed", true);
    clock.advance(200);
    assert.is(gate.event({ type: "granted" }).reason, "waiting-for-presence");
    lines.drive("presence", true);
    clock.advance(7000);
    assert.is(
      gate.view().sentence,
      "Waiting for the end of the hold-off to open for the vehicle on the loop.",
    );
    if (leaves) {
      lines.drive("presence", false);
      clock.advance(5500);
      assert.is(gate.state().awaiting, false);
      lines.drive("presence", true);
    }
    assert.is(edges("lift"), "10");
    clock.advance(30_000);
    assert.is(edges("lift").length, leaves ? 2 : 4);
  }
});

test("14: the exit contact opens a gate that has neither camera nor network nor database", async () => {
  const { gate, clock, lines, edges } = gateKit({ inputs: ["exit"] });
  await gate.start();
  lines.drive("exit", true);
  clock.advance(30);
  assert.is(edges("lift"), "1");
});

test("14: whoever still presses the exit button when the hold-off ends is let out", async () => {
  const { gate, clock, lines, edges } = gateKit({ inputs: ["exit", "closed"] });
  lines.drive("closed", true);
  await gate.start();
  gate.event({ type: "granted" });
  clock.advance(600);
  lines.drive("closed", false);
  clock.advance(100);
  gate.event({ type: "timeout", timer: "assume" });
  clock.advance(400);
  lines.drive("closed", true);
  clock.advance(100);
  assert.is(gate.state().place, "closed");
  lines.drive("exit", true);
  clock.advance(500);
  assert.is(edges("lift"), "10");
  clock.advance(3000);
  assert.is(edges("lift").slice(0, 3), "101");
});

test("15: fire opens, holds against everything but STOP, and lets go some seconds after it is over", async () => {
  const { gate, clock, lines, edges } = gateKit(
    { inputs: ["fire", "stop"], outputs: closing.outputs },
    { ...own, fireClearMs: 5000 },
  );
  await gate.start();
  lines.drive("fire", true);
  clock.advance(50);
  assert.is(edges("lift"), "1");
  clock.advance(2000);
  assert.equal([gate.state().place, lines.levels().hold], ["held", true]);
  for (const command of ["close", "release", "hold"] as const)
    assert.is(gate.event({ type: "operator", command }).reason, "fire", command);
  lines.drive("fire", false);
  clock.advance(500 + 4999);
  assert.is(lines.levels().hold, true);
  clock.advance(1);
  assert.equal([gate.state().place, lines.levels().hold], ["open", false]);
  clock.advance(7000);
  assert.is(edges("close"), "1");
});

test("15 and 16: STOP beats fire, and when STOP is let go fire opens again", async () => {
  const { gate, clock, lines, edges } = gateKit({ inputs: ["fire", "stop"], outputs: closing.outputs });
  await gate.start();
  lines.drive("fire", true);
  clock.advance(60);
  lines.drive("stop", true);
  assert.equal([gate.state().place, lines.levels().lift, lines.levels().hold], ["stopped", false, false]);
  lines.drive("stop", false);
  clock.advance(200);
  assert.is(edges("lift"), "101");
});

test("15: an operator's stop gives way to fire, and does not come back after it", async () => {
  const { gate, clock, lines, edges } = gateKit({ inputs: ["fire", "stop"], outputs: closing.outputs }, own);
  await gate.start();
  gate.event({ type: "operator", command: "stop" });
  clock.advance(60_000);
  lines.drive("fire", true);
  clock.advance(2000);
  assert.equal([gate.state().place, edges("lift").slice(0, 1), lines.levels().hold], ["held", "1", true]);
  assert.is(gate.event({ type: "operator", command: "stop" }).reason, "fire");
  const said = () => gate.view().alarms.map((a) => a.sentence);
  assert.equal(said(), [
    "The fire contact is on: the barrier is held open, also against an operator's stop.",
  ]);
  lines.drive("stop", true);
  clock.advance(100);
  assert.equal(said(), ["The fire contact is on, but STOP holds the barrier where it is."]);
  gate.event({ type: "operator", command: "stop" });
  lines.drive("stop", false);
  clock.advance(2000);
  assert.is(gate.state().place, "held");
  lines.drive("fire", false);
  clock.advance(20_000);
  assert.equal(said(), []);
  assert.is(gate.event({ type: "granted" }).accepted, true);
});

test("16: after STOP nothing moves by itself, and after an operator's stop not before he releases it", async () => {
  const { gate, clock, lines, edges } = await opened(gateKit({ ...closing, inputs: ["stop"] }, own));
  lines.drive("stop", true);
  lines.drive("stop", false);
  clock.advance(60_000);
  assert.is(edges("close"), "");
  gate.event({ type: "operator", command: "stop" });
  assert.is(gate.event({ type: "granted" }).reason, "stopped");
  assert.is(gate.event({ type: "free-exit" }).reason, "stopped");
  gate.event({ type: "operator", command: "release" });
  assert.is(gate.event({ type: "granted" }).reason, "pulsed");
});

test.run();
