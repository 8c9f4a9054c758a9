/** What must come to pass in the end: no state of the barrier is one that it stays in for good. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { step } from "../../src/core/barrier.js";
import { everything, type Node, rest, walk } from "../support/barrier-walk.js";
import { wirings } from "../support/barrier-wirings.js";

for (const [wiring, settings] of Object.entries(wirings)) {
  test(`from every reachable state, once everybody has gone, the barrier comes to rest and opens again (${wiring})`, () => {
    const { states } = walk(
      settings,
      ({ to }) => {
        const { last } = rest(to, settings);
        const { state } = last;
        if (!state.live) return;
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
}

function must(truth: boolean, law: string, from: Node, last: Node) {
  if (truth) return;
  const show = (node: Node) => `${JSON.stringify(node.state)} with ${[...node.armed]}`;
  throw new Error(`${law}: ${show(from)} ended in ${show(last)}`);
}

test.run();
