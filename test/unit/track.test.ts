import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Box, type Detection, quadOf } from "../../src/core/geometry.js";
import { noTracks, stepTracks, type Track, type TrackerState, trackDefaults } from "../../src/core/track.js";
import { forSeeds, type Random } from "../support/random.js";

const FRAME_MS = 40;

test("an approaching plate is one track, however it shakes", () => {
  forSeeds(200, (random) => {
    const path = drive(random, 60);
    const ids = new Set(
      follow(path.map((box) => [at(box)]))
        .seen.flat()
        .map((t) => t?.id),
    );
    assert.is(ids.size, 1);
  });
});

test("cars side by side keep their tracks, in whatever order they are found", () => {
  forSeeds(200, (random) => {
    const cars = [0, 1, 2].map((lane) => drive(random, 40, lane * 420));
    const frames = Array.from({ length: 40 }, (_, i) => {
      const order = [0, 1, 2].sort(() => random.next() - 0.5);
      return order.map((lane) => ({ ...at(cars[lane]![i]!), lane }));
    });
    const laneOf = new Map<number, number>();
    const { seen } = follow(frames);
    for (const [i, tracks] of seen.entries()) {
      for (const [d, track] of tracks.entries()) {
        const lane = frames[i]![d]!.lane;
        assert.is(laneOf.get(track!.id) ?? lane, lane);
        laneOf.set(track!.id, lane);
      }
    }
    assert.is(laneOf.size, 3);
  });
});

test("a plate that is hidden for half a second is found again as the same track", () => {
  forSeeds(200, (random) => {
    const path = drive(random, 50);
    const hidden = random.whole(10, 30);
    const frames = path.map((box, i) => (i >= hidden && i < hidden + 12 ? [] : [at(box)]));
    const ids = new Set(
      follow(frames)
        .seen.flat()
        .map((t) => t?.id),
    );
    assert.is(ids.size, 1);
  });
});

test("a plate that stands still for an hour is one track, also when it is looked at rarely", () => {
  let state: TrackerState = noTracks;
  for (let ms = 0; ms < 3_600_000; ms += 400) state = stepTracks(state, [at([500, 300, 120, 40])], ms).state;
  assert.is(state.tracks.length, 1);
  assert.is(state.tracks[0]!.id, 1);
  assert.is(state.tracks[0]!.hits, 9000);
});

test("a track ends once, after it was looked for in vain in enough frames and for long enough", () => {
  const { state } = follow([[at([500, 300, 120, 40])], [at([502, 300, 120, 40])]]);
  const ended: Track[] = [];
  let now: TrackerState = state;
  for (let ms = 80; ms <= 2000; ms += 40) {
    const step = stepTracks(now, [], ms);
    now = step.state;
    ended.push(...step.ended);
    if (ms < 1000) assert.is(step.ended.length, 0);
  }
  assert.equal(
    ended.map((t) => t.id),
    [1],
  );
});

test("a single look after a long pause does not end a track", () => {
  const { state } = follow([[at([500, 300, 120, 40])]]);
  assert.equal(stepTracks(state, [], 60_000).ended, []);
});

test("a weak detection continues a track and starts none", () => {
  const weak = (box: Box) => ({ ...at(box), confidence: 0.2 });
  const alone = stepTracks(noTracks, [weak([10, 10, 80, 30])], 0);
  assert.equal(alone.seen, [null]);
  const { state } = follow([[at([10, 10, 80, 30])]]);
  assert.is(stepTracks(state, [weak([12, 10, 80, 30])], 40).seen[0]?.id, 1);
});

test("a plate of quite another size or place is another track", () => {
  const { state } = follow([[at([100, 100, 60, 20])]]);
  assert.is(stepTracks(state, [at([60, 90, 240, 80])], 40).seen[0]?.id, 2);
  assert.is(stepTracks(state, [at([900, 500, 60, 20])], 40).seen[0]?.id, 2);
});

test("twenty plates at once are twenty tracks, a flood of them is bounded", () => {
  const many = Array.from({ length: 60 }, (_, i) => at([(i % 10) * 120, Math.floor(i / 10) * 100, 80, 25]));
  assert.is(stepTracks(noTracks, many.slice(0, 20), 0).state.tracks.length, 20);
  assert.is(stepTracks(noTracks, many, 0).state.tracks.length, trackDefaults.maxTracks);
});

test.run();

function at(box: Box): Detection {
  return { box, quad: quadOf(box), confidence: 0.8 };
}

/** A car that comes nearer at some speed, in frames of 40 ms, with a shaking box. */
function drive(random: Random, frames: number, x = random.between(100, 700)): Box[] {
  const growth = random.between(1, 1.03);
  const [dx, dy] = [random.between(-2, 2), random.between(0, 4)];
  const width = random.between(50, 90);
  return Array.from({ length: frames }, (_, i) => {
    const w = width * Math.min(3, growth ** i) * (1 + random.normal(0.02));
    return [
      x + dx * i + random.normal(1.5),
      150 + dy * i + random.normal(1),
      w,
      (w / 4) * (1 + random.normal(0.03)),
    ];
  });
}

function follow(frames: readonly (readonly Detection[])[]): {
  state: TrackerState;
  seen: (Track | null)[][];
} {
  let state: TrackerState = noTracks;
  const seen = frames.map((detections, i) => {
    const step = stepTracks(state, detections, i * FRAME_MS);
    state = step.state;
    return step.seen;
  });
  return { state, seen };
}
