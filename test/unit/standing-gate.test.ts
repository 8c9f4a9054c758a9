/** A vehicle that was lifted for and stands in view: hidden or dark for a while, it is a new pass, and has not arrived. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import type { Box } from "../../src/core/geometry.js";
import type { AccessRule } from "../../src/core/records.js";
import { createPlacesFile, placesOf, placesText } from "../../src/gate/places-file.js";
import type { Log } from "../../src/system/log.js";
import { silentLog } from "../../src/system/log.js";
import { rule, type sightingOf } from "../support/evidence.js";
import { temporaryFolder } from "../support/folder.js";
import { gateKit } from "../support/gate-kit.js";
import { street } from "../support/street.js";

type Street = Awaited<ReturnType<typeof street>>;
type Change = Parameters<typeof sightingOf>[2];

const HOME: Box = [600, 400, 100, 30];
const NEVER = () => false;
const STANDS = /It stands where it stood when the barrier opened for it/;

let number = 0;

/** One encounter: seen every second, then out of view for a minute. */
function stay({ see, clock }: Street, plate: string, box: Box, change: Change = {}, seconds = 3): void {
  const trackId = `stay-${++number}`;
  for (let t = 0; t <= seconds; t++) {
    const phase = t === 0 ? "new" : t === seconds ? "end" : "update";
    see(plate, { trackId, phase, box, ...change });
    clock.advance(1000);
  }
  clock.advance(60_000);
}

function lastPass({ entries }: Street) {
  return entries.at(-1)!.pass;
}

/** The log with what it was told, and the path of a file that is not there yet. */
function filed() {
  const told: string[] = [];
  const note = (_: unknown, text: string) => void told.push(text);
  const log: Log = { ...silentLog, warn: note, error: note };
  const path = join(temporaryFolder(), "standing.json");
  return { told, path, open: () => createPlacesFile(path, log, NEVER) };
}

test("a parked plate that is hidden for a minute and seen again is granted, and gets no second lift", async () => {
  const s = await street([rule("AAA1", { usesLeft: 5 })]);
  stay(s, "AAA1", HOME);
  assert.equal([s.edges("lift"), s.used, lastPass(s).letThrough], ["10", ["rule-AAA1"], true]);
  for (const direction of ["unknown", "approaching", "leaving"] as const)
    stay(s, "AAA1", HOME, { direction });
  assert.equal([s.edges("lift"), s.used], ["10", ["rule-AAA1"]], "one lift, one use");
  assert.is(s.ended.length, 4, "each time a pass of its own");
  const [seenAgain] = s.entries.filter((e) => e.decision).slice(1);
  assert.equal([seenAgain!.decision!.verdict, seenAgain!.pass.letThrough], ["granted", false]);
  assert.match(seenAgain!.pass.sentence, STANDS);
});

test("a standing plate is found a little differently by day and by night, or in part only, and stays where it is", async () => {
  for (const box of [
    [612, 394, 92, 33],
    [585, 405, 118, 27],
    [600, 400, 45, 30],
    [655, 401, 45, 29],
    [600, 400, 100, 14],
  ] as const) {
    const s = await street([rule("AAA1")]);
    stay(s, "AAA1", HOME);
    stay(s, "AAA1", box, { direction: "approaching" });
    assert.is(s.edges("lift"), "10", `${box}`);
    stay(s, "AAA1", HOME, { direction: "approaching" });
    assert.is(s.edges("lift"), "10", `whole again after ${box}`);
  }
});

test("what was seen of it last, while somebody stepped before it, is a part of the place where it stands", async () => {
  const s = await street([rule("AAA1")]);
  const see = (box: Box, phase: "new" | "update" | "end") => {
    s.see("AAA1", { trackId: "a", phase, box });
    s.clock.advance(1000);
  };
  see(HOME, "new");
  see(HOME, "update");
  see([600, 400, 60, 30], "update");
  see([600, 400, 25, 30], "end");
  s.clock.advance(60_000);
  stay(s, "AAA1", [675, 400, 25, 30]);
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "10");
});

