import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Grammar, suppose } from "../../src/core/grammar.js";
import { ALPHABET, type CharEvidence } from "../../src/core/plate.js";
import { loadGrammars } from "../../src/vision/grammars.js";
import { modelsFolder } from "../../src/vision/models-folder.js";

const germany: Grammar = { country: "DE", patterns: ["AA9999", "AAA999"], share: 1 };

test("where letters must stand a digit that looks like one gives way, and the pattern is named", () => {
  const supposed = suppose(between("0O", "B", "1I", "2", "3", "4"), [germany])!;
  assert.is(supposed.text, "OB1234");
  assert.equal(supposed.fits, { country: "DE", pattern: "AA9999" });
});

test("a character that was read clearly stays, whatever the patterns say", () => {
  const supposed = suppose(between("9", "Q", "Q", "9", "9", "9"), [germany])!;
  assert.is(supposed.text, "9QQ999");
  assert.is(supposed.fits, null);
});

test("a clear text that fits is more probable than one that had to be chosen", () => {
  const clear = suppose(between("A", "B", "1", "2", "3", "4"), [germany])!;
  const doubtful = suppose(between("A", "8B", "1I", "2", "3", "4"), [germany])!;
  assert.ok(clear.probability > 0.9, `${clear.probability}`);
  assert.ok(doubtful.probability < clear.probability);
});

test("the commoner country wins a tie", () => {
  const swap: Grammar = { country: "XX", patterns: ["9A"], share: 1 };
  const tie = between("1I", "1I");
  assert.is(suppose(tie, [swap, { ...swap, country: "YY", patterns: ["A9"], share: 20 }])!.text, "I1");
  assert.is(
    suppose(tie, [
      { ...swap, share: 20 },
      { ...swap, country: "YY", patterns: ["A9"] },
    ])!.text,
    "1I",
  );
});

test("letters that a country does not hand out are not supposed", () => {
  const strict: Grammar = { country: "ES", patterns: ["A999"], letters: "BCD", share: 1 };
  assert.is(suppose(between("0DO", "1", "2", "3"), [strict])!.text, "D123");
});

test("an empty reading supposes nothing", () => {
  assert.is(suppose([], [germany]), null);
  assert.is(suppose([ALPHABET.split("").map((_, k) => (k === 0 ? 1 : 0))], [germany]), null);
});

test("every grammar of the file names a region that the reader knows, and unknown countries are told from known ones", () => {
  const folder = modelsFolder();
  const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
  const all = JSON.parse(readFileSync(`${folder}/grammars.json`, "utf8")).grammars as {
    country: string;
    region: string;
  }[];
  for (const g of all)
    assert.ok(manifest.reader.output.region.classes.includes(g.region), `${g.country}: ${g.region}`);
  const two = loadGrammars(folder, ["br", "DE"]);
  assert.equal([...new Set(two.map((g) => g.country))], ["DE", "BR"]);
  assert.throws(() => loadGrammars(folder, ["DE", "QQ"]), /no grammar for `QQ`.*AE, AR/);
});

/** One row for each argument: its characters share the probability. */
function between(...positions: string[]): CharEvidence {
  return positions.map((characters) =>
    ALPHABET.split("").map((c) =>
      characters.includes(c) ? 0.98 / characters.length : 0.02 / ALPHABET.length,
    ),
  );
}

test.run();
