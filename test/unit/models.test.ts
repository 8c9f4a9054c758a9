import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fieldFor } from "../../src/vision/detector.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { partsOf } from "../../src/vision/photo.js";
import { ModelError, openModel } from "../../src/vision/session.js";
import { temporaryFolder } from "../support/folder.js";

const shipped = modelsFolder();

test("the shipped models are those of the manifest, take bytes, and are a few MB at most", async () => {
  for (const key of ["detector", "reader", "enhancer"]) {
    const model = await openModel(shipped, key, 1);
    assert.match(model.version, /\.onnx.* [0-9a-f]{12}$/);
    await model.close();
    assert.ok(readFileSync(join(shipped, String(model.facts.file))).length < 6e6);
  }
});

test("a model whose sha256 is another one is refused in one sentence", async () => {
  const folder = copyOfModels();
  const path = join(folder, "reader.onnx");
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
  assert.match(await refusal(folder, "reader"), /reader\.onnx: its sha256 is not the one in manifest\.json/);
});

test("a model that is not there, a manifest that is not there, is no JSON or lacks the entry: one sentence each", async () => {
  assert.match(
    await refusal(join(temporaryFolder(), "nothing"), "reader"),
    /manifest\.json: cannot be read \(ENOENT\)/,
  );
  const folder = copyOfModels();
  writeFileSync(join(folder, "manifest.json"), "{");
  assert.match(await refusal(folder, "reader"), /is not valid JSON/);
  for (const content of [
    "{}",
    "null",
    '{"reader": 3}',
    '{"reader": {"file": "../../etc/passwd", "sha256": "x"}}',
  ]) {
    writeFileSync(join(folder, "manifest.json"), content);
    assert.match(await refusal(folder, "reader"), /no usable entry `reader`/);
  }
});

test("a file that is no model is refused although its sha256 is right", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "reader.onnx"), "no model");
  const sha256 = createHash("sha256").update("no model").digest("hex");
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ reader: { file: "reader.onnx", sha256 } }));
  assert.match(await refusal(folder, "reader"), /reader\.onnx: cannot be loaded/);
});

test("the field of the detector fits the picture's shape, in steps of 32 and never larger than 640x384 in area", () => {
  assert.equal(fieldFor(1280, 720), { width: 640, height: 384 });
  for (const [w, h] of [
    [1920, 1080],
    [640, 480],
    [480, 640],
    [1000, 1000],
    [3000, 20],
    [20, 3000],
    [1, 1],
    [16, 16],
  ] as const) {
    const { width, height } = fieldFor(w, h);
    assert.is((width % 32) + (height % 32), 0, `${w}x${h}`);
    assert.ok(width * height <= 640 * 384 && width >= 64 && height >= 64, `${w}x${h}: ${width}x${height}`);
  }
});

test("only a large picture is cut into parts, and these cover it with overlap", () => {
  assert.equal(partsOf({ width: 1280, height: 720 }), []);
  const parts = partsOf({ width: 2560, height: 1920 });
  for (const [x, y] of [
    [0, 0],
    [2559, 1919],
    [1280, 960],
    [1279, 5],
  ] as const) {
    assert.ok(
      parts.some(([l, t, w, h]) => x >= l && x < l + w && y >= t && y < t + h),
      `${x},${y}`,
    );
  }
  assert.ok(parts.every(([l, t, w, h]) => l >= 0 && t >= 0 && l + w <= 2560 && t + h <= 1920));
});

test.run();

function copyOfModels(): string {
  const folder = temporaryFolder();
  for (const file of ["manifest.json", "reader.onnx"]) copyFileSync(join(shipped, file), join(folder, file));
  assert.ok(existsSync(join(folder, "reader.onnx")));
  return folder;
}

async function refusal(folder: string, key: string): Promise<string> {
  try {
    await openModel(folder, key, 1);
  } catch (error) {
    assert.instance(error, ModelError);
    assert.not.match((error as Error).message, /\n/);
    return (error as Error).message;
  }
  throw new Error("the model was not refused");
}
