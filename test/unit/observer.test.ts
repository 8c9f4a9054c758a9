import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Box, type Detection, quadOf } from "../../src/core/geometry.js";
import { decode, type PlateRead } from "../../src/core/plate.js";
import { loadPicture } from "../../src/system/picture.js";
import { createObserver, type ObserverDeps } from "../../src/vision/observer.js";
import type { Vision } from "../../src/vision/vision.js";
import { clearRead } from "../support/simulated-reads.js";

const FRAME_MS = 66;

test("a car in front of the camera becomes new, pictures, and end, all under one id", async () => {
  const camera = scene((f) => (f >= 10 && f < 50 ? [{ box: drive(f), read: clearRead("KX51ABC") }] : []));
  const { told } = await play(camera.vision, 150);
  assert.equal([told[0]!.phase, told.at(-1)!.phase], ["new", "end"]);
  assert.equal([...new Set(told.map((s) => s.trackId))], ["front-s-1"]);
  assert.is(told[0]!.crop, undefined);
  const pictured = told.find((s) => s.crop !== undefined)!;
  assert.equal(
    [(await loadPicture(pictured.crop!)).height > 8, (await loadPicture(pictured.frame!)).width],
    [true, 320],
  );
});

test("of a plate that is hard to read the enhanced crop comes with the plain one, in its size; of a clear one none", async () => {
  for (const [read, isHard] of [
    [smear(clearRead("KX51ABC"), 0.6), true],
    [clearRead("KX51ABC", 0.999), false],
  ] as const) {
    const { vision } = scene((f) => (f < 40 ? [{ box: drive(f), read }] : []));
    const enhanced = async () => ({ width: 8, height: 4, rgb: new Uint8Array(8 * 4 * 3) });
    const { told } = await play({ ...vision, enhanced }, 150);
    const pictured = told.filter((s) => s.crop !== undefined);
    assert.ok(pictured.length > 0);
    for (const sighting of pictured) {
      assert.is(sighting.enhanced !== undefined, isHard);
      if (sighting.enhanced === undefined) continue;
      const [plain, better] = [await loadPicture(sighting.crop!), await loadPicture(sighting.enhanced)];
      assert.equal([better.width, better.height], [plain.width, plain.height]);
    }
    // Without an enhancer there is nothing but the crop.
    const { told: without } = await play(vision, 150);
    assert.ok(without.every((s) => s.enhanced === undefined));
  }
});

test("without pictures none are made", async () => {
  const camera = scene(() => [{ box: [100, 80, 80, 24], read: clearRead("KX51ABC") }]);
  const { told } = await play(camera.vision, 30, { pictures: false });
  assert.ok(told.length > 0 && told.every((s) => s.crop === undefined && s.frame === undefined));
});

test("an empty road is looked at rarely, a car in every frame that shows it moving", async () => {
  const empty = scene(() => []);
  await play(empty.vision, 300);
  assert.ok(empty.looks() < 60, `${empty.looks()} looks`);
  const busy = scene((f) => [{ box: drive(f % 60), read: clearRead("KX51ABC") }]);
  await play(busy.vision, 60);
  assert.ok(busy.looks() >= 55, `${busy.looks()} looks`);
});

test("what the vehicle looks like comes with its pictures, or with the first word where the gate asks for it", async () => {
  const camera = () => scene((f) => [{ box: drive(f), read: clearRead("KX51ABC") }]).vision;
  const { told } = await play(camera(), 30);
  assert.is(told[0]!.appearance, undefined);
  for (const one of told) assert.is(one.appearance === undefined, one.frame === undefined);
  assert.ok(told.some((one) => one.appearance?.model === "test"));
  const first = (await play(camera(), 30, { looksFirst: true })).told[0]!;
  assert.is(first.phase, "new");
  assert.is(first.appearance?.model, "test");
  assert.is(first.frame, undefined);
});

test("a settled plate spares the reader", async () => {
  const camera = scene((f) => [{ box: drive(f), read: clearRead("KX51ABC") }]);
  await play(camera.vision, 60, { motionGate: false });
  assert.ok(camera.reads() >= 3 && camera.reads() <= 20, `${camera.reads()} readings`);
});

test("the frames of an unsure plate are laid over each other after every third reading, those of a sure one never", async () => {
  const unsure = scene((f) => [
    { box: drive(f), read: smear(clearRead(f % 2 === 0 ? "KX51ABC" : "KX57ABC"), 0.7) },
  ]);
  await play(unsure.vision, 12, { motionGate: false });
  assert.equal(unsure.overlays(), [3, 6, 8, 8]);
  const sure = scene((f) => [{ box: drive(f), read: clearRead("KX51ABC") }]);
  await play(sure.vision, 12, { motionGate: false });
  assert.equal(sure.overlays(), []);
});

