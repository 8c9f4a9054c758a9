/**
 * How well a car is found again by its looks, on the labelled scenes of a data folder: `npm run bench:likeness -- FOLDER`.
 * Cameras in a driving car: frames of the same car within ten seconds are left out, they are almost the same picture.
 */
import { join } from "node:path";
import { defaultConfig } from "../../src/config.js";
import { type Appearance, likenessOf } from "../../src/core/appearance.js";
import { type Box, quadOf } from "../../src/core/geometry.js";
import { loadPicture } from "../../src/system/picture.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { openVision } from "../../src/vision/vision.js";
import { seeded } from "../support/random.js";
import { records } from "./real-crops.js";
import { percent, printTable, quantile } from "./table.js";

interface SceneRecord {
  image: string;
  width: number;
  set: string;
  source: string;
  plates: { box: Box; text?: string; suspect?: boolean; blank?: boolean }[];
}
interface View {
  text: string;
  ride: string;
  at: number;
  looks: Appearance;
}

const APART_S = 10;
const { minLikeness } = defaultConfig().access;
const parts = { all: [0, 256], shape: [0, 160], colour: [160, 224], features: [224, 256] } as const;

const data = process.argv[2] ?? "../shared/data";
const { views, ms, unseen } = await viewsOf(data);
console.log(
  `${views.length} views of ${new Set(views.map((v) => v.text)).size} cars; ${unseen} more show too little of the vehicle; ${quantile(ms, 0.5).toFixed(1)} ms each`,
);
printTable(
  "Found again by looks among all other views, at least 10 s apart",
  ["numbers", "asked", "first is the same car %", "one of the first five %"],
  Object.entries(parts).map(([name, [from, to]]) => row(name, cut(views, from, to))),
);
flags(views);

async function viewsOf(folder: string) {
  const vision = await openVision({ modelsFolder: modelsFolder(), threads: 1, minConfidence: 0.3 });
  const views: View[] = [];
  const ms: number[] = [];
  let unseen = 0;
  for (const split of ["train", "val"])
    for (const scene of records<SceneRecord>(join(folder, `scenes/${split}.jsonl`))) {
      const [, ride, at] = /images\/(.*)\.mp4#t=(\d+)/.exec(scene.source) ?? [];
      if (ride === undefined) continue;
      for (const { box, text, suspect, blank } of scene.plates) {
        if (text === undefined || suspect === true || blank === true) continue;
        const picture = await loadPicture(join(folder, "scenes", scene.image));
        const scale = picture.width / scene.width;
        const own = box.map((v) => v * scale) as unknown as Box;
        const began = performance.now();
        const looks = await vision.appearance(picture, { box: own, quad: quadOf(own), confidence: 1 });
        ms.push(performance.now() - began);
        if (looks === null) unseen++;
        else views.push({ text, ride, at: Number(at), looks });
      }
    }
  await vision.close();
  return { views, ms, unseen };
}

function cut(views: readonly View[], from: number, to: number): View[] {
  return views.map((v) => ({ ...v, looks: { ...v.looks, vector: v.looks.vector.slice(from, to) } }));
}

function row(name: string, views: readonly View[]): (string | number)[] {
  let [asked, first, five] = [0, 0, 0];
  for (const one of views) {
    const others = views.filter((v) => v !== one && !isNear(v, one));
    if (!others.some((v) => v.text === one.text)) continue;
    asked++;
    const best = others
      .map((v) => ({ same: v.text === one.text, likeness: likenessOf(v.looks, one.looks) ?? -1 }))
      .sort((a, b) => b.likeness - a.likeness);
    if (best[0]!.same) first++;
    if (best.slice(0, 5).some((b) => b.same)) five++;
  }
  return [name, asked, percent(first, asked), percent(five, asked)];
}

function isNear(a: View, b: View): boolean {
  return a.text === b.text && a.ride === b.ride && Math.abs(a.at - b.at) < APART_S;
}

/** What the threshold does: histories of three to eight earlier views, of the own car and of others. */
function flags(views: readonly View[]): void {
  const random = seeded(1);
  const cars = [...new Set(views.map((v) => v.text))].map((text) => views.filter((v) => v.text === text));
  const known = cars.filter((car) => car.length >= 4);
  const own: number[] = [];
  const others: number[] = [];
  const best = (of: View, history: readonly View[]) =>
    Math.max(...history.map((v) => likenessOf(v.looks, of.looks) ?? -1));
  for (const car of known)
    for (const one of car) {
      const history = car.filter((v) => v !== one && !isNear(v, one)).slice(0, 8);
      if (history.length >= 3) own.push(best(one, history));
      for (let n = 0; n < 6; n++) {
        const other = random.pick(known);
        if (other !== car) others.push(best(one, other.slice(0, 8)));
      }
    }
  const below = (of: readonly number[], limit: number) =>
    percent(of.filter((l) => l < limit).length, of.length);
  printTable(
    `A plate on another car: flagged below minLikeness (default ${minLikeness})`,
    ["minLikeness", `own car flagged % of ${own.length}`, `other car flagged % of ${others.length}`],
    [0.3, 0.4, 0.5, 0.55, 0.6, 0.7].map((limit) => [limit, below(own, limit), below(others, limit)]),
  );
}
