/** The second half of what installers ask for: contacts, alarms, holds, lights and the return of power. */
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

test("17: closed is what the closed contact says, nothing else", async () => {
  const { gate, clock, lines } = gateKit({ inputs: ["closed"] }, { openMs: 1000 });
  await gate.start();
  gate.event({ type: "granted" });
  clock.advance(120_000);
  assert.is.not(gate.state().place, "closed");
  lines.drive("closed", true);
  clock.advance(50);
  assert.is(gate.state().place, "closed");
});

test("17: two limit contacts at once are a fault that ends with the contradiction", async () => {
  const { gate, clock, lines } = gateKit({ inputs: ["closed", "open"] });
  lines.drive("closed", true);
  lines.drive("open", true);
  await gate.start();
  assert.is(gate.state().cause, "contacts");
  lines.drive("open", false);
  clock.advance(50);
  assert.is(gate.state().place, "closed");
});

test("18: standing open for too long and being opened by somebody else raise alarms, which end with closing", async () => {
  const { gate, clock, lines, events } = gateKit({ inputs: ["closed", "open"] }, { heldOpenAlarmMs: 30_000 });
  lines.drive("closed", true);
  await gate.start();
  lines.drive("closed", false);
  clock.advance(1000);
  lines.drive("open", true);
  clock.advance(30_000);
  assert.equal(
    gate
      .view()
      .alarms.map((a) => a.code)
      .sort(),
    ["forced-open", "held-open"],
  );
  lines.drive("open", false);
  clock.advance(1000);
  lines.drive("closed", true);
  clock.advance(100);
  assert.equal(gate.view().alarms, []);
  await Promise.resolve();
  assert.is(events.filter((e) => e.kind === "alarm").length, 4);
});

for (const what of ["a grant", "the loop"] as const)
  test(`18: ${what} that lifts the arm again before it has left its open contact is no fault, and it closes later`, async () => {
    const { gate, clock, lines, edges } = gateKit(
      { inputs: ["loop", "closed", "open"], outputs: closing.outputs },
      own,
    );
    lines.drive("closed", true);
    await gate.start();
    gate.event({ type: "granted" });
    lines.drive("closed", false);
    clock.advance(1000);
    lines.drive("open", true);
    clock.advance(5000 + 2000 + 200);
    assert.equal([gate.state().place, gate.state().inputs.open, edges("close")], ["closing", true, "1"]);
    if (what === "a grant") assert.is(gate.event({ type: "granted" }).reason, "pulsed");
    else lines.drive("loop", true);
    clock.advance(3000);
    lines.drive("loop", false);
    clock.advance(7000);
    assert.equal([gate.state().place, gate.view().alarms], ["open", []]);
    clock.advance(60_000);
    assert.is(edges("lift"), "1010");
    assert.is(edges("close").slice(0, 3), "101");
  });

test("26: a hold ends by itself, and is gone after a restart", async () => {
  const { gate, clock, lines } = gateKit(closing, { ...own, maxHoldMs: 60_000 });
  await gate.start();
  const now = clock.monotonicMs();
  gate.command({ kind: "hold", by: "ann", via: "page", receivedAtMs: now, holdMs: 10_000_000 });
  assert.is(gate.view().heldUntilAt, clock.wallMs() + 60_000);
  clock.advance(59_999);
  assert.is(lines.levels().hold, true);
  clock.advance(1);
  assert.is(lines.levels().hold, false);
  assert.is(gate.view().heldUntilAt, null);
  gate.command({ kind: "hold", by: "ann", via: "page", receivedAtMs: clock.monotonicMs(), holdMs: 5000 });
  clock.advance(5000);
  assert.is(lines.levels().hold, false);
  gate.event({ type: "operator", command: "hold" });
  await gate.close();
  assert.is(lines.levels().hold ?? false, false);
  const again = gateKit(closing, own);
  await again.gate.start();
  assert.equal(
    again.lines.edges().map((e) => e.name),
    ["red"],
  );
});

test("26: what cannot be held is not promised", async () => {
  const { gate } = gateKit({ outputs: ["lift"] });
  await gate.start();
  assert.is(gate.event({ type: "operator", command: "hold" }).reason, "no-hold-line");
});

test("28: lines that are lost are opened again, and until then nothing is promised", async () => {
  const listeners: ((sentence: string) => void)[] = [];
  const kit = gateKit({});
  const { gate, clock, lines, events } = gateKit(
    {},
    {},
    {
      driver: async () => ({ ...kit.lines, onFailure: (l) => listeners.push(l) }),
    },
  );
  await gate.start();
  listeners[0]!("the cable was cut.");
  assert.is(gate.event({ type: "granted" }).reason, "not-running");
  assert.is(gate.view().alarms[0]!.code, "lines");
  clock.advance(1000);
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assert.equal(gate.view().alarms, []);
  assert.is(gate.event({ type: "granted" }).reason, "pulsed");
  assert.equal(lines.edges(), []);
  assert.ok(events.some((e) => e.payload.code === "lines"));
});

test("29 and 30: red before closing for the time that was asked for", async () => {
  const { clock, lines } = await opened(gateKit(closing, { ...own, warnMs: 7000 }));
  clock.advance(5000);
  const at = clock.monotonicMs();
  assert.equal([lines.levels().green, lines.levels().red, lines.levels().warn], [false, true, true]);
  clock.advance(7000);
  const close = lines.edges().find((e) => e.name === "close");
  assert.is(close!.atMs - at, 7000);
});

test("34: after power came back the state is unknown until a contact speaks, and nothing moves", async () => {
  const { gate, clock, lines, edges } = gateKit(
    { inputs: ["closed", "open", "loop", "beam"], outputs: closing.outputs },
    own,
  );
  await gate.start();
  assert.is(gate.view().state, "unknown");
  for (const name of ["loop", "beam", "open", "closed"]) {
    lines.drive(name, true);
    clock.advance(60_000);
    lines.drive(name, false);
    clock.advance(60_000);
  }
  assert.equal([edges("lift"), edges("close"), edges("hold"), edges("green")], ["", "", "", ""]);
});

test.run();