test("one that has moved by the width of its plate is lifted for, and stands there from then on", async () => {
  const s = await street([rule("AAA1")]);
  const moved: Box = [HOME[0] + HOME[2], HOME[1], HOME[2], HOME[3]];
  stay(s, "AAA1", HOME);
  stay(s, "AAA1", moved);
  assert.is(s.edges("lift"), "1010");
  assert.is(lastPass(s).letThrough, true);
  stay(s, "AAA1", moved);
  assert.is(s.edges("lift"), "1010");
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "101010");
});

test("one that left and comes from a distance is lifted for, also when it stops where it stood", async () => {
  const s = await street([rule("AAA1")]);
  stay(s, "AAA1", HOME);
  s.see("AAA1", { trackId: "back", box: [630, 409, 40, 12] });
  assert.is(s.edges("lift"), "101", "at once, though straight behind its place");
  for (let t = 0; t < 5; t++) {
    s.clock.advance(1000);
    s.see("AAA1", { trackId: "back", phase: "update", box: HOME });
  }
  assert.is(s.edges("lift"), "1010");
});

test("one that was read at a distance, though not surely, has arrived when it is sure only where it stood", async () => {
  const s = await street([rule("AAA1")]);
  stay(s, "AAA1", HOME);
  const see = (trackId: string, box: Box, probability: number, plate = "AAA1") => {
    s.see(plate, { trackId, phase: "update", box, probability, candidates: [{ text: plate, probability }] });
    s.clock.advance(1000);
  };
  see("back", [630, 300, 40, 12], 0.6);
  see("back", [620, 340, 60, 18], 0.8);
  see("back", HOME, 0.97);
  see("back", HOME, 0.97);
  assert.is(s.edges("lift"), "1010");
  s.clock.advance(60_000);
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "1010", "and stands there from then on");
  // Read elsewhere once, it may be a box beside the plate; and another plate that was read there has not brought it.
  see("once", [630, 300, 40, 12], 0.6);
  for (let t = 0; t < 3; t++) see("once", HOME, 0.97);
  s.clock.advance(60_000);
  for (const at of [300, 340]) see("other", [630, at, 40, 12], 0.6, "ZZZ9");
  for (let t = 0; t < 3; t++) see("other", HOME, 0.97);
  assert.is(s.edges("lift"), "1010");
});

test("one that was lifted for, and whose camera then hangs for a while, stands under the track that it came with", async () => {
  const s = await street([rule("AAA1")]);
  const weak = { probability: 0.6, candidates: [{ text: "AAA1", probability: 0.6 }] };
  for (const y of [300, 340]) s.see("AAA1", { trackId: "a", box: [630, y, 40, 12], ...weak });
  s.see("AAA1", { trackId: "a", phase: "update", box: HOME });
  for (let pass = 1; pass <= 3; pass++) {
    s.clock.advance(60_000);
    assert.is(s.ended.length, pass);
    s.see("AAA1", { trackId: "a", phase: "update", box: HOME });
  }
  assert.is(s.edges("lift"), "10");
});

test("one that was seen standing moves when it is read elsewhere, not when its track slips onto something else", async () => {
  const s = await street([rule("AAA1")]);
  stay(s, "AAA1", HOME);
  const see = (box: Box, frames: number) => {
    s.see("AAA1", { trackId: "again", phase: "update", box, frames });
    s.clock.advance(1000);
  };
  const lamp: Box = [760, 380, 40, 40];
  see(HOME, 5);
  for (let t = 0; t < 10; t++) see(lamp, 5);
  assert.is(s.edges("lift"), "10");
  see(HOME, 6);
  see([600, 520, 130, 39], 7);
  assert.is(s.edges("lift"), "10", "once is not enough");
  see([600, 560, 135, 40], 8);
  assert.is(s.edges("lift"), "1010");
  assert.is(lastPass(s).letThrough, true);
});

