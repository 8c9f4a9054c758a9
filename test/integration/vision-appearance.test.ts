import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defaultConfig } from "../../src/config.js";
import { APPEARANCE_NUMBERS, type Appearance, likenessOf } from "../../src/core/appearance.js";
import { quadOf } from "../../src/core/geometry.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { openVision, type Vision } from "../../src/vision/vision.js";
import { plausiblePlate } from "../support/plate-drawing.js";
import { type Random, seeded } from "../support/random.js";
import { type DrawnVehicle, drawVehicle, type VehicleView } from "../support/vehicle-drawing.js";

const looks = suite("appearance of vehicles");
const SHAPES = ["hatch", "saloon", "van", "lorry", "sports"] as const;
const PAINTS = ["#b3261e", "#1d4f91", "#e9e9e4", "#2a2d30", "#7f868c", "#2f6b3d"];
const { minLikeness } = defaultConfig().access;
let vision: Vision;

looks.before(async () => {
  vision = await openVision({ modelsFolder: modelsFolder(), threads: 1, minConfidence: 0.3 });
});
looks.after(() => vision.close());

/** Every time another plate, distance, place, light and noise. */
function anyView(random: Random): VehicleView {
  return {
    plate: plausiblePlate(random),
    platePx: random.between(55, 95),
    at: [random.between(250, 390), random.between(260, 320)],
    light: random.between(0.55, 1),
    noise: random.between(2, 10),
  };
}

async function seen(vehicle: DrawnVehicle, random: Random, view = anyView(random)): Promise<Appearance> {
  const picture = await drawVehicle(vehicle, view, random);
  const found = await vision.appearance(picture, {
    box: picture.plate,
    quad: quadOf(picture.plate),
    confidence: 1,
  });
  assert.is.not(found, null);
  return found!;
}

function fleet(random: Random): DrawnVehicle[] {
  return SHAPES.flatMap((shape) =>
    PAINTS.map((paint) => ({ shape, paint, face: [random.between(0, 1), random.between(0, 1)] as const })),
  );
}

looks("the same vehicle under another plate is more alike than thirty others under theirs", async () => {
  const random = seeded(3);
  const vehicles = fleet(random);
  const known: Appearance[] = [];
  for (const vehicle of vehicles) known.push(await seen(vehicle, random));
  let first = 0;
  for (const [i, vehicle] of vehicles.entries()) {
    const again = await seen(vehicle, random);
    const likenesses = known.map((one) => likenessOf(one, again)!);
    if (likenesses.indexOf(Math.max(...likenesses)) === i) first++;
  }
  console.log(`${first} of ${vehicles.length} vehicles are most like themselves`);
  assert.ok(first >= 0.9 * vehicles.length, `${first} of ${vehicles.length}`);
});

looks(
  "a plate on another shape of vehicle falls below the threshold, on its own vehicle it does not",
  async () => {
    const random = seeded(5);
    const own: DrawnVehicle = { shape: "hatch", paint: "#b3261e", face: [0.2, 0.8] };
    const others: DrawnVehicle[] = [
      { shape: "lorry", paint: "#e9e9e4", face: [0.9, 0.1] },
      { shape: "van", paint: "#1d4f91", face: [0.8, 0.2] },
      { shape: "sports", paint: "#2a2d30", face: [1, 0] },
    ];
    const history: Appearance[] = [];
    for (let i = 0; i < 5; i++) history.push(await seen(own, random));
    const best = (one: Appearance) => Math.max(...history.map((h) => likenessOf(h, one)!));
    for (let i = 0; i < 10; i++) {
      const likeness = best(await seen(own, random));
      assert.ok(likeness > minLikeness, `the same car: ${likeness}`);
    }
    for (const other of others) {
      const likeness = best(await seen(other, random));
      console.log(`${other.shape}: ${likeness.toFixed(2)}`);
      assert.ok(likeness < minLikeness, `${other.shape}: ${likeness}`);
    }
  },
);

looks("neither the text of the plate nor the light changes a vehicle much; another paint does", async () => {
  const random = seeded(7);
  const red: DrawnVehicle = { shape: "saloon", paint: "#b3261e", face: [0.5, 0.5] };
  const view: VehicleView = { plate: "AB12CDE", platePx: 70, at: [320, 290], light: 1, noise: 0 };
  const base = await seen(red, random, view);
  const likeness = async (vehicle: DrawnVehicle, more: Partial<VehicleView>) =>
    likenessOf(base, await seen(vehicle, random, { ...view, ...more }))!;
  const otherPlate = await likeness(red, { plate: "KX88 ZZW" });
  const dusk = await likeness(red, { light: 0.5 });
  const green = await likeness({ ...red, paint: "#2f6b3d" }, {});
  console.log(`other plate ${otherPlate}, dusk ${dusk}, green ${green}`);
  assert.ok(otherPlate > 0.97, `other plate ${otherPlate}`);
  assert.ok(dusk > 0.9, `dusk ${dusk}`);
  assert.ok(green < Math.min(otherPlate, dusk) - 0.05, `green ${green}`);
});

looks(
  "a vector has its documented size, names recipe and detector, and is missing where the vehicle is",
  async () => {
    const random = seeded(9);
    const vehicle: DrawnVehicle = { shape: "van", paint: "#7f868c", face: [0.5, 0.5] };
    const one = await seen(vehicle, random);
    assert.is(one.vector.length, APPEARANCE_NUMBERS);
    assert.ok(one.vector.every((v) => Number.isInteger(v) && Math.abs(v) <= 127));
    assert.ok(one.vector.includes(127) || one.vector.includes(-127));
    assert.match(one.model, /^1:[0-9a-f]{12}$/);
    const other = { ...one, model: "1:another" };
    assert.is(likenessOf(one, other), null);
    const picture = await drawVehicle(vehicle, anyView(random), random);
    const away = (box: readonly [number, number, number, number]) =>
      vision.appearance(picture, { box, quad: quadOf(box), confidence: 1 });
    assert.is(await away([300, 200, 14, 4]), null);
    assert.is(await away([10, 10, 400, 100]), null);
  },
);

looks.run();
