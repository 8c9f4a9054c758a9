import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { WatchLine } from "../../src/commands/watch.js";
import { boxAround, iou } from "../../src/core/geometry.js";
import type { Picture } from "../../src/system/picture.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { lookAtPhoto, WEAKEST } from "../../src/vision/photo.js";
import { openVision } from "../../src/vision/vision.js";
import { cutPicture, drawPlate, joinPictures, plausiblePlate } from "../support/plate-drawing.js";
import { seeded } from "../support/random.js";
import { skipLoudly } from "../support/skip.js";

const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const film = process.env.PLATEGATE_FILM ?? "../shared/data/videos/uk-roundabout-720p.mp4";
const vision = await openVision({
  modelsFolder: modelsFolder(),
  threads: 1,
  minConfidence: WEAKEST,
  thorough: true,
});

test("twenty plates in one picture are found and read, each at its place", async () => {
  const random = seeded(3);
  const drawn = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const text = plausiblePlate(random);
      return { text, ...(await drawPlate({ text, heightPx: 30 + i }, random)) };
    }),
  );
  const looks = await lookAtPhoto(vision, joinPictures(drawn, 4));
  assert.is(looks.length, 20);
  const right = drawn.filter(({ text, quad, width, height }, i) => {
    const [x, y, w, h] = boxAround(quad);
    const place = [x + (i % 4) * width, y + Math.floor(i / 4) * height, w, h] as const;
    return looks.some((l) => l.read?.text === text && iou(l.detection.box, place) > 0.5);
  });
  assert.ok(right.length >= 19, `${right.length} of 20`);
});

test("corners of turned plates and of plates seen from aside are within 3 % of the width", async () => {
  const random = seeded(12);
  for (const [name, view] of [
    ["turned by 20°", { turn: 20 }],
    ["turned by -30°", { turn: -30 }],
    ["seen from 45° aside", { slant: 45 }],
  ] as const) {
    let sum = 0;
    for (let i = 0; i < 12; i++) {
      const drawn = await drawPlate(
        { text: plausiblePlate(random), heightPx: 30, noise: 3, ...view },
        random,
      );
      const box = boxAround(drawn.quad);
      const looks = await lookAtPhoto(vision, drawn);
      const quad = looks.find((l) => iou(l.detection.box, box) > 0.5)?.detection.quad;
      assert.ok(quad, `${name}: plate ${i} is not found`);
      for (const [c, [x, y]] of drawn.quad.entries())
        sum += Math.hypot(quad[c]![0] - x, quad[c]![1] - y) / box[2] / 4 / 12;
    }
    assert.ok(sum <= 0.03, `${name}: ${(100 * sum).toFixed(1)} %`);
  }
});

test("a picture without a plate gives none", async () => {
  for (const grey of [0, 90, 255]) {
    const plain = { width: 1280, height: 720, rgb: new Uint8Array(1280 * 720 * 3).fill(grey) };
    assert.equal(await lookAtPhoto(vision, plain), []);
  }
});

test("a plate that the edge of the picture cuts is never read as a whole one", async () => {
  const random = seeded(11);
  for (let i = 0; i < 12; i++) {
    const text = plausiblePlate(random);
    const drawn = await drawPlate({ text, heightPx: 40 }, random, 480, 288);
    const [x, , w] = boxAround(drawn.quad);
    const left = Math.round(x + w * (0.1 + 0.05 * i));
    const looks = await lookAtPhoto(vision, cutPicture(drawn, left, 0, 480 - left, 288));
    // Where only the rim of the plate is gone, the whole text may be read.
    const wrong = looks.map((l) => l.read?.text ?? "").filter((read) => read !== "" && read !== text);
    assert.equal(wrong, [], `${text} cut at ${(0.1 + 0.05 * i).toFixed(2)}`);
  }
});

