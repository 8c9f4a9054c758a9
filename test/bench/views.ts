import { createRequire } from "node:module";
import { join } from "node:path";
import { iou } from "../../src/core/geometry.js";
import { loadPicture, type Picture } from "../../src/system/picture.js";
import { lookAtPhoto } from "../../src/vision/photo.js";
import type { Vision } from "../../src/vision/vision.js";
import { cropRecords } from "./real-crops.js";
import { printTable } from "./table.js";

const sharp = createRequire(import.meta.url)("sharp") as typeof import("sharp").default;

/** From this probability on an answer counts as sure. */
const SURE = 0.9;

/** How a crop is seen: at this share of its size, then out of focus by a blur of this sigma in pixels. */
const views = [
  { name: "as it is", share: 1, blurPx: 0 },
  { name: "at a half", share: 1 / 2, blurPx: 0 },
  { name: "at a third", share: 1 / 3, blurPx: 0 },
  { name: "out of focus", share: 1, blurPx: 1.5 },
];

/**
 * Found and read as a photo, each labelled crop of a split in four views. With `held-out`, which no training sees, this is
 * what decides between networks: many small differences instead of one figure close to its top.
 */
export async function benchViews(data: string, vision: Vision, split: string): Promise<void> {
  const scores = views.map((v) => ({ name: v.name, n: 0, right: 0, sure: 0, wrong: 0 }));
  const plates = new Set<string>();
  for (const record of cropRecords(data, split)) {
    // One crop of each plate: a single blurred one comes up a score of times.
    if (record.text === undefined || record.text.length > 12 || plates.has(record.text)) continue;
    plates.add(record.text);
    if (record.script !== undefined || record.set === "ccpd") continue;
    const picture = await loadPicture(join(data, "crops", record.image));
    for (const [i, view] of views.entries()) {
      const [x, y, w, h] = record.box;
      const s = view.share;
      const looks = await lookAtPhoto(vision, await seen(picture, view));
      const truth = { box: [x * s, y * s, w * s, h * s] as const };
      const best = looks.sort((a, b) => iou(b.detection.box, truth.box) - iou(a.detection.box, truth.box))[0];
      const score = scores[i]!;
      const right = best?.read?.text === record.text;
      const sure = (best?.read?.score ?? 0) >= SURE;
      score.n++;
      score.right += Number(right);
      score.sure += Number(sure);
      score.wrong += Number(sure && !right);
    }
  }
  const sum = (key: "n" | "right" | "sure" | "wrong") => scores.reduce((n, s) => n + s[key], 0);
  const all = { name: "all", n: sum("n"), right: sum("right"), sure: sum("sure"), wrong: sum("wrong") };
  printTable(
    `Real crops (${split}) in four views, found and read`,
    ["view", "n", "right", `sure (${SURE})`, "sure and wrong"],
    [...scores, all].map((s) => [s.name, s.n, s.right, s.sure, s.wrong]),
  );
}

async function seen(picture: Picture, view: { share: number; blurPx: number }): Promise<Picture> {
  if (view.share === 1 && view.blurPx === 0) return picture;
  const width = Math.max(8, Math.round(picture.width * view.share));
  const height = Math.max(8, Math.round(picture.height * view.share));
  let image = sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } });
  if (view.share !== 1) image = image.resize({ width, height, fit: "fill" });
  if (view.blurPx > 0) image = image.blur(view.blurPx);
  return { width, height, rgb: await image.raw().toBuffer() };
}
