import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Box, quadOf } from "../../src/core/geometry.js";
import { decode, type PlateRead } from "../../src/core/plate.js";
import type { Sighting } from "../../src/core/sighting.js";
import {
  finishSightings,
  noSightings,
  type SightingsOptions,
  type SightingsState,
  sightingsDefaults,
  stepSightings,
  wantsRead,
} from "../../src/core/sightings.js";
import { noTracks, stepTracks, type TrackerState } from "../../src/core/track.js";
import { evidenceFor } from "../support/evidence.js";
import { forSeeds } from "../support/random.js";
import { clearRead, randomPlate, simulatedTrack, usual } from "../support/simulated-reads.js";

const FRAME_MS = 66;
const options: SightingsOptions = { ...sightingsDefaults, camera: "front", session: "s1" };
const frameSize = { width: 1280, height: 720 };

test("a car that drives up is told as new once, then updated, then ended, under one id", () => {
  const { told } = play(approach(40, "KX51ABC"));
  assert.is(told[0]!.phase, "new");
  assert.is(told.at(-1)!.phase, "end");
  assert.is(told.filter((s) => s.phase === "new").length, 1);
  assert.is(told.filter((s) => s.phase === "end").length, 1);
  assert.equal([...new Set(told.map((s) => s.trackId))], ["front-s1-1"]);
  assert.is(told.at(-1)!.plate, "KX51ABC");
  assert.is(told.at(-1)!.direction, "approaching");
  assert.ok(told.at(-1)!.probability > 0.95);
});

test("a clear plate is told by its second frame", () => {
  const { told } = play(approach(2, "KX51ABC"), { finish: false });
  assert.equal(
    told.map((s) => [s.phase, s.frames]),
    [["new", 2]],
  );
});

test("a car that backs away is leaving, one that stands is unknown", () => {
  assert.is(play(approach(40, "KX51ABC").reverse()).told.at(-1)!.direction, "leaving");
  const standing = Array.from({ length: 40 }, () => [
    { box: [500, 300, 120, 30] as Box, read: clearRead("KX51ABC") },
  ]);
  assert.is(play(standing).told.at(-1)!.direction, "unknown");
});

test("a car that drives up, waits and backs away is approaching until it has plainly turned", () => {
  const drive = approach(40, "KX51ABC");
  const waiting = Array.from({ length: 60 }, () => drive.at(-1)!);
  const { told } = play([...drive, ...waiting, ...[...drive].reverse()]);
  const course = told.map((s) => s.direction).filter((d, i, all) => d !== all[i - 1]);
  assert.equal(course, ["unknown", "approaching", "leaving"]);
});

test("a noisy track gives one new and one end of the same id, in this order, with rising times; hardly one stays untold", () => {
  let untold = 0;
  forSeeds(200, (random) => {
    const plate = randomPlate(random);
    const reads = simulatedTrack(random, plate, 25, { ...usual, quality: 0.95, nearer: 0 });
    const { told } = play(
      approach(25, plate).map(([car], i) => [{ ...car!, read: random.chance(0.2) ? null : reads[i]! }]),
    );
    if (told.length === 0) {
      untold++;
      return;
    }
    assert.equal(
      [told[0]?.phase, told.at(-1)?.phase, new Set(told.map((s) => s.trackId)).size],
      ["new", "end", 1],
    );
    for (const [i, s] of told.entries()) {
      assert.ok(s.lastFrameAtMs >= (told[i - 1]?.lastFrameAtMs ?? 0) && s.firstFrameAtMs <= s.lastFrameAtMs);
      assert.ok(s.frames >= (told[i - 1]?.frames ?? 0));
    }
  });
  assert.ok(untold <= 10, `${untold} of 200`);
});

test("a plate that is lost for two seconds and comes back near its place is the same pass", () => {
  const drive = approach(40, "KX51ABC");
  const { told } = play([...drive.slice(0, 20), ...nothing(30), ...drive.slice(20)]);
  assert.equal([...new Set(told.map((s) => s.trackId))].length, 1);
  assert.is(told.filter((s) => s.phase === "new").length, 1);
});

