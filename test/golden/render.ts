/**
 * Draws the golden pictures and their truth anew: `node dist/test/golden/render.js`. Run it only when a picture has to
 * change; the point of a golden picture is that it stays.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { boxAround } from "../../src/core/geometry.js";
import { jpegOf } from "../../src/system/picture.js";
import { drawPlate, type PlateView } from "../support/plate-drawing.js";
import { seeded } from "../support/random.js";

const folder = fileURLToPath(new URL("../../../test/golden/", import.meta.url));
const views: Record<string, PlateView> = {
  plain: { text: "KX51ABC", heightPx: 36 },
  tilted: { text: "LM07XYZ", heightPx: 34, turn: 12, slant: 25 },
  far: { text: "WB482KD", heightPx: 20, turn: 3, slant: 10 },
  night: { text: "HJ29TRE", heightPx: 32, light: 0.25, noise: 5 },
  infrared: { text: "AF7384P", heightPx: 32, infrared: true, noise: 5 },
  blurred: { text: "CD63VNU", heightPx: 40, motionPx: 5 },
};

const truth = [];
for (const [i, [name, view]] of Object.entries(views).entries()) {
  const drawn = await drawPlate(view, seeded(320 + i), 480, 288);
  writeFileSync(`${folder}${name}.jpg`, await jpegOf(drawn, { quality: 88 }));
  const box = boxAround(drawn.quad).map((v) => Number(v.toFixed(1)));
  truth.push({ image: `${name}.jpg`, text: view.text, box });
}
writeFileSync(`${folder}truth.jsonl`, `${truth.map((t) => JSON.stringify(t)).join("\n")}\n`);
