import { test } from "uvu";
import * as assert from "uvu/assert";
import { boxAround } from "../../src/core/geometry.js";
import { editDistance } from "../../src/core/plate.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { modelsFolder } from "../../src/vision/models-folder.js";
import { createPixels } from "../../src/vision/pixels.js";
import { createReader } from "../../src/vision/reader.js";
import { openModel } from "../../src/vision/session.js";
import { temporaryFolder } from "../support/folder.js";
import { drawPlate, plausiblePlate } from "../support/plate-drawing.js";
import { type Random, seeded } from "../support/random.js";
import { evidenceOf, noon, passEntry, plateRead } from "../support/records.js";

const PLATES = 250;
const SIBLINGS = 8;

test("what the reader got wrong is found by what it believed, more often than by edit distance", async () => {
  const random = seeded(11);
  const model = await openModel(modelsFolder(), "reader", 1);
  const reader = createReader(model, createPixels());
  const store = createStore({
    // On a slow machine this lasts longer than the first round of retention, and the passes are of a past year.
    config: { kind: "sql", passDays: 3650 },
    folder: temporaryFolder(),
    clock: systemClock,
    log: silentLog,
  });
  await store.start();
  const texts: string[] = [];
  const misread: { id: string; truth: string; index: number }[] = [];
  const saved: Promise<void>[] = [];
  const keep = (text: string, evidence: readonly (readonly number[])[]) => {
    const id = `p${texts.length}`;
    texts.push(text);
    saved.push(
      store.passes.save({
        ...passEntry(id, text),
        pictures: [],
        read: plateRead({ passId: id, text, evidence, at: noon }),
      }),
    );
    return id;
  };
  for (let n = 0; n < PLATES; n++) {
    const truth = plausiblePlate(random);
    // Far away, blurred and noisy: the plates that nobody can look up by what was read.
    const picture = await drawPlate(
      {
        text: truth,
        heightPx: random.between(8, 11),
        turn: random.between(-4, 4),
        defocusPx: random.between(0.4, 0.9),
        noise: random.between(2, 7),
      },
      random,
    );
    const { readings } = await reader.read(picture, [
      { quad: picture.quad, box: boxAround(picture.quad), confidence: 1 },
    ]);
    const read = readings[0]?.read;
    if (read === undefined || read.text.length < 4) continue;
    const id = keep(read.text, read.evidence);
    if (read.text !== truth && editDistance(read.text, truth) <= 2)
      misread.push({ id, truth, index: texts.length - 1 });
    for (let s = 0; s < SIBLINGS; s++) {
      const other = sibling(truth, random);
      if (other !== truth) keep(other, evidenceOf(other, 0.97));
    }
  }
  await Promise.all(saved);
  let soft = 0;
  let edit = 0;
  for (const { id, truth, index } of misread) {
    if ((await store.search.soft(truth, 1))[0]?.pass.id === id) soft++;
    const distances = texts.map((text) => editDistance(truth, text));
    const least = Math.min(...distances);
    if (distances[index] === least) edit += 1 / distances.filter((d) => d === least).length;
  }
  console.log(
    `of ${misread.length} plates misread among ${texts.length} the soft search puts ${soft} first, edit distance ${edit.toFixed(1)}`,
  );
  assert.ok(misread.length >= 20, `${misread.length} were misread`);
  assert.ok(soft > edit * 1.5, `${soft} against ${edit}`);
  await store.close();
  await model.close();
});

test.run();

/** Another plate of the same fleet: one character is another one. */
function sibling(plate: string, random: Random): string {
  const at = random.whole(0, plate.length - 1);
  const other = /[0-9]/.test(plate[at]!) ? random.pick("0123456789") : random.pick("ABCDEFGHJKLMNPRSTUVWXYZ");
  return plate.slice(0, at) + other + plate.slice(at + 1);
}