test("a plate whose track goes over to a lamp while the barrier hides it is one pass, with or without the lamp for company", () => {
  for (const stays of [3, 40]) {
    const drive = approach(60, "KX51ABC");
    const frames = drive.map(([car], i): Car[] => {
      const lamp: Car = {
        box: [car!.box[0] - 0.85 * car!.box[2], ...car!.box.slice(1)] as unknown as Box,
        read: null,
      };
      if (i < 20) return [car!];
      if (i < 24) return [lamp];
      return i < 24 + stays ? [car!, lamp] : [car!];
    });
    const { told } = play(frames);
    assert.is(starts(told), 1, `${stays} frames`);
    assert.is(new Set(told.map((s) => s.trackId)).size, 1);
    assert.is(told.at(-1)!.direction, "approaching");
  }
});

test("the same plate much later, and another plate at once, are passes of their own", () => {
  const once = approach(20, "KX51ABC");
  assert.is(starts(play([...once, ...nothing(100), ...once]).told), 2);
  assert.is(starts(play([...once, ...nothing(30), ...approach(20, "LM07XYZ")]).told), 2);
});

test("neighbouring plates of a fleet, one behind the other, are passes of their own", () => {
  const once = approach(20, "KX51ABC");
  const stay = Array.from({ length: 60 }, () => once.at(-1)!);
  const { told } = play([...once, ...stay, ...nothing(30), ...approach(20, "KX51ABD")]);
  assert.equal(
    told.filter((s) => s.phase === "end").map((s) => s.plate),
    ["KX51ABC", "KX51ABD"],
  );
});

test("a plate that is read with one wrong character once it is found again is the same pass while a reading doubts it", () => {
  const drive = approach(40, "KX51ABC");
  const torn = evidenceFor("KX51A8C", 0.85, { 5: "B" })[5]!;
  const read = decode(evidenceFor("KX51A8C").map((slot, i) => (i === 5 ? torn : slot)));
  for (const [car] of drive.slice(20)) car!.read = read;
  assert.is(starts(play([...drive.slice(0, 20), ...nothing(30), ...drive.slice(20)]).told), 1);
});

test("a car whose plate is contained in that of the car before it, or contains it, is a pass of its own", () => {
  for (const [before, behind] of [
    ["KX51ABC", "X51AB"],
    ["X51AB", "KX51ABC"],
  ] as const) {
    const { told } = play([...approach(40, before), ...nothing(25), ...approach(40, behind)]);
    assert.equal(
      told.filter((s) => s.phase === "end").map((s) => s.plate),
      [before, behind],
    );
  }
});

test("a standing car whose plate is found again partly hidden is the same pass", () => {
  const here: Box = [500, 300, 120, 30];
  const whole = Array.from({ length: 20 }, () => [{ box: here, read: clearRead("KX51ABC") }]);
  const hidden = Array.from({ length: 20 }, () => [
    { box: [545, 302, 75, 31] as Box, read: clearRead("51ABC") },
  ]);
  const { told } = play([...whole, ...nothing(25), ...hidden]);
  assert.is(starts(told), 1);
  assert.is(told.at(-1)!.plate, "KX51ABC");
});

test("a car that takes the place of another under the same track is a pass of its own", () => {
  const here: Box = [500, 300, 120, 30];
  const first = Array.from({ length: 15 }, () => [{ box: here, read: clearRead("KX51ABC") }]);
  const second = Array.from({ length: 15 }, () => [{ box: here, read: clearRead("LM07XYZ") }]);
  const { told } = play([...first, ...second]);
  assert.equal(
    told.filter((s) => s.phase === "end").map((s) => s.plate),
    ["KX51ABC", "LM07XYZ"],
  );
});