test("a track that slips onto a lamp, while somebody hides the plate that was lifted for, leaves it where it stands", async () => {
  const s = await street([rule("AAA1")]);
  const see = (box: Box, frames: number, phase: "update" | "end" = "update") => {
    s.see("AAA1", { trackId: "a", phase, box, frames });
    s.clock.advance(1000);
  };
  for (let t = 0; t < 3; t++) see(HOME, 4 + t);
  for (let t = 0; t < 5; t++) see([760, 380, 40, 40], 6, t < 4 ? "update" : "end");
  s.clock.advance(60_000);
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "10");
});

test("one that drove off too fast to be read has left, and is lifted for when it is read first where it stood", async () => {
  const s = await street([rule("AAA1")]);
  for (let t = 0; t < 6; t++) {
    const phase = t < 5 ? "update" : "end";
    s.see("AAA1", {
      trackId: "a",
      phase,
      frames: 4,
      box: [600 + 20 * t, 400 + 60 * t, 100 + 20 * t, 30 + 6 * t],
    });
    s.clock.advance(700);
  }
  s.clock.advance(60_000);
  assert.is(s.edges("lift"), "10");
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "1010");
});

test("a plate that seems to turn away and to come back while it is uncovered gets no second lift in the same pass either", async () => {
  const s = await street([rule("AAA1")]);
  for (const direction of ["unknown", "leaving", "approaching", "leaving", "approaching"] as const) {
    for (let t = 0; t < 60; t++) {
      s.see("AAA1", { trackId: "a", phase: "update", box: HOME, direction, firstFrameAtMs: 0 });
      s.clock.advance(1000);
    }
  }
  assert.equal([s.edges("lift"), s.ended.length], ["10", 0]);
});

test("one that was never lifted for, because the gate was stopped, is lifted for where it stands", async () => {
  const s = await street([rule("AAA1")]);
  s.gate.event({ type: "operator", command: "stop" });
  stay(s, "AAA1", HOME);
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "");
  s.gate.event({ type: "operator", command: "release" });
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "10");
});

test("one whose lift came to nothing is lifted for where it stands", async () => {
  const s = await street([rule("AAA1")], {}, gateKit({ inputs: ["stop"] }));
  s.see("AAA1", { trackId: "a", box: HOME });
  s.lines.drive("stop", true);
  s.clock.advance(1000);
  s.lines.drive("stop", false);
  s.clock.advance(60_000);
  s.gate.event({ type: "operator", command: "release" });
  stay(s, "AAA1", HOME);
  assert.match(s.edges("lift"), /^1010$/);
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), "1010");
});

test("one that was shown into the barrier that another one had opened has a lift of its own to come", async () => {
  const s = await street([rule("AAA1"), rule("BBB2")]);
  s.see("BBB2", { trackId: "b" });
  s.clock.advance(300);
  s.see("AAA1", { trackId: "a", box: HOME });
  s.see("AAA1", { trackId: "a", phase: "end", box: HOME });
  s.clock.advance(60_000);
  const before = s.edges("lift");
  stay(s, "AAA1", HOME);
  assert.is(s.edges("lift"), `${before}10`);
});

test("every camera has its own memory", async () => {
  const cameras = [
    { name: "front", direction: "entry" },
    { name: "side", direction: "entry" },
  ] as const;
  const s = await street([rule("AAA1")], { config: { ...defaultConfig(), cameras } });
  stay(s, "AAA1", HOME);
  stay(s, "AAA1", HOME, { camera: "side" });
  assert.is(s.edges("lift"), "1010");
  stay(s, "AAA1", HOME);
  stay(s, "AAA1", HOME, { camera: "side" });
  assert.is(s.edges("lift"), "1010");
});

test("a parked plate that is misread in one character the next time is the same one; its neighbour in the list is not", async () => {
  const s = await street([rule("FLT*")]);
  stay(s, "FLT100", HOME);
  const candidates = [
    { text: "FLT1O0", probability: 0.9 },
    { text: "FLT100", probability: 0.06 },
  ];
  stay(s, "FLT1O0", HOME, { candidates, probability: 0.94 });
  assert.is(s.edges("lift"), "10");
  stay(s, "FLT101", HOME);
  assert.is(s.edges("lift"), "1010", "surely another vehicle");
});

