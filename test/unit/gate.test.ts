import { test } from "uvu";
import * as assert from "uvu/assert";
import { gateKit } from "../support/gate-kit.js";

test("a grant pulls the lift relay for the length of the pulse, then lets go", async () => {
  const { gate, lines, clock, edges } = gateKit();
  await gate.start();
  assert.is(gate.event({ type: "granted" }).reason, "pulsed");
  assert.is(lines.levels().lift, true);
  clock.advance(499);
  assert.is(lines.levels().lift, true);
  clock.advance(1);
  assert.is(edges("lift"), "10");
  const [up, down] = lines.edges().filter((e) => e.name === "lift");
  assert.is(down!.atMs - up!.atMs, 500);
});

test("starting and closing the gate moves no line but the red light", async () => {
  const { gate, lines } = gateKit({ outputs: ["lift", "close", "hold", "stop", "green", "red", "warn"] });
  await gate.start();
  await gate.close();
  assert.equal(
    lines.edges().map((e) => `${e.name} ${e.energised}`),
    ["red true", "red false"],
  );
});

test("red is lit from the start, green only when the barrier counts as open", async () => {
  const { gate, lines, clock } = gateKit();
  await gate.start();
  assert.equal([lines.levels().red, lines.levels().green], [true, false]);
  gate.event({ type: "granted" });
  clock.advance(2999);
  assert.is(lines.levels().green, false);
  clock.advance(1);
  assert.equal([lines.levels().red, lines.levels().green], [false, true]);
});

test("a pulse out of range is clamped to 100 and 5000 ms", async () => {
  for (const [asked, given] of [
    [1, 100],
    [60_000, 5000],
    [Number.NaN, 100],
  ] as const) {
    const { gate, lines, clock } = gateKit({}, { pulseMs: asked });
    await gate.start();
    gate.event({ type: "granted" });
    clock.advance(10_000);
    const [up, down] = lines.edges().filter((e) => e.name === "lift");
    assert.is(down!.atMs - up!.atMs, given);
  }
});

test("a relay that takes no level is the fault no-relay, and the next grant may try again at once", async () => {
  const { gate, lines, clock, edges } = gateKit();
  await gate.start();
  lines.breakLine("lift", "throws");
  gate.event({ type: "granted" });
  assert.is(gate.state().cause, "no-relay");
  lines.breakLine("lift", "dead");
  gate.event({ type: "granted" });
  clock.advance(560);
  assert.is(gate.state().cause, "no-relay");
  lines.breakLine("lift", null);
  assert.is(gate.event({ type: "granted" }).reason, "pulsed");
  assert.is(edges("lift"), "1");
});

test("a relay that does not release is the fault relay-on, and nothing pulses until somebody has looked", async () => {
  const { gate, lines, clock } = gateKit();
  await gate.start();
  gate.event({ type: "granted" });
  lines.breakLine("lift", "welded");
  clock.advance(600);
  assert.is(gate.state().cause, "relay-on");
  assert.is(gate.event({ type: "granted" }).reason, "relay-on");
  lines.breakLine("lift", null);
  clock.advance(100);
  assert.is(lines.levels().lift, false, "it is tried on");
  assert.is(gate.event({ type: "operator", command: "release" }).accepted, true);
});

test("no relay, stuck and slow are told apart by the contacts", async () => {
  const { gate, lines, clock } = gateKit({ inputs: ["closed", "open"] });
  lines.drive("closed", true);
  await gate.start();
  assert.is(gate.state().place, "closed");
  gate.event({ type: "granted" });
  clock.advance(8000);
  assert.is(gate.state().cause, "stuck");
  gate.event({ type: "granted" });
  clock.advance(1000);
  lines.drive("closed", false);
  clock.advance(7000);
  assert.is(gate.state().cause, "slow");
  lines.drive("open", true);
  clock.advance(100);
  assert.is(gate.state().place, "open");
});

test("the hold-off starts only after a successful pulse", async () => {
  const { gate, lines, clock } = gateKit({ inputs: ["closed"] });
  lines.drive("closed", true);
  await gate.start();
  gate.event({ type: "granted" });
  clock.advance(1000);
  lines.drive("closed", false);
  clock.advance(100);
  lines.drive("closed", true);
  clock.advance(100);
  assert.is(gate.state().holdOff, true);
  clock.advance(2500);
  assert.is(gate.state().holdOff, false);
});

test("running dry decides and reports, but opens no output", async () => {
  const { gate, lines, clock } = gateKit({ inputs: ["closed", "open", "beam"] }, { dryRun: true });
  await gate.start();
  assert.is(gate.event({ type: "granted" }).reason, "pulsed");
  clock.advance(20_000);
  assert.equal(lines.edges(), []);
  assert.is(gate.view().dryRun, true);
  assert.is.not(gate.state().place, "fault");
});

test("running dry the real contacts, which nothing of ours moves, hold no imagined opening up", async () => {
  for (const isRaised of [false, true]) {
    const { gate, lines, clock } = gateKit({ inputs: ["closed"] }, { dryRun: true });
    lines.drive("closed", true);
    await gate.start();
    assert.is(gate.event({ type: "granted" }).reason, "pulsed");
    // What opens the barrier meanwhile, beside this gate.
    if (isRaised) lines.drive("closed", false);
    clock.advance(10_000);
    assert.is(gate.view().state, "open");
    lines.drive("closed", true);
    clock.advance(60_000);
    assert.equal([gate.view().state, gate.view().inputs], ["closed", { closed: true }]);
    assert.is(gate.event({ type: "granted" }).reason, "pulsed", "the next vehicle has a pulse of its own");
  }
});

