import { test } from "uvu";
import * as assert from "uvu/assert";
import { mapPoint, type Point, type Quad, quadOf, squareToQuad } from "../../src/core/geometry.js";
import type { Picture } from "../../src/system/picture.js";
import { createPixels } from "../../src/vision/pixels.js";
import { weightTable } from "../../src/vision/resampling.js";
import { forSeeds, type Random, seeded } from "../support/random.js";

test("the weights of every target position sum to 256 and stay inside the source", () => {
  forSeeds(200, (random) => {
    const [source, target] = [random.whole(1, 3000), random.whole(1, 900)];
    const table = weightTable(source, target);
    const taps = table.length / target - 1;
    for (let i = 0; i < target; i++) {
      const row = table.subarray(i * (taps + 1), (i + 1) * (taps + 1));
      assert.is(
        row.subarray(1).reduce((a, b) => a + b, 0),
        256,
      );
      assert.ok(row[0]! + taps <= source, `${source} to ${target}, position ${i}`);
    }
  });
});

test("a picture of half the size holds the means of four pixels each, whatever its width", () => {
  for (const [w, h] of [
    [64, 40],
    [30, 20],
    [2, 2],
    [6, 50],
    [254, 6],
  ] as const) {
    const picture = noise(seeded(w), w, h);
    const pixels = createPixels();
    pixels.put(picture);
    const { rgb, scale } = pixels.letterbox([0, 0, w, h], w / 2, h / 2);
    assert.is(scale, 0.5);
    for (const [i, got] of rgb.entries()) {
      const [x, y, c] = [Math.floor(i / 3) % (w / 2), Math.floor(i / 3 / (w / 2)), i % 3];
      const at = (dx: number, dy: number) => picture.rgb[((y * 2 + dy) * w + x * 2 + dx) * 3 + c]!;
      const mean = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
      assert.ok(Math.abs(got - mean) <= 1, `${w}x${h} at ${x},${y}: ${got} instead of ${mean}`);
    }
  }
});