test("a person who lets it in where it stands is obeyed, once", async () => {
  let rules: readonly AccessRule[] = [rule("AAA1")];
  const access = { ...defaultConfig().access, unknown: "ask" as const };
  const cameras = [{ name: "front", direction: "entry" }] as const;
  const s = await street([], { rules: () => rules, config: { ...defaultConfig(), cameras, access } });
  stay(s, "AAA1", HOME);
  rules = [];
  for (let t = 0; t < 4; t++) {
    s.see("AAA1", { trackId: "asked", phase: "update", box: HOME });
    s.clock.advance(1000);
  }
  const [pass] = s.lane.open();
  assert.is(s.lane.answer(pass!.id, { what: "approve", by: "ann" }).accepted, true);
  for (let t = 0; t < 60; t++) {
    s.clock.advance(1000);
    s.see("AAA1", {
      trackId: "asked",
      phase: "update",
      box: HOME,
      direction: t % 9 < 4 ? "leaving" : "approaching",
    });
  }
  assert.is(s.edges("lift"), "1010");
});

test("one that a person lets in where it stands is lifted for when it reaches the loop, however late", async () => {
  let rules: readonly AccessRule[] = [rule("AAA1")];
  const access = { ...defaultConfig().access, unknown: "ask" as const };
  const cameras = [{ name: "front", direction: "entry" }] as const;
  const more = { rules: () => rules, config: { ...defaultConfig(), cameras, access } };
  const s = await street([], more, gateKit({ inputs: ["presence"] }, { presenceWaitMs: 5000 }));
  const stand = (seconds: number) => {
    for (let t = 0; t < seconds; t++) {
      s.see("AAA1", { trackId: "asked", phase: "update", box: HOME });
      s.clock.advance(1000);
    }
  };
  s.lines.drive("presence", true);
  stay(s, "AAA1", HOME);
  s.lines.drive("presence", false);
  s.clock.advance(60_000);
  rules = [];
  stand(4);
  assert.is(
    s.lane.answer(s.lane.open()[0]!.id, { what: "approve", by: "ann" }).reason,
    "waiting-for-presence",
  );
  stand(20);
  s.lines.drive("presence", true);
  stand(4);
  assert.is(s.edges("lift"), "1010");
});

test("a restart opens for no vehicle that stands where it stood, whether the process ended or was cut off", async () => {
  for (const end of ["closed", "cut off"]) {
    const { path, open } = filed();
    const places = open();
    const before = await street([rule("AAA1")], { places });
    for (let t = 0; t < 4; t++) {
      before.see("AAA1", { trackId: "a", phase: "update", box: HOME });
      before.clock.advance(1000);
    }
    if (end === "closed") await before.lane.close();
    await places.settled();
    assert.is(before.edges("lift"), "10");
    assert.equal(
      placesOf(readFileSync(path, "utf8"))!.map(({ camera, plate }) => [camera, plate]),
      [["front", "AAA1"]],
    );
    const after = await street([rule("AAA1")], { places: open() });
    stay(after, "AAA1", HOME);
    assert.is(after.edges("lift"), "", end);
    assert.match(lastPass(after).sentence, STANDS);
    const larger = { frameWidth: 1920, frameHeight: 1080 };
    stay(after, "AAA1", [900, 600, 150, 45], larger);
    assert.is(after.edges("lift"), "", "the camera was set to another resolution");
    stay(after, "AAA1", [600, 400, 150, 45], larger);
    assert.is(after.edges("lift"), "10");
  }
});

