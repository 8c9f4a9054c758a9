import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Box, iou } from "../../src/core/geometry.js";
import { loadPicture } from "../../src/system/picture.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { lookAtPhoto, WEAKEST } from "../../src/vision/photo.js";
import { openVision } from "../../src/vision/vision.js";

const folder = fileURLToPath(new URL("../../../test/golden/", import.meta.url));
const vision = await openVision({
  modelsFolder: modelsFolder(),
  threads: 1,
  minConfidence: WEAKEST,
  thorough: true,
});
const lines = readFileSync(`${folder}truth.jsonl`, "utf8").trim().split("\n");

for (const { image, text, box } of lines.map(
  (l) => JSON.parse(l) as { image: string; text: string; box: Box },
)) {
  test(`${image} shows one plate, ${text}, at its place`, async () => {
    const looks = await lookAtPhoto(vision, await loadPicture(`${folder}${image}`));
    assert.equal(
      looks.map((l) => l.read?.text),
      [text],
    );
    const overlap = iou(looks[0]!.detection.box, box);
    assert.ok(overlap >= 0.75, `${looks[0]!.detection.box} instead of ${box}: ${overlap.toFixed(2)}`);
  });
}

test.after(() => vision.close());
test.run();
