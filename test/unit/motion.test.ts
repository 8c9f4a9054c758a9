import { test } from "uvu";
import * as assert from "uvu/assert";
import { type MotionState, motionDefaults, noMotion, stepMotion } from "../../src/core/motion.js";
import { forSeeds, type Random, seeded } from "../support/random.js";

const [WIDTH, HEIGHT] = [64, 36];
const FRAME_MS = 66;

test("the first frame is looked at", () => {
  assert.ok(stepMotion(noMotion, scene(seeded(1), 0), 0, false).look);
});

test("an empty road is looked at only every few seconds, by day and in the noise of the night", () => {
  forSeeds(15, (random) => {
    const noise = random.between(0, 6);
    const { looks } = watch(200, () => scene(random, noise), noMotion);
    const late = looks.slice(80).filter(Boolean).length;
    assert.ok(late <= (120 * FRAME_MS) / motionDefaults.idleLookMs + 2, `${late} looks with noise ${noise}`);
  });
});

test("a car that comes into the picture is looked at in the same frame", () => {
  forSeeds(15, (random) => {
    const noise = random.between(0, 4);
    const calm = watch(120, () => scene(random, noise), noMotion);
    const car = scene(random, noise);
    const step = stepMotion(calm.state, withCar(car, random.whole(2, 50), 20), 120 * FRAME_MS, false);
    assert.ok(step.moving && step.look);
  });
});

test("a car that stands still is looked at for a while, then only now and then, more often while it is followed", () => {
  const random = seeded(3);
  const calm = watch(100, () => scene(random, 2), noMotion);
  const standing = (attentive: boolean) =>
    watch(300, () => withCar(scene(random, 2), 20, 20), calm.state, attentive, 100)
      .looks.slice(200)
      .filter(Boolean).length;
  assert.ok(standing(false) <= 6);
  assert.ok(standing(true) >= 10 && standing(true) <= 25);
});

test("a change of the light all over the picture is no motion", () => {
  const random = seeded(5);
  const calm = watch(100, () => scene(random, 1), noMotion);
  assert.not(stepMotion(calm.state, scene(random, 1, 25), 100 * FRAME_MS, false).moving);
});

test("a picture of another size starts anew instead of failing", () => {
  const { state } = watch(3, () => scene(seeded(1), 1), noMotion);
  assert.ok(stepMotion(state, new Uint8Array(100), 1000, false).look);
});

test.run();

function scene(random: Random, noise: number, brighter = 0): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const still = 100 + 40 * Math.sin(i / 7) + 30 * Math.cos(i / WIDTH);
    return Math.max(0, Math.min(255, still + brighter + random.normal(noise)));
  });
}

function withCar(picture: Uint8Array, x: number, y: number): Uint8Array {
  const out = Uint8Array.from(picture);
  for (let r = y; r < y + 6; r++) for (let c = x; c < Math.min(WIDTH, x + 10); c++) out[r * WIDTH + c] = 230;
  return out;
}

function watch(frames: number, picture: () => Uint8Array, from: MotionState, attentive = false, start = 0) {
  let state = from;
  const looks = Array.from({ length: frames }, (_, i) => {
    const step = stepMotion(state, picture(), (start + i) * FRAME_MS, attentive);
    state = step.state;
    return step.look;
  });
  return { state, looks };
}
