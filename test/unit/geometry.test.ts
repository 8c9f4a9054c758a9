import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Box,
  boxAround,
  iou,
  isConvex,
  isSamePlace,
  mapPoint,
  type Point,
  type Quad,
  quadOf,
  quadSize,
  rollOf,
  squareToQuad,
  suppress,
  turnQuad,
  widen,
} from "../../src/core/geometry.js";
import { forSeeds, type Random } from "../support/random.js";

const corners: Quad = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

test("the map onto a quad carries the corners of the square to its corners", () => {
  forSeeds(200, (random) => {
    const quad = randomQuad(random);
    const map = squareToQuad(quad)!;
    for (const [i, corner] of corners.entries()) {
      const [x, y] = mapPoint(map, corner);
      assert.ok(Math.hypot(x - quad[i]![0], y - quad[i]![1]) < 1e-6, `${x},${y} for ${quad[i]}`);
    }
  });
});

test("corners on one line have no map", () => {
  assert.is(
    squareToQuad([
      [0, 0],
      [10, 0],
      [20, 0],
      [30, 0],
    ]),
    null,
  );
  assert.is(
    squareToQuad([
      [5, 5],
      [5, 5],
      [5, 5],
      [5, 5],
    ]),
    null,
  );
});

test("a turned plate is told by how far it is turned, a level one seen from aside is not turned", () => {
  const plate = quadOf([300, 200, 200, 44]);
  for (const degrees of [-40, -20, -7, 7, 20, 40]) {
    const turned = turnQuad(plate, (degrees * Math.PI) / 180);
    assert.ok(Math.abs((rollOf(turned) * 180) / Math.PI - degrees) < 1e-6, `${degrees}`);
    for (const [i, [x, y]] of turnQuad(turned, -rollOf(turned)).entries())
      assert.ok(Math.hypot(x - plate[i]![0], y - plate[i]![1]) < 1e-6, `${degrees}: ${x},${y}`);
  }
  assert.is(rollOf(plate), 0);
  assert.is(rollOf(turnQuad(plate, 0.05)), 0, "a little is nothing");
  const aside: Quad = [
    [0, 40],
    [100, 0],
    [100, 44],
    [0, 84],
  ];
  assert.is(rollOf(aside), 0, "only its level edges lean");
  const leaning: Quad = [
    [20, 0],
    [220, 0],
    [200, 44],
    [0, 44],
  ];
  assert.is(rollOf(leaning), 0, "only its upright edges lean");
});

test("widening an upright box adds the share on every side", () => {
  const wide = widen(quadOf([100, 50, 200, 40]), 0.05);
  assert.equal(boxAround(wide), [90, 48, 220, 44]);
  assert.equal(quadSize(wide), { width: 220, height: 44 });
});

test("a quad with a dent, turned round or crossed is not convex", () => {
  assert.ok(isConvex(quadOf([0, 0, 10, 5])));
  assert.not(
    isConvex([
      [0, 0],
      [10, 0],
      [3, 2],
      [0, 5],
    ]),
  );
  assert.not(
    isConvex([
      [0, 0],
      [0, 5],
      [10, 5],
      [10, 0],
    ]),
  );
  assert.not(
    isConvex([
      [0, 0],
      [10, 5],
      [10, 0],
      [0, 5],
    ]),
  );
});

test("overlap is one for the same box, zero for boxes apart, and the same both ways", () => {
  forSeeds(200, (random) => {
    const [a, b] = [randomBox(random), randomBox(random)];
    assert.ok(Math.abs(iou(a, a) - 1) < 1e-9);
    assert.ok(Math.abs(iou(a, b) - iou(b, a)) < 1e-12);
    assert.ok(iou(a, b) >= 0 && iou(a, b) <= 1);
    assert.is(iou(a, [a[0] + a[2], a[1], 5, 5]), 0);
  });
});

test("of boxes that cover each other the most confident one stays, and a box within a box goes", () => {
  const found = [
    { box: [0, 0, 100, 30] as const, confidence: 0.6 },
    { box: [4, 1, 100, 30] as const, confidence: 0.9 },
    { box: [10, 2, 50, 26] as const, confidence: 0.5 },
    { box: [300, 0, 100, 30] as const, confidence: 0.3 },
  ];
  assert.equal(
    suppress(found).map((f) => f.confidence),
    [0.9, 0.3],
  );
});

test("a place is the same seen from either box, whatever the scale; one without an extent is none", () => {
  forSeeds(200, (random) => {
    const [a, b] = [randomBox(random), randomBox(random)];
    const near = a.map((n, i) => n + random.between(-0.4, 0.4) * a[2] * (i < 2 ? 1 : 0.3)) as unknown as Box;
    const larger = (box: Box) => box.map((n) => n * 1.5) as unknown as Box;
    for (const other of [b, near]) {
      assert.is(isSamePlace(a, other), isSamePlace(other, a));
      assert.is(isSamePlace(larger(a), larger(other)), isSamePlace(a, other));
    }
    assert.ok(isSamePlace(a, a));
    assert.not.ok(isSamePlace(a, [a[0], a[1], 0, 0]) || isSamePlace([0, 0, 0, 0], [0, 0, 0, 0]));
  });
});

test.run();

function randomBox(random: Random): Box {
  return [random.between(-50, 600), random.between(-50, 300), random.between(1, 300), random.between(1, 200)];
}

function randomQuad(random: Random): Quad {
  const [x, y, w, h] = [
    random.between(0, 900),
    random.between(0, 500),
    random.between(20, 300),
    random.between(8, 90),
  ];
  const near = (px: number, py: number): Point => [
    px + random.normal(w * 0.05),
    py + random.normal(h * 0.05),
  ];
  return [near(x, y), near(x + w, y), near(x + w, y + h), near(x, y + h)];
}
