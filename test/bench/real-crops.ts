import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type Box, type Detection, iou, quadOf } from "../../src/core/geometry.js";
import { editDistance } from "../../src/core/plate.js";
import { loadPicture } from "../../src/system/picture.js";
import { lookAtPhoto } from "../../src/vision/photo.js";
import type { CropReading, Reader } from "../../src/vision/reader.js";
import type { Vision } from "../../src/vision/vision.js";
import { percent, printTable, wilson } from "./table.js";

export interface CropRecord {
  image: string;
  set: string;
  box: Box;
  text?: string;
  text_full?: string;
  text_source?: string;
  lines?: number;
  script?: string;
}

/** One crop that was read. */
export interface CropResult {
  group: string;
  lines: number;
  truth: string;
  reading: CropReading;
}

/** Reads every labelled crop of `crops/val` by its annotated box: what the reader alone can do. */
export async function readCrops(data: string, reader: Reader, split = "val"): Promise<CropResult[]> {
  const results: CropResult[] = [];
  for (const record of cropRecords(data, split)) {
    if (record.text === undefined || record.script === "other") continue;
    const picture = await loadPicture(join(data, "crops", record.image));
    const detection: Detection = { box: record.box, quad: quadOf(record.box), confidence: 1 };
    const [reading] = (await reader.read(picture, [detection])).readings;
    const group = record.set === "ccpd" ? "ccpd" : (record.text_source ?? "other");
    if (reading !== null && reading !== undefined)
      results.push({ group, lines: record.lines ?? 1, truth: record.text, reading });
  }
  return results;
}

/** The same pictures as `plategate read` takes them: found first, then read; "" where nothing was found or read. */
export async function findAndReadCrops(data: string, vision: Vision, split = "val"): Promise<CropResult[]> {
  const results: CropResult[] = [];
  for (const record of cropRecords(data, split)) {
    // These are cut so tightly that there is nothing around the plate to find it by.
    if (record.text === undefined || record.script === "other" || record.set === "ccpd") continue;
    const looks = await lookAtPhoto(vision, await loadPicture(join(data, "crops", record.image)));
    const best = looks.sort((a, b) => iou(b.detection.box, record.box) - iou(a.detection.box, record.box))[0];
    const read = best?.read ?? { text: "", score: 0, chars: [], evidence: [] };
    const kinds = { whole: 1, cut: 0, none: 0 };
    results.push({
      group: record.text_source ?? "other",
      lines: record.lines ?? 1,
      truth: record.text,
      reading: { kind: best?.kind ?? "none", kinds, read, region: null },
    });
  }
  return results;
}

export function printCrops(title: string, results: readonly CropResult[]): void {
  const kinds = [...new Set(results.map((r) => r.group))].sort();
  const row = (name: string, of: readonly CropResult[]) => {
    const right = of.filter(isRight).length;
    const [low, high] = wilson(right, of.length);
    const wrong = of.reduce(
      (n, r) => n + Math.min(1, editDistance(r.reading.read.text, r.truth) / r.truth.length),
      0,
    );
    const refused = of.filter((r) => r.reading.kind !== "whole").length;
    return [
      name,
      of.length,
      percent(right, of.length),
      `${low.toFixed(0)}–${high.toFixed(0)}`,
      percent(wrong, of.length),
      refused,
    ];
  };
  const one = results.filter((r) => r.lines === 1);
  const rows = [
    ...kinds.map((k) =>
      row(
        `${k}, one line`,
        one.filter((r) => r.group === k),
      ),
    ),
  ];
  rows.push(
    row(
      "two lines",
      results.filter((r) => r.lines === 2),
    ),
    row("all", results),
  );
  printTable(title, ["crops", "n", "exact %", "95 %", "character errors %", "called no whole plate"], rows);
  console.log(
    `\nExpected calibration error: characters ${(100 * characterError(results)).toFixed(1)} %, whole texts ${(100 * textError(results)).toFixed(1)} %`,
  );
}

export function isRight(r: CropResult): boolean {
  return r.reading.read.text === r.truth;
}

/** Mean gap between what was said and what was true, in ten bins (Guo et al. 2017). */
export function calibrationError(pairs: readonly { said: number; right: boolean }[]): number {
  const bins = Array.from({ length: 10 }, () => ({ said: 0, right: 0 }));
  for (const { said, right } of pairs) {
    const bin = bins[Math.min(9, Math.floor(said * 10))]!;
    bin.said += said;
    bin.right += right ? 1 : 0;
  }
  return bins.reduce((sum, b) => sum + Math.abs(b.said - b.right), 0) / Math.max(1, pairs.length);
}

function textError(results: readonly CropResult[]): number {
  return calibrationError(results.map((r) => ({ said: r.reading.read.score, right: isRight(r) })));
}

/** Only texts of the right length say which character was meant. */
function characterError(results: readonly CropResult[]): number {
  const same = results.filter((r) => r.reading.read.text.length === r.truth.length);
  return calibrationError(
    same.flatMap((r) =>
      r.reading.read.chars.map((said, i) => ({ said, right: r.reading.read.text[i] === r.truth[i] })),
    ),
  );
}

/**
 * The labelled crops of a split. `held-out`: the twentieth of the training crops that no training sees (reader_crops.py);
 * decisions are made on these, so that `val` decides nothing.
 */
export function cropRecords(data: string, split: string): CropRecord[] {
  if (split !== "held-out") return records(join(data, `crops/${split}.jsonl`));
  return records<CropRecord>(join(data, "crops/train.jsonl")).filter(
    (r) => crc32(r.text ?? r.image) % 20 === 0,
  );
}

export function records<T = CropRecord>(file: string): T[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
