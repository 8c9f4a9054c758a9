/** What must come to pass in the end: no state of the barrier is one that it stays in for good. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { step } from "../../src/core/barrier.js";
import type { BarrierEffect, OperatorCommand } from "../../src/core/barrier-types.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { everything, type Node, rest, walk } from "../support/barrier-walk.js";
import { wirings } from "../support/barrier-wirings.js";
import { gateKit } from "../support/gate-kit.js";
import { type Random, seeded } from "../support/random.js";

const SEEDS = 400;

for (const [wiring, settings] of Object.entries(wirings)) {
  test(`from every reachable state, once everybody has gone, the barrier comes to rest and opens again (${wiring})`, () => {
    const { states } = walk(
      settings,
      ({ to }) => {
        const { last, effects } = rest(to, settings);
        const { state } = last;
        if (!state.live) return;
        must(!state.awaiting && !state.overdue && !state.holdOff, "nothing is waited for", to, last);
        if (to.state.place === "opening" && settings.autoClose)
          must(
            closes(effects) || silent(last) || state.cause === "stuck" || state.cause === "contacts",
            "what we opened we close, unless a contact does not speak",
            to,
            last,
          );
        // These say themselves why nothing moves: a stop, a relay that is on, a contact that says open.
        if (state.stopLatched || state.cause === "relay-on" || state.inputs.open) return;
        const { effects: answers } = step(state, { type: "free-exit" }, settings);
        must(
          answers.some((e) => e.type === "answer" && e.reason === "pulsed"),
          "a request opens",
          to,
          last,
        );
      },
      everything,
      "honest",
    );
    assert.ok(states > 20);
    console.log(`${wiring}: ${states} states with their timers`);
  });

  function silent(node: Node): boolean {
    return settings.inputs.includes("open") && !node.state.inputs.open;
  }
}

/** With an arm and its contacts behind the lines, and with time as it is. */
test("whatever people and vehicles do, once they have gone the arm is down and a request lifts it (400 seeds)", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await live(seeded(seed));
    } catch (error) {
      (error as Error).message = `seed ${seed}: ${(error as Error).message}`;
      throw error;
    }
  }
});

async function live({ chance, pick }: Random): Promise<void> {
  const [wiring, settings] = pick(Object.entries(wirings));
  const { autoClose, presenceWaitMs, inputs, outputs } = settings;
  const { gate, clock, lines } = gateKit({ inputs, outputs }, { autoClose, presenceWaitMs });
  const arm = simulateArm(lines, clock, { travelMs: 1500, closeAfterMs: autoClose ? null : 6000 });
  const withStop = chance(0.3);
  const around = inputs.filter(
    (name) => name !== "closed" && name !== "open" && (withStop || name !== "stop"),
  );
  const commands: OperatorCommand[] = ["open", "close", "hold", "release"];
  if (withStop) commands.push("stop");
  await gate.start();
  for (let i = 0; i < 25; i++) {
    const what = pick(["grant", "input", "input", "operator", "nothing"]);
    if (what === "grant") gate.event({ type: "granted" });
    if (what === "operator") gate.event({ type: "operator", command: pick(commands) });
    if (what === "input" && around.length > 0) lines.drive(pick(around), chance(0.5));
    clock.advance(pick([50, 300, 1000, 2000, 5000, 9000, 17_500, 20_000]));
  }
  for (const name of around) lines.drive(name, false);
  clock.advance(1000);
  for (let i = 0; i < 2; i++) gate.event({ type: "operator", command: "release" });
  clock.advance(15 * 60_000);
  // What a stop left standing is moved by nobody but a person.
  if (!withStop) assert.is(arm.position(), 0, `${wiring}: the arm is down`);
  assert.is(gate.event({ type: "free-exit" }).accepted, true);
  clock.advance(2000);
  assert.is(arm.position(), 1, `${wiring}: the arm is up`);
  arm.close();
  await gate.close();
}

function closes(effects: readonly BarrierEffect[]): boolean {
  return effects.some((e) => e.type === "pulse" && e.line === "close");
}

function must(truth: boolean, law: string, from: Node, last: Node) {
  if (truth) return;
  const show = (node: Node) => `${JSON.stringify(node.state)} with ${[...node.armed]}`;
  throw new Error(`${law}: ${show(from)} ended in ${show(last)}`);
}

test.run();