test("a vehicle that drives through costs one write, one that stands for hours two", async () => {
  const writes: string[] = [];
  const places = { read: () => [], write: () => void writes.push("w"), settled: async () => {} };
  const s = await street([rule("AAA1"), rule("BBB2")], { places });
  for (let t = 0; t < 8; t++) {
    s.see("AAA1", {
      trackId: "a",
      phase: t < 7 ? "update" : "end",
      box: [600, 50 * t, 60 + 8 * t, 20 + 3 * t],
    });
    s.clock.advance(1000);
  }
  s.clock.advance(30_000);
  assert.is(writes.length, 1);
  stay(s, "BBB2", HOME, {}, 7200);
  assert.is(writes.length, 3);
});

test("a file that cannot be understood is said once, and hinders nothing; one that is missing is no news", async () => {
  const missing = filed();
  await street([rule("AAA1")], { places: missing.open() });
  assert.equal(missing.told, []);
  for (const text of [
    "",
    "{",
    "[{}]",
    '[{"camera":"front","plate":"AAA1","box":[0,0,0,1],"at":0}]',
    "\0\0\0",
  ]) {
    const { path, told, open } = filed();
    writeFileSync(path, text);
    const places = open();
    const s = await street([rule("AAA1")], { places });
    assert.equal(told.length, 1, text);
    stay(s, "AAA1", HOME);
    assert.is(s.edges("lift"), "10");
    await places.settled();
    assert.is(placesOf(readFileSync(path, "utf8"))?.length, 1);
  }
});

test("a card that takes nothing is said once, and what is in memory counts", async () => {
  const told: string[] = [];
  const log: Log = { ...silentLog, error: (_: unknown, text: string) => void told.push(text) };
  const places = createPlacesFile(join(temporaryFolder(), "not", "there", "standing.json"), log, NEVER);
  const s = await street([rule("AAA1")], { places });
  stay(s, "AAA1", HOME);
  await places.settled();
  stay(s, "AAA1", [100, 100, 100, 30]);
  await places.settled();
  stay(s, "AAA1", [100, 100, 100, 30]);
  assert.equal([s.edges("lift"), told.length], ["1010", 1]);
});

test("what was erased from the file while the lane runs does not come back with its next write", async () => {
  const { path, open } = filed();
  const places = open();
  const s = await street([rule("AAA1"), rule("BBB2"), rule("CCC3")], { places });
  const plates = () => placesOf(readFileSync(path, "utf8"))!.map((p) => p.plate);
  stay(s, "AAA1", HOME);
  stay(s, "BBB2", HOME);
  await places.settled();
  assert.equal(plates(), ["AAA1", "BBB2"]);
  writeFileSync(path, placesText(placesOf(readFileSync(path, "utf8"))!.filter((p) => p.plate !== "AAA1")));
  stay(s, "CCC3", HOME);
  await places.settled();
  assert.equal(plates(), ["BBB2", "CCC3"]);
  stay(s, "BBB2", HOME);
  assert.is(s.edges("lift"), "101010", "what was not erased is remembered");
});

test("nothing is kept for longer than passes are, and no more than 200 places", async () => {
  const { path, open } = filed();
  const places = open();
  const plates = Array.from({ length: 205 }, (_, i) => `P${1000 + i}`);
  const s = await street(
    plates.map((p) => rule(p)),
    { places },
  );
  for (const plate of plates) stay(s, plate, HOME, {}, 1);
  await places.settled();
  const kept = placesOf(readFileSync(path, "utf8"))!;
  assert.equal(
    kept.map((p) => p.plate),
    plates.slice(5),
  );
  let oldest = kept[150]!.at;
  const later = createPlacesFile(path, silentLog, (at) => at < oldest);
  assert.is(later.read().length, 50);
  const t = await street([rule("P1204")], { places: later });
  t.clock.jumpWall(kept.at(-1)!.at - t.clock.wallMs());
  stay(t, "P1204", HOME);
  assert.is(t.edges("lift"), "");
  stay(t, "P1204", [100, 100, 100, 30]);
  await later.settled();
  assert.is(placesOf(readFileSync(path, "utf8"))!.length, 50);
  oldest = kept[190]!.at;
  stay(t, "P1204", HOME);
  await later.settled();
  assert.is(placesOf(readFileSync(path, "utf8"))!.length, 10);
});

test.run();