test("most plates that fill a picture and are cut by its end are not read as whole ones; uncut ones are", async () => {
  const random = seeded(12);
  const count = { whole: 0, wrong: 0 };
  for (let i = 0; i < 30; i++) {
    const text = plausiblePlate(random);
    const drawn = await drawPlate({ text, heightPx: 60 }, random, 640, 384);
    const [x, y, w, h] = boxAround(drawn.quad).map(Math.round) as [number, number, number, number];
    const rim = Math.round(0.1 * w);
    const closeUp = cutPicture(drawn, x - rim, y - rim, w + 2 * rim, h + 2 * rim);
    const cut = Math.round(rim + w * (0.15 + 0.01 * i));
    const rest = cutPicture(closeUp, i % 2 === 0 ? 0 : cut, 0, closeUp.width - cut, closeUp.height);
    const texts = async (picture: Picture) =>
      (await lookAtPhoto(vision, picture)).map((look) => look.read?.text ?? "").filter((read) => read !== "");
    if ((await texts(closeUp)).includes(text)) count.whole++;
    if ((await texts(rest)).some((read) => read !== text)) count.wrong++;
  }
  assert.ok(count.whole >= 27, `${count.whole} of 30 whole ones`);
  assert.ok(count.wrong <= 8, `${count.wrong} of 30 cut ones`);
});

test("noisy frames laid over each other are read where most single ones are not; clear ones need it not", async () => {
  const right = { single: 0, overlaid: 0 };
  for (let seed = 1; seed <= 6; seed++) {
    const random = seeded(seed);
    const text = plausiblePlate(random);
    const clean = await drawPlate({ text, heightPx: 18, noise: 0 }, random);
    const plate = { quad: clean.quad, box: boxAround(clean.quad), confidence: 1 };
    const crops = async (noise: number) => {
      const views: { crop: Picture; weight: number; right: boolean }[] = [];
      for (let f = 0; f < 6; f++) {
        const rgb = Uint8Array.from(clean.rgb, (v) => Math.max(0, Math.min(255, v + random.normal(noise))));
        const [look] = (await vision.read({ ...clean, rgb }, [plate])).looks;
        views.push({ crop: look!.crop!, weight: 1, right: look!.read?.text === text });
      }
      return views;
    };
    assert.is(await vision.overlay(await crops(2)), null);
    const noisy = await crops(120);
    right.single += noisy.filter((view) => view.right).length / noisy.length;
    right.overlaid += (await vision.overlay(noisy))?.text === text ? 1 : 0;
  }
  assert.ok(right.overlaid >= right.single + 2, `${right.overlaid} and ${right.single} of 6`);
});

test("a plate that is hard to read may be read enhanced, and the models in use say so", async () => {
  const enhancing = await openVision({
    modelsFolder: modelsFolder(),
    threads: 1,
    minConfidence: WEAKEST,
    enhance: true,
  });
  assert.match(enhancing.models().enhancer!, /enhancer\.onnx/);
  const random = seeded(5);
  for (const motionPx of [0, 5]) {
    const text = plausiblePlate(random);
    const drawn = await drawPlate({ text, heightPx: 26, motionPx }, random);
    const looks = await lookAtPhoto(enhancing, drawn);
    assert.equal(
      looks.map((l) => l.read?.text),
      [text],
    );
  }
  await enhancing.close();
});

test("rubbish of any size is looked at without a crash, and the corners that come are numbers", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seeded(seed);
    const [width, height] = [random.whole(1, 900), random.whole(1, 600)];
    const rgb = Uint8Array.from({ length: width * height * 3 }, () => random.whole(0, 255));
    for (const { detection } of await lookAtPhoto(vision, { width, height, rgb })) {
      const numbers = [...detection.box, ...detection.quad.flat(), detection.confidence];
      assert.ok(numbers.every(Number.isFinite), `seed ${seed}`);
    }
  }
});

test("the demo film gives its two passes", async () => {
  const lines = await watch("demo");
  assert.equal(
    lines.map((l) => [l.plate, l.decision]),
    [
      ["PG26DEM", "granted"],
      ["XB71NOT", "denied"],
    ],
  );
  assert.is(lines[0]!.direction, "approaching");
});

test("a real film of one car in the rain gives one pass with its plate", async () => {
  if (!existsSync(film)) return skipLoudly("the real film", `${film} is not there`);
  const truth = JSON.parse(readFileSync(film.replace(/\.mp4$/, ".json"), "utf8")) as { plates: string[] };
  const lines = await watch(film);
  assert.equal(
    lines.map((l) => l.plate),
    truth.plates,
  );
  assert.is(lines[0]!.direction, "approaching");
  assert.ok(lines[0]!.score > 0.9);
});

test.after(() => vision.close());
test.run();

async function watch(source: string): Promise<WatchLine[]> {
  const args = [cli, "watch", "--json", "--allow", "PG26DEM", source];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  assert.is(await new Promise((resolve) => child.on("close", resolve)), 0);
  return output
    .split("\n")
    .filter((l) => l !== "")
    .map((l) => JSON.parse(l) as WatchLine);
}
