/** What the gate does before it knows which way a vehicle drives: the eye tells a plate before that is clear. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import type { AccessRule } from "../../src/core/records.js";
import type { Direction } from "../../src/core/sighting.js";
import type { LaneDeps } from "../../src/gate/lane.js";
import { rule } from "../support/evidence.js";
import { street } from "../support/street.js";

type Cameras = LaneDeps["config"]["cameras"];

const both: Cameras = [{ name: "front", direction: "both" }];
const entry: Cameras = [{ name: "front", direction: "entry" }];

async function road(rules: readonly AccessRule[], cameras: Cameras) {
  const s = await street(rules, { config: { ...defaultConfig(), cameras } });
  let number = 0;
  /** One vehicle, told of without a direction at first as the eye does it, then every half second. */
  const drive = (plate: string, direction: Direction, camera = "front") => {
    const trackId = `${camera}-${++number}`;
    const startMs = s.clock.monotonicMs();
    const see = (phase: "new" | "update" | "end", towards: Direction) =>
      s.see(plate, { camera, trackId, phase, direction: towards, firstFrameAtMs: startMs - 100 });
    see("new", "unknown");
    s.clock.advance(300);
    for (let i = 0; i < 5; i++) {
      see("update", direction);
      s.clock.advance(500);
    }
    see("end", direction);
    s.clock.advance(60_000);
  };
  const reasons = () => s.entries.flatMap((e) => (e.decision ? [e.decision.reason] : []));
  return { ...s, drive, reasons };
}

test("hard anti-passback holds at a camera for both directions, and lets out whoever is inside", async () => {
  const { drive, reasons, edges } = await road([rule("AAA1", { antiPassback: "hard" })], both);
  drive("AAA1", "approaching");
  drive("AAA1", "approaching");
  drive("AAA1", "leaving");
  drive("AAA1", "approaching");
  assert.equal(reasons(), ["on-allow-list", "passback", "on-allow-list", "on-allow-list"]);
  assert.is(edges("lift"), "101010");
});

test("a standing vehicle that went in is asked about, and decided on as soon as it moves", async () => {
  const { drive, see, clock, reasons, edges } = await road([rule("AAA1", { antiPassback: "hard" })], both);
  drive("AAA1", "approaching");
  for (let t = 0; t < 20; t++) {
    see("AAA1", { trackId: "stands", phase: "update", direction: "unknown" });
    clock.advance(500);
  }
  assert.equal(reasons(), ["on-allow-list", "passback"]);
  see("AAA1", { trackId: "stands", phase: "update", direction: "leaving" });
  assert.is(edges("lift"), "101");
});

test("a deny rule for one direction is not slipped by before the direction is known", async () => {
  const rules = [rule("FLT*"), rule("FLT007", { effect: "deny", direction: "entry" })];
  const coming = await road(rules, both);
  coming.drive("FLT007", "approaching");
  assert.equal([coming.reasons(), coming.edges("lift")], [["on-deny-list"], ""]);
  const going = await road(rules, both);
  going.drive("FLT007", "leaving");
  assert.equal([going.reasons(), going.edges("lift")], [["on-allow-list"], "10"]);
});

test("a vehicle that drives away from a camera for one direction opens nothing, and has not come in", async () => {
  const { drive, reasons, edges } = await road([rule("AAA1", { antiPassback: "hard" })], entry);
  drive("AAA1", "leaving");
  assert.equal([reasons(), edges("lift")], [["driving-away"], ""]);
  drive("AAA1", "approaching");
  assert.is(edges("lift"), "10");
});

test("one that was let in standing and then drives away has not come in either", async () => {
  const { see, clock, drive, reasons } = await road([rule("AAA1", { antiPassback: "hard" })], entry);
  const startMs = clock.monotonicMs();
  for (let t = 0; t < 6; t++) {
    see("AAA1", {
      phase: "update",
      direction: t < 4 ? "unknown" : "leaving",
      firstFrameAtMs: startMs,
    });
    clock.advance(500);
  }
  clock.advance(60_000);
  drive("AAA1", "approaching");
  assert.equal(reasons(), ["on-allow-list", "on-allow-list"]);
});

test("a standing vehicle is let in after the time that a direction takes to show, an approaching one as soon as it shows", async () => {
  for (const [direction, atMs] of [
    ["unknown", 600],
    ["approaching", 200],
  ] as const) {
    const { see, clock, lines } = await road([rule("AAA1")], entry);
    const startMs = clock.monotonicMs();
    see("AAA1", { direction: "unknown", firstFrameAtMs: startMs });
    clock.advance(200);
    see("AAA1", { phase: "update", direction, firstFrameAtMs: startMs });
    clock.advance(2000);
    const lift = lines.edges().find((e) => e.name === "lift");
    assert.is(lift?.atMs, startMs + atMs);
  }
});

test("who came in and stays in view of the exit camera is let out again", async () => {
  const cameras: Cameras = [
    { name: "in", direction: "entry" },
    { name: "out", direction: "exit" },
  ];
  const { see, clock, edges } = await road([rule("AAA1", { antiPassback: "hard" })], cameras);
  const at = (camera: string, direction: Direction, times: number, everyMs = 1000) => {
    for (let t = 0; t < times; t++) {
      see("AAA1", { camera, trackId: `${camera}-1`, phase: "update", direction });
      clock.advance(everyMs);
    }
  };
  at("in", "approaching", 4);
  at("out", "unknown", 1, 300);
  at("out", "leaving", 60);
  assert.is(edges("lift"), "10", "its rear plate opens nothing");
  at("out", "approaching", 30);
  assert.is(edges("lift"), "1010");
});

test("one that was let in standing, drives away and comes back gets a lift when it is back, and none before", async () => {
  const { see, clock, edges } = await road([rule("AAA1")], entry);
  const at = (direction: Direction, seconds: number) => {
    for (let t = 0; t < seconds; t++) {
      see("AAA1", { phase: "update", direction, box: [direction === "leaving" ? 400 : 0, 0, 100, 30] });
      clock.advance(1000);
    }
  };
  at("unknown", 2);
  at("leaving", 120);
  assert.is(edges("lift"), "10");
  at("approaching", 120);
  assert.is(edges("lift"), "1010");
});

test("where nothing depends on the direction the first word opens", async () => {
  const { see, edges } = await road([rule("AAA1", { antiPassback: "hard" })], both);
  see("AAA1", { direction: "unknown" });
  assert.is(edges("lift"), "1");
});

test.run();