test("a test pulse needs somebody at the barrier who has just said that nobody is under it", async () => {
  const { gate, clock, edges } = gateKit();
  await gate.start();
  const command = () => ({
    kind: "test-pulse" as const,
    by: "ann",
    via: "page",
    receivedAtMs: clock.monotonicMs(),
  });
  assert.is(gate.command(command()).reason, "unconfirmed");
  gate.confirmAreaClear("bob");
  clock.advance(60_001);
  assert.is(gate.command(command()).reason, "unconfirmed");
  gate.confirmAreaClear("bob");
  assert.is(gate.command(command()).accepted, true);
  clock.advance(600);
  assert.is(gate.command(command()).reason, "unconfirmed");
  assert.is(edges("lift"), "10");
});

test("a command that is too old, of another clock, or one too many moves nothing; stopping always works", async () => {
  const { gate, clock, edges } = gateKit();
  await gate.start();
  const at = (receivedAtMs: number, kind: "open" | "stop" = "open") =>
    gate.command({ kind, by: "x", via: "mqtt", receivedAtMs });
  clock.advance(10_000);
  assert.is(at(clock.monotonicMs() - 3001).reason, "too-old");
  assert.is(at(clock.monotonicMs() + 1).reason, "too-old");
  assert.is(at(Number.NaN).reason, "too-old");
  assert.is(edges("lift"), "");
  for (let i = 0; i < 12; i++) at(clock.monotonicMs());
  assert.is(at(clock.monotonicMs()).reason, "too-many");
  assert.is(at(0, "stop").reason, "stopped");
});

test("settings that need a line which is not wired refuse the start", async () => {
  for (const [barrier, part] of [
    [{ autoClose: true }, "lines.outputs.close"],
    [{ presenceWaitMs: 1000 }, "lines.inputs.presence"],
  ] as const) {
    const { gate, lines } = gateKit({ outputs: ["lift"] }, barrier);
    await gate.start().then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, part),
    );
    assert.equal(lines.edges(), []);
  }
});

test("a locked gate lets no plate in, but people out", async () => {
  const { gate, clock } = gateKit({ inputs: ["exit"] });
  await gate.start();
  gate.command({ kind: "mode", mode: "locked", by: "x", via: "mqtt", receivedAtMs: clock.monotonicMs() });
  assert.is(gate.event({ type: "granted" }).reason, "locked");
  assert.is(gate.event({ type: "free-exit" }).reason, "pulsed");
});

test("changes and alarms are reported, after the lines were set", async () => {
  const { gate, lines, clock, events } = gateKit({ inputs: ["closed"] });
  lines.drive("closed", true);
  await gate.start();
  await Promise.resolve();
  lines.drive("closed", false);
  clock.advance(50);
  await Promise.resolve();
  assert.equal(
    events.map((e) => [e.kind, e.payload.state ?? e.payload.code]),
    [
      ["barrier", "closed"],
      ["alarm", "forced-open"],
      ["barrier", "unknown"],
    ],
  );
  assert.is(gate.view().alarms[0]!.code, "forced-open");
});

test("alarms that were over while the lines were away end when the lines are back; those that are not stay", async () => {
  const { gate, lines, clock, events } = gateKit(
    { inputs: ["fire", "exit", "loop", "closed"] },
    { stuckInputMs: 5000, heldOpenAlarmMs: 1000 },
  );
  lines.drive("closed", true);
  await gate.start();
  for (const name of ["loop", "exit", "fire"]) lines.drive(name, true);
  lines.drive("closed", false);
  clock.advance(10_000);
  const alarms = () => gate.view().alarms.map((a) => `${a.code} ${a.input}`);
  assert.equal(alarms().sort(), ["fire null", "stuck-input exit", "stuck-input loop"]);
  gate.event({ type: "shutdown" });
  gate.event({ type: "boot", inputs: { loop: true } });
  assert.equal(alarms(), ["stuck-input loop"]);
  await Promise.resolve();
  const over = events.filter((e) => e.kind === "alarm" && e.payload.on === false);
  assert.equal(over.map((e) => e.payload.code).sort(), ["fire", "stuck-input"]);
});

test("an arm that went down while the lines were away is neither held open nor forced open any more", async () => {
  const { gate, lines, clock } = gateKit({ inputs: ["closed"] }, { heldOpenAlarmMs: 1000 });
  lines.drive("closed", true);
  await gate.start();
  lines.drive("closed", false);
  clock.advance(5000);
  const alarms = () => gate.view().alarms.map((a) => a.code);
  assert.equal(alarms(), ["forced-open", "held-open"]);
  for (const closed of [false, true]) {
    gate.event({ type: "shutdown" });
    gate.event({ type: "boot", inputs: { closed } });
    assert.equal(alarms(), closed ? [] : ["forced-open", "held-open"]);
  }
});

test("a failing listener disturbs nobody", async () => {
  const { gate, edges } = gateKit();
  await gate.start();
  let seen = "";
  gate.subscribe(() => {
    throw new Error("boom");
  });
  gate.subscribe((view) => {
    seen = view.state;
  });
  gate.event({ type: "granted" });
  assert.is(seen, "opening");
  assert.is(edges("lift"), "1");
});

test("the hold line is given on a lease that dies with the process", async () => {
  const { gate, lines, clock } = gateKit({ outputs: ["lift", "hold", "green"] });
  await gate.start();
  gate.event({ type: "operator", command: "hold" });
  clock.advance(60_000);
  assert.is(lines.levels().hold, true);
  assert.is(lines.cuts(), 0);
});

test.run();