test("scaling by any ratio keeps the mean colour and a plain picture plain", () => {
  forSeeds(100, (random) => {
    const [w, h] = [random.whole(1, 200), random.whole(1, 120)];
    const plain = {
      width: w,
      height: h,
      rgb: new Uint8Array(w * h * 3).map((_, i) => [10, 200, 255][i % 3]!),
    };
    const pixels = createPixels();
    pixels.put(plain);
    const { rgb, width, scale } = pixels.letterbox([0, 0, w, h], 160, 96);
    const [dw, dh] = [Math.max(1, Math.round(w * scale)), Math.max(1, Math.round(h * scale))];
    for (let y = 0; y < 96; y += 5) {
      for (let x = 0; x < 160; x += 3) {
        const pixel = [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
        assert.equal(pixel, x < dw && y < dh ? [10, 200, 255] : [114, 114, 114], `${w}x${h} at ${x},${y}`);
      }
    }
  });
});

test("a part of the picture is scaled as if it were cut out", () => {
  const picture = noise(seeded(2), 90, 60);
  const pixels = createPixels();
  pixels.put(picture);
  const part = Uint8Array.from(pixels.letterbox([10, 20, 60, 30], 40, 20).rgb);
  pixels.put(cut(picture, 10, 20, 60, 30));
  assert.equal(part, Uint8Array.from(pixels.letterbox([0, 0, 60, 30], 40, 20).rgb));
});

test("straightening an upright box of the crop's own size copies it", () => {
  const picture = noise(seeded(3), 100, 60);
  const pixels = createPixels();
  pixels.put(picture);
  assert.equal(pixels.straighten(quadOf([20, 10, 48, 24]), 48, 24)!.rgb, cut(picture, 20, 10, 48, 24).rgb);
});

test("straightening follows the corners and repeats the border outside the picture", () => {
  forSeeds(100, (random) => {
    const picture = slope(200, 120);
    const quad = randomQuad(random);
    const pixels = createPixels();
    pixels.put(picture);
    const crop = pixels.straighten(quad, 80, 32)!;
    const map = squareToQuad(quad)!;
    for (const [x, y] of [
      [0, 0],
      [79, 0],
      [40, 16],
      [79, 31],
      [3, 30],
    ] as const) {
      const [sx, sy] = mapPoint(map, [(x + 0.5) / 80, (y + 0.5) / 32]);
      const want = [Math.max(0.5, Math.min(199.5, sx)), Math.max(0.5, Math.min(119.5, sy)) * 2];
      const got = crop.rgb.subarray((y * 80 + x) * 3, (y * 80 + x) * 3 + 2);
      assert.ok(
        Math.abs(got[0]! - want[0]!) <= 2 && Math.abs(got[1]! - want[1]!) <= 3,
        `${got} instead of ${want} at ${x},${y}`,
      );
    }
  });
});

test("a plate much larger than the crop is averaged, not picked from", () => {
  const stripes = {
    width: 1200,
    height: 600,
    rgb: new Uint8Array(1200 * 600 * 3).map((_, i) => (Math.floor(i / 3) % 2 === 0 ? 0 : 200)),
  };
  const pixels = createPixels();
  pixels.put(stripes);
  const { rgb } = pixels.straighten(quadOf([100, 100, 960, 384]), 160, 64)!;
  assert.ok(rgb.every((v) => Math.abs(v - 100) < 12));
});

test("corners on one line, or no numbers, cannot be straightened", () => {
  const pixels = createPixels();
  pixels.put(noise(seeded(4), 50, 50));
  assert.is(
    pixels.straighten(
      [
        [0, 0],
        [10, 10],
        [20, 20],
        [30, 30],
      ],
      40,
      16,
    ),
    null,
  );
  assert.is(
    pixels.straighten(
      [
        [Number.NaN, 0],
        [10, 0],
        [10, 10],
        [0, 10],
      ],
      40,
      16,
    ),
    null,
  );
});

test("pictures from one pixel to a long strip are taken, one with too few bytes is refused", () => {
  const pixels = createPixels();
  for (const [w, h] of [
    [1, 1],
    [1, 500],
    [3000, 2],
    [16, 16],
  ] as const) {
    pixels.put(noise(seeded(5), w, h));
    assert.is(pixels.letterbox([0, 0, w, h], 64, 64).rgb.length, 64 * 64 * 3);
    assert.is(pixels.thumbnail([0, 0, w, h], 64, 36).length, 64 * 36);
    assert.ok(pixels.straighten(quadOf([0, 0, w, h]), 160, 64));
  }
  assert.throws(() => pixels.put({ width: 10, height: 10, rgb: new Uint8Array(10) }), /10x10/);
});

test("a thumbnail shows where it is bright", () => {
  const picture = { width: 640, height: 360, rgb: new Uint8Array(640 * 360 * 3) };
  for (let y = 180; y < 360; y++) picture.rgb.fill(240, (y * 640 + 320) * 3, (y + 1) * 640 * 3);
  const pixels = createPixels();
  pixels.put(picture);
  const thumbnail = pixels.thumbnail([0, 0, 640, 360], 64, 36);
  assert.equal([thumbnail[0], thumbnail[63], thumbnail[35 * 64], thumbnail[35 * 64 + 63]], [0, 0, 0, 240]);
});

test.run();

function noise(random: Random, width: number, height: number): Picture {
  return { width, height, rgb: Uint8Array.from({ length: width * height * 3 }, () => random.whole(0, 255)) };
}

/** Red is the column, green twice the row. */
function slope(width: number, height: number): Picture {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [(pixel % width) + 0.5, (Math.floor(pixel / width) + 0.5) * 2, 0][i % 3]!;
  });
  return { width, height, rgb };
}

function cut(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3;
    rgb.set(picture.rgb.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, rgb };
}

function randomQuad(random: Random): Quad {
  const [x, y, w, h] = [
    random.between(-20, 120),
    random.between(-10, 80),
    random.between(60, 110),
    random.between(25, 44),
  ];
  const near = (px: number, py: number): Point => [px + random.normal(4), py + random.normal(3)];
  return [near(x, y), near(x + w, y), near(x + w, y + h), near(x, y + h)];
}