test("one wild misreading does not end a pass", () => {
  const drive = approach(30, "KX51ABC");
  drive[20]![0]!.read = clearRead("889ZZ1");
  const { told } = play(drive);
  assert.is(starts(told), 1);
  assert.is(told.at(-1)!.plate, "KX51ABC");
});

test("two cars at once are two passes", () => {
  const left = approach(30, "KX51ABC");
  const both = left.map(([car]) => [
    car!,
    { box: [car!.box[0] + 600, ...car!.box.slice(1)] as unknown as Box, read: clearRead("LM07XYZ") },
  ]);
  assert.equal(
    play(both)
      .told.filter((s) => s.phase === "end")
      .map((s) => s.plate)
      .sort(),
    ["KX51ABC", "LM07XYZ"],
  );
});

test("a detection that was never read as a plate is never told", () => {
  assert.equal(play(approach(40, "X").map(([car]) => [{ ...car!, read: null }])).told, []);
});

test("a standing car is told of at least every second, so that the gate knows it is still there", () => {
  const standing = Array.from({ length: 200 }, () => [
    { box: [500, 300, 120, 30] as Box, read: clearRead("KX51ABC") },
  ]);
  const { told } = play(standing, { finish: false });
  for (const [i, s] of told.entries())
    if (i > 0) assert.ok(s.lastFrameAtMs - told[i - 1]!.lastFrameAtMs <= 1100);
  assert.is(starts(told), 1);
});

test("a settled plate is not read in every frame any more", () => {
  const { reads } = play(approach(60, "KX51ABC"));
  assert.ok(reads >= 3 && reads <= 15, `${reads} readings`);
});

test("pictures follow the first message with the next frame, and come again only when a better view was had", () => {
  const { crops } = play(approach(40, "KX51ABC"));
  assert.equal(crops.slice(0, 2), [false, true]);
  assert.ok(crops.filter(Boolean).length >= 2 && crops.filter(Boolean).length < crops.length);
});

test("an empty camera stays empty, and ids go on after the end of a source", () => {
  assert.equal(play(nothing(50)).told, []);
  const { state } = play(approach(10, "KX51ABC"));
  assert.ok(state.nextNumber > 1);
});

test.run();

interface Car {
  box: Box;
  read: PlateRead | null;
}

/** A car that comes nearer, in frames of 66 ms. */
function approach(frames: number, plate: string): Car[][] {
  return Array.from({ length: frames }, (_, i) => {
    const width = 80 * 1.02 ** i;
    return [{ box: [400 + i, 250 + 3 * i, width, width / 4], read: clearRead(plate, 0.97) }];
  });
}

function nothing(frames: number): Car[][] {
  return Array.from({ length: frames }, () => []);
}

function starts(told: readonly Sighting[]): number {
  return told.filter((s) => s.phase === "new").length;
}

/** Plays frames through tracker and sightings as the observer does. */
function play(frames: readonly (readonly Car[])[], { finish = true } = {}) {
  let tracker: TrackerState = noTracks;
  let state: SightingsState = noSightings;
  const told: Sighting[] = [];
  const crops: boolean[] = [];
  let reads = 0;
  for (const [i, cars] of frames.entries()) {
    const atMs = 1000 + i * FRAME_MS;
    const step = stepTracks(
      tracker,
      cars.map(({ box }) => ({ box, quad: quadOf(box), confidence: 0.9 })),
      atMs,
    );
    tracker = step.state;
    const seen = cars.map(({ read }, c) => {
      const track = step.seen[c]!;
      const wanted = read !== null && wantsRead(state, track, atMs, options);
      if (wanted) reads++;
      return { track, read: wanted ? read : null };
    });
    const next = stepSightings(state, seen, step.ended, { atMs, ...frameSize }, options);
    state = next.state;
    for (const { sighting, withCrop } of next.sightings) {
      told.push(sighting);
      crops.push(withCrop);
    }
  }
  if (finish) told.push(...finishSightings(state, frameSize, options).map((s) => s.sighting));
  return { told, crops, reads, state };
}
