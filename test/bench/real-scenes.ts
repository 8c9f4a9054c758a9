import { join } from "node:path";
import { type Box, iou } from "../../src/core/geometry.js";
import { loadPicture } from "../../src/system/picture.js";
import { lookAtPhoto } from "../../src/vision/photo.js";
import type { Vision } from "../../src/vision/vision.js";
import { records } from "./real-crops.js";
import { percent, printTable, quantile } from "./table.js";

interface SceneRecord {
  image: string;
  set: string;
  plates: { box: Box; suspect?: boolean }[];
}

interface SceneResult {
  set: string;
  plates: number;
  found5: number;
  found3: number;
  /** Predictions on no labelled plate, also where nobody labelled a real one. */
  others: number;
  ms: number;
}

/** Finds plates in `scenes/val` as `plategate read` does. `suspect` plates are neither wanted nor wrong. */
export async function findInScenes(data: string, vision: Vision, split = "val"): Promise<SceneResult[]> {
  const results: SceneResult[] = [];
  for (const record of records<SceneRecord>(join(data, `scenes/${split}.jsonl`))) {
    const picture = await loadPicture(join(data, "scenes", record.image));
    const started = performance.now();
    const boxes = (await lookAtPhoto(vision, picture)).map((look) => look.detection.box);
    const ms = performance.now() - started;
    const wanted = record.plates.filter((p) => p.suspect !== true).map((p) => p.box);
    const known = record.plates.map((p) => p.box);
    const others = boxes.length - matched(known, boxes, 0.3);
    results.push({
      set: record.set,
      plates: wanted.length,
      found5: matched(wanted, boxes, 0.5),
      found3: matched(wanted, boxes, 0.3),
      others,
      ms,
    });
  }
  return results;
}

export function printScenes(results: readonly SceneResult[]): void {
  const row = (name: string, of: readonly SceneResult[]) => {
    const sum = (key: "plates" | "found5" | "found3" | "others") => of.reduce((n, r) => n + r[key], 0);
    const plates = sum("plates");
    return [
      name,
      of.length,
      plates,
      percent(sum("found5"), plates),
      percent(sum("found3"), plates),
      (sum("others") / of.length).toFixed(3),
      quantile(
        of.map((r) => r.ms),
        0.5,
      ).toFixed(1),
    ];
  };
  const sets = [...new Set(results.map((r) => r.set))];
  const rows = [
    ...sets.map((s) =>
      row(
        s,
        results.filter((r) => r.set === s),
      ),
    ),
    row("all", results),
  ];
  printTable(
    "Real scenes (others: also real plates that nobody labelled)",
    ["set", "pictures", "plates", "recall IoU 0.5 %", "recall IoU 0.3 %", "others per picture", "ms"],
    rows,
  );
}

/** How many of the wanted boxes are covered, one to one, best first. */
function matched(wanted: readonly Box[], found: readonly Box[], atLeast: number): number {
  const pairs = wanted
    .flatMap((w, i) => found.map((f, j) => ({ i, j, overlap: iou(w, f) })))
    .filter((p) => p.overlap >= atLeast)
    .sort((a, b) => b.overlap - a.overlap);
  const [left, right] = [new Set<number>(), new Set<number>()];
  for (const { i, j } of pairs) {
    if (left.has(i) || right.has(j)) continue;
    left.add(i);
    right.add(j);
  }
  return left.size;
}
