import { test } from "uvu";
import * as assert from "uvu/assert";
import { levelsOf } from "../../src/core/barrier-lights.js";
import { mustLift } from "../../src/core/barrier-moves.js";
import type { InputName } from "../../src/core/barrier-types.js";
import { type Edge, everything, walk } from "../support/barrier-walk.js";
import { wirings } from "../support/barrier-wirings.js";

const pulsed = (edge: Edge, line: string) => edge.effects.some((e) => e.type === "pulse" && e.line === line);
const show = (edge: Edge) => `${JSON.stringify(edge.event)} in ${JSON.stringify(edge.from)}`;
const must = (truth: boolean, law: string, edge: Edge) => {
  if (!truth) throw new Error(`${law}: ${show(edge)} gave ${JSON.stringify(edge.effects)}`);
};

for (const [wiring, settings] of Object.entries(wirings)) {
  const wired = (name: InputName) => settings.inputs.includes(name);

  test(`every reachable state keeps the laws of the barrier (${wiring})`, () => {
    const { states, edges, places } = walk(settings, (edge) => {
      const { from, to, event, effects } = edge;
      const s = to.state;
      must(!pulsed(edge, "close") || !(s.inputs.loop || s.inputs.beam), "never a close onto somebody", edge);
      must(
        !pulsed(edge, "lift") ||
          (from.state.place !== "opening" && from.state.place !== "open") ||
          s.inputs.fire === true ||
          from.state.heldBy === "fire" ||
          leavesOpen(edge),
        "a second open while opening or open never pulses",
        edge,
      );
      must(!pulsed(edge, "lift") || !from.lift, "no pulse on top of a pulse", edge);
      must(
        s.place !== "closed" || !wired("closed") || s.inputs.closed,
        "closed only from the closed contact",
        edge,
      );
      must(!(s.inputs.stop && s.live) || s.place === "stopped", "STOP beats everything", edge);
      must(
        s.place !== "stopped" || !(pulsed(edge, "lift") || pulsed(edge, "close")),
        "nothing moves when stopped",
        edge,
      );
      must(s.place !== "stopped" || !(to.lift || to.close), "STOP releases what is energised", edge);
      must(
        !(s.live && s.inputs.fire && !s.inputs.stop) || s.heldBy === "fire",
        "fire holds it open against everything but the STOP input",
        edge,
      );
      must(!(s.heldBy === "fire" && pulsed(edge, "close")), "fire never closes", edge);
      must((s.place === "fault") === (s.cause !== null), "a fault has a cause, and nothing else has", edge);
      must(s.live || !(to.lift || to.close), "a machine that is not live energises nothing", edge);
      must(
        s.live || event.type === "shutdown" || effects.every((e) => e.type === "answer"),
        "dead is dead",
        edge,
      );
      must(
        !(s.live && s.stopLatched) || s.place === "stopped",
        "an operator's stop lasts until his release",
        edge,
      );
      must(
        !from.state.stopLatched || s.stopLatched || !s.live || isRelease(edge) || s.heldBy === "fire",
        "only a release or fire ends an operator's stop",
        edge,
      );
      must(
        !(s.awaiting && s.inputs.presence) || s.holdOff,
        "a vehicle on the loop waits for nothing but the hold-off",
        edge,
      );
      must(
        !(event.type === "input" && event.name === "presence" && event.active && from.state.awaiting) ||
          s.awaiting ||
          pulsed(edge, "lift") ||
          !mustLift(s) ||
          s.cause === "relay-on",
        "a grant whose vehicle arrives is not lost",
        edge,
      );
      const out = s.inputs.exit && !s.exitIgnored;
      must(
        !(s.live && out && (s.place === "closed" || s.place === "unknown")) || s.holdOff,
        "nobody who wants out stands before a closed arm, but in the hold-off",
        edge,
      );
      must(
        !(out && pulsed(edge, "close")) || from.state.warning === "asked",
        "nothing but an operator closes before somebody who wants out",
        edge,
      );
      must(
        !(pulsed(edge, "lift") && out && from.state.place === "stopped") || s.heldBy === "fire",
        "who wanted out during a stop asks again",
        edge,
      );
      const levels = levelsOf(s);
      must(!(levels.green && levels.red), "never both colours", edge);
      must(!levels.green || s.place === "open" || s.place === "held", "green only when open", edge);
      must(!pulsed(edge, "close") || !levels.green, "red before closing", edge);
      must(
        !pulsed(edge, "close") || (event.type === "timeout" && event.timer === "warn"),
        "every closing was announced",
        edge,
      );
      must(!(levels.hold && s.place === "stopped"), "no hold when stopped", edge);
      const armed = effects.filter((e) => e.type === "arm").map((e) => e.timer);
      must(new Set(armed).size === armed.length, "a timer is armed once a step", edge);
      for (const effect of effects) if (effect.type === "arm") must(effect.ms >= 0, "a time is a time", edge);
      for (const effect of effects)
        if (effect.type === "level") must(settings.outputs.includes(effect.line), "only wired outputs", edge);
      const answers = effects.filter((e) => e.type === "answer").length;
      const asks = event.type === "granted" || event.type === "operator" || event.type === "free-exit";
      must(!asks || answers === 1, "every request has one answer", edge);
      must(
        !(settings.holdOffMs > 0 && from.state.holdOff && pulsed(edge, "lift")) || safety(edge),
        "in the hold-off only safety pulses",
        edge,
      );
    });
    assert.ok(states > 20 && edges > states);
    console.log(`${wiring}: ${states} states, ${edges} edges, ${[...places].sort().join(" ")}`);
  });

  test(`after boot nothing moves without a decision, whatever the contacts do (${wiring})`, () => {
    const undecided = everything.filter(
      (e) => e.type === "timeout" || e.type === "shutdown" || e.type === "withdrawn",
    );
    const inputs = settings.inputs.filter((name) => name !== "exit" && name !== "fire");
    walk(
      { ...settings, inputs },
      (edge) => {
        must(!edge.effects.some((e) => e.type === "pulse"), "no movement", edge);
        must(
          !edge.effects.some((e) => e.type === "level" && e.line !== "red" && e.on),
          "no light but red",
          edge,
        );
      },
      undecided,
    );
  });
}

test("together the wirings reach every place and every cause of a fault", () => {
  const seen = new Set<string>();
  for (const settings of Object.values(wirings))
    for (const place of walk(settings, () => {}).places) seen.add(place);
  assert.equal([...seen].sort(), [
    "closed",
    "closing",
    "contacts",
    "held",
    "no-relay",
    "not-closed",
    "open",
    "opening",
    "relay-on",
    "slow",
    "stopped",
    "stuck",
    "unknown",
  ]);
});

/** The arm was open and is now coming down: by its contact, with somebody under it or before it. */
function leavesOpen(edge: Edge): boolean {
  const { event, to } = edge;
  return (
    event.type === "input" &&
    event.name === "open" &&
    !event.active &&
    (to.state.inputs.loop || to.state.inputs.beam || to.state.inputs.exit)
  );
}

function isRelease({ event }: Edge): boolean {
  return event.type === "operator" && event.command === "release";
}

function safety(edge: Edge): boolean {
  const { event, to, from } = edge;
  if (to.state.inputs.fire || from.state.heldBy === "fire") return true;
  if (event.type === "timeout" && event.timer === "hold-off") return true;
  return event.type === "input" && (to.state.inputs.loop || to.state.inputs.beam);
}

test.run();
