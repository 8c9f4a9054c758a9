import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Picture } from "../../src/system/picture.js";
import { createFusion, solve } from "../../src/vision/fusion.js";
import { createPixels } from "../../src/vision/pixels.js";
import { drawPlate } from "../support/plate-drawing.js";
import { forSeeds, type Random, seeded } from "../support/random.js";

const [WIDTH, HEIGHT] = [160, 64];

test("a mean of misplaced noisy crops is nearer to the plate than any of them", async () => {
  const fusion = createFusion(WIDTH, HEIGHT);
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seeded(seed);
    const drawn = await drawPlate({ text: "KX51ABC", heightPx: 40, noise: 0 }, random);
    const clean = cropOf(drawn, drawn.quad, random, 0);
    const crops = Array.from({ length: 6 }, (_, i) => ({
      crop: noisy(cropOf(drawn, drawn.quad, random, i === 0 ? 0 : 1), random, 40),
      weight: i === 0 ? 1.01 : 1,
    }));
    const fused = fusion.fuse(crops)!;
    assert.ok(fused.used >= 4, `seed ${seed}: ${fused.used} of 6`);
    const single = difference(crops[0]!.crop, clean);
    assert.ok(
      difference(fused.crop, clean) < 0.6 * single,
      `seed ${seed}: ${difference(fused.crop, clean)}, ${single}`,
    );
  }
});

test("a crop that shows nothing, or only noise, stays out", async () => {
  const fusion = createFusion(WIDTH, HEIGHT);
  const random = seeded(9);
  const one = await drawPlate({ text: "KX51ABC", heightPx: 40 }, random);
  const plain = { width: WIDTH, height: HEIGHT, rgb: new Uint8Array(WIDTH * HEIGHT * 3).fill(90) };
  const first = { crop: cropOf(one, one.quad, random, 0), weight: 2 };
  for (const crop of [plain, noisy(plain, random, 60)])
    assert.ok(fusion.fuse([first, { crop, weight: 1 }]) === null);
});

test("one crop alone, or none, is no fusion", () => {
  const fusion = createFusion(WIDTH, HEIGHT);
  const crop = noisy(
    { width: WIDTH, height: HEIGHT, rgb: new Uint8Array(WIDTH * HEIGHT * 3) },
    seeded(1),
    50,
  );
  assert.is(fusion.fuse([]), null);
  assert.is(fusion.fuse([{ crop, weight: 1 }]), null);
});

test("equal crops give themselves, however heavy they are", () => {
  forSeeds(20, (random) => {
    const fusion = createFusion(WIDTH, HEIGHT);
    const plain = { width: WIDTH, height: HEIGHT, rgb: new Uint8Array(WIDTH * HEIGHT * 3).fill(120) };
    const crop = noisy(plain, random, 50);
    const fused = fusion.fuse([
      { crop, weight: random.between(0.01, 3) },
      { crop, weight: random.between(0.01, 3) },
    ])!;
    assert.ok(difference(fused.crop, crop) < 1);
  });
});

test("linear equations are solved, and refused where they have no one answer", () => {
  forSeeds(100, (random) => {
    const want = Array.from({ length: 6 }, () => random.normal(3));
    const rows = want.map(() => want.map(() => random.normal(1)));
    const given = rows.map((row) => [...row, row.reduce((sum, v, i) => sum + v * want[i]!, 0)]);
    for (const [i, value] of solve(given)!.entries()) assert.ok(Math.abs(value - want[i]!) < 1e-4);
  });
  assert.is(
    solve([
      [1, 2, 3],
      [2, 4, 6],
    ]),
    null,
  );
});

test.run();

/** The plate straightened with corners that are wrong by up to about 4 % of its width. */
function cropOf(
  picture: Picture,
  quad: Parameters<ReturnType<typeof createPixels>["straighten"]>[0],
  random: Random,
  wrong: number,
): Picture {
  const pixels = createPixels();
  pixels.put(picture);
  const [dx, dy, zoom] = [
    random.normal(2 * wrong),
    random.normal(1.2 * wrong),
    1 + random.normal(0.02 * wrong),
  ];
  const [cx, cy] = [picture.width / 2, picture.height / 2];
  const moved = quad.map(([x, y]) => [cx + (x - cx) * zoom + dx, cy + (y - cy) * zoom + dy] as const);
  return pixels.straighten(moved as unknown as typeof quad, WIDTH, HEIGHT)!;
}

function noisy({ width, height, rgb }: Picture, random: Random, deviation: number): Picture {
  return {
    width,
    height,
    rgb: Uint8Array.from(rgb, (v) => Math.max(0, Math.min(255, v + random.normal(deviation)))),
  };
}

/** Root of the mean squared difference of the middle, grey levels. */
function difference(a: Picture, b: Picture): number {
  let [sum, count] = [0, 0];
  for (let y = 12; y < HEIGHT - 12; y++) {
    for (let i = (y * WIDTH + 24) * 3; i < (y * WIDTH + WIDTH - 24) * 3; i++) {
      sum += (a.rgb[i]! - b.rgb[i]!) ** 2;
      count++;
    }
  }
  return Math.sqrt(sum / count);
}