test("what is drawn has the text of its track from the second frame on", async () => {
  const camera = scene((f) => [{ box: drive(f), read: clearRead("KX51ABC") }]);
  const { drawn } = await play(camera.vision, 5, { motionGate: false });
  assert.equal(
    drawn.map((d) => d.map((p) => p.text)),
    Array.from({ length: 5 }, () => ["KX51ABC"]),
  );
});

test("a plate that nobody can read is drawn and never told", async () => {
  const camera = scene(() => [{ box: [100, 80, 80, 24], read: null }]);
  const { told, drawn } = await play(camera.vision, 40);
  assert.equal(told, []);
  assert.ok(drawn.some((d) => d.length === 1 && d[0]!.text === ""));
});

test("the end of the source ends what is open, and the numbers go on after it", async () => {
  const camera = scene((f) => [{ box: drive(f), read: clearRead("KX51ABC") }]);
  const observer = createObserver({
    vision: camera.vision,
    camera: "front",
    session: "s",
    minConfidence: 0.35,
  });
  const ids: string[] = [];
  for (let round = 0; round < 2; round++) {
    for (let f = 0; f < 10; f++) await observer.observe(frameAt(round * 100 + f));
    const last = await observer.finish();
    assert.equal(
      last.map((s) => s.phase),
      ["end"],
    );
    ids.push(last[0]!.trackId);
  }
  assert.is(new Set(ids).size, 2);
  assert.equal(await observer.finish(), []);
});

test.run();

interface Car {
  box: Box;
  read: PlateRead | null;
}

/** A vision that sees what the scene says for the frame's number, which stands in its first two bytes. */
function scene(carsAt: (frame: number) => Car[]) {
  let looks = 0;
  let reads = 0;
  const overlays: number[] = [];
  const cars = (rgb: Uint8Array) => carsAt(rgb[0]! + 256 * rgb[1]!);
  const vision: Vision = {
    async detect({ rgb }) {
      looks++;
      return {
        detections: cars(rgb).map(({ box }): Detection => ({ box, quad: quadOf(box), confidence: 0.9 })),
        stages: { detect: 1 },
      };
    },
    async read({ rgb }, detections) {
      const looked = detections.map((detection) => {
        reads++;
        const read = cars(rgb).find((c) => c.box.join() === detection.box.join())?.read ?? null;
        return {
          detection,
          kind: "whole" as const,
          plausibility: 0.9,
          read,
          region: null,
          crop: { width: 1, height: 1, rgb },
        };
      });
      return { looks: looked, stages: { read: 1 } };
    },
    thumbnail({ rgb }, width, height) {
      const picture = new Uint8Array(width * height).fill(100);
      for (const { box } of cars(rgb)) picture.fill(220, Math.round(box[0] * 3), Math.round(box[0] * 3) + 60);
      return picture;
    },
    async overlay(crops) {
      overlays.push(crops.length);
      return null;
    },
    enhanced: async () => null,
    crop: (_, { box }) => ({
      width: Math.round(box[2]),
      height: Math.round(box[3]),
      rgb: new Uint8Array(Math.round(box[2]) * Math.round(box[3]) * 3),
    }),
    appearance: async (_, { box }) => ({ model: "test", vector: [Math.round(box[0])] }),
    models: () => ({}),
    close: async () => {},
  };
  return { vision, looks: () => looks, reads: () => reads, overlays: () => overlays };
}

/** The reading with only this share of its certainty in every character; the rest is spread over all others. */
function smear(read: PlateRead, share: number): PlateRead {
  return decode(read.evidence.map((row) => row.map((p) => share * p + (1 - share) / row.length)));
}

function drive(f: number): Box {
  const width = 50 * 1.015 ** f;
  return [60 + f, 60 + f, width, width / 4];
}

function frameAt(number: number) {
  const rgb = Buffer.alloc(320 * 180 * 3, 90);
  rgb[0] = number % 256;
  rgb[1] = Math.floor(number / 256);
  return { width: 320, height: 180, rgb, atMs: 1000 + number * FRAME_MS };
}

async function play(vision: Vision, frames: number, more: Partial<ObserverDeps> = {}) {
  const observer = createObserver({ vision, camera: "front", session: "s", minConfidence: 0.35, ...more });
  const seen = [];
  for (let f = 0; f < frames; f++) seen.push(await observer.observe(frameAt(f)));
  return {
    told: [...seen.flatMap((o) => o.sightings), ...(await observer.finish())],
    drawn: seen.map((o) => o.plates),
  };
}
