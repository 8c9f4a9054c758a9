import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ReadLine } from "../../src/commands/read.js";
import { boxAround, iou } from "../../src/core/geometry.js";
import { jpegOf } from "../../src/system/picture.js";
import { temporaryFolder } from "../support/folder.js";
import { drawPlate } from "../support/plate-drawing.js";
import { seeded } from "../support/random.js";

const sharp = createRequire(import.meta.url)("sharp") as typeof import("sharp").default;
const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

test("plates of photos and folders are printed as one JSON line per image, in pixels of the full picture", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "inner"));
  const plate = await drawPlate({ text: "KX51ABC", heightPx: 44, turn: 4 }, seeded(1), 800, 500);
  writeFileSync(join(folder, "a.jpg"), await jpegOf(plate, { quality: 92 }));
  await sharp(await jpegOf(plate))
    .resize(3200, 2000, { kernel: "cubic" })
    .jpeg()
    .toFile(join(folder, "inner/large.jpg"));
  await sharp({ create: { width: 640, height: 480, channels: 3, background: "#557" } })
    .png()
    .toFile(join(folder, "none.png"));
  writeFileSync(join(folder, "notes.txt"), "not looked at");
  const { code, lines, errors } = await read("--json", folder);
  assert.equal([code, errors], [0, ""]);
  assert.equal(
    lines.map((l) => l.image),
    ["a.jpg", "large.jpg", "none.png"],
  );
  for (const [i, scale] of [
    [0, 1],
    [1, 4],
  ] as const) {
    const [found] = lines[i]!.plates;
    assert.is(lines[i]!.plates.length, 1);
    assert.is(found!.text, "KX51ABC");
    assert.is(found!.chars.length, 7);
    assert.ok(found!.score > 0.5 && found!.score <= 1);
    const truth = boxAround(plate.quad).map((v) => v * scale) as unknown as [number, number, number, number];
    assert.ok(iou(found!.box, truth) > 0.6, `${found!.box} instead of ${truth}`);
    assert.ok(iou(boxAround(found!.quad), truth) > 0.6);
  }
  assert.equal(lines[2]!.plates, []);
  assert.ok(lines.every((l) => l.ms > 0));
});

test("a broken file costs one sentence and the exit code; the others are read all the same", async () => {
  const folder = temporaryFolder();
  const plate = await drawPlate({ text: "LM07XYZ", heightPx: 50 }, seeded(2), 640, 400);
  const jpeg = await jpegOf(plate, { quality: 92 });
  writeFileSync(join(folder, "1-text.jpg"), "no picture");
  writeFileSync(join(folder, "2-cut.jpg"), jpeg.subarray(0, jpeg.length * 0.6));
  writeFileSync(join(folder, "3-good.jpg"), jpeg);
  const { code, lines, errors } = await read("--json", folder, join(folder, "absent.jpg"));
  assert.is(code, 1);
  assert.equal(
    lines.map((l) => [l.image, l.plates[0]?.text]),
    [["3-good.jpg", "LM07XYZ"]],
  );
  const sentences = errors.trim().split("\n");
  assert.is(sentences.length, 3, errors);
  for (const name of ["1-text.jpg", "2-cut.jpg", "absent.jpg"])
    assert.is(sentences.filter((s) => s.includes(name)).length, 1, name);
});

test("from 16x16 to 8000x6000, in every kind of file, there is an answer", async () => {
  const folder = temporaryFolder();
  const jpeg = await jpegOf(await drawPlate({ text: "KX51ABC", heightPx: 50 }, seeded(3), 640, 400), {
    quality: 92,
  });
  const from = () => sharp(jpeg);
  await from().resize(16, 16, { fit: "fill" }).png().toFile(join(folder, "tiny.png"));
  await from().resize(8000, 6000, { fit: "fill" }).jpeg({ quality: 60 }).toFile(join(folder, "huge.jpg"));
  await from().greyscale().png().toFile(join(folder, "grey.png"));
  await from().ensureAlpha(0.9).png().toFile(join(folder, "alpha.png"));
  await from().toColourspace("rgb16").png().toFile(join(folder, "sixteen.png"));
  await from().toColourspace("cmyk").jpeg({ quality: 92 }).toFile(join(folder, "cmyk.jpg"));
  await from().withMetadata({ orientation: 1 }).jpeg({ quality: 92 }).toFile(join(folder, "exif1.jpg"));
  await from()
    .rotate(90)
    .withMetadata({ orientation: 8 })
    .jpeg({ quality: 92 })
    .toFile(join(folder, "exif8.jpg"));
  await sharp([jpeg, jpeg], { join: { animated: true } })
    .gif()
    .toFile(join(folder, "animated.gif"));
  const { code, lines, errors } = await read("--json", folder);
  assert.equal([code, errors], [0, ""]);
  assert.is(lines.length, 9);
  const readable = lines.filter((l) => !["tiny.png", "huge.jpg"].includes(l.image));
  assert.equal(
    readable.map((l) => [l.image, l.plates[0]?.text]),
    readable.map((l) => [l.image, "KX51ABC"]),
  );
});

test("--annotate writes a picture for each image, and says when it cannot", async () => {
  const folder = temporaryFolder();
  const jpeg = await jpegOf(await drawPlate({ text: "KX51ABC", heightPx: 50 }, seeded(4), 640, 400));
  writeFileSync(join(folder, "car.jpg"), jpeg);
  const { code, output } = await read("--annotate", join(folder, "out"), join(folder, "car.jpg"));
  assert.is(code, 0);
  assert.match(output, /^car\.jpg: KX51ABC \(\d+ %\) /);
  assert.equal(readdirSync(join(folder, "out")), ["car.plates.jpg"]);
  const refused = await read("--annotate", join(folder, "car.jpg"), join(folder, "car.jpg"));
  assert.is(refused.code, 1);
  assert.match(refused.errors, /car\.jpg: cannot be written/);
});

test("--annotate keeps the pictures of photos that have the same name apart", async () => {
  const folder = temporaryFolder();
  const photo = async (text: string) =>
    jpegOf(await drawPlate({ text, heightPx: 50 }, seeded(4), 640, 400), { quality: 92 });
  const photos = [
    ["entry/0001.jpg", "KX51ABC"],
    ["exit/0001.jpg", "LM07XYZ"],
    ["exit/0001-2.jpg", "AB12CDE"],
    ["exit/0001.png", "KX51ABC"],
  ] as const;
  for (const inner of ["entry", "exit"]) mkdirSync(join(folder, inner));
  for (const [name, text] of photos) writeFileSync(join(folder, name), await photo(text));
  const out = join(folder, "out");
  const { code, lines } = await read(
    "--json",
    "--annotate",
    out,
    ...photos.map(([name]) => join(folder, name)),
  );
  assert.equal([code, lines.length], [0, 4]);
  assert.equal(readdirSync(out).sort(), [
    "0001-2-2.plates.jpg",
    "0001-2.plates.jpg",
    "0001-3.plates.jpg",
    "0001.plates.jpg",
  ]);
});

test("a photo that a folder only links to is read, and a link to nothing is said", async () => {
  const folder = temporaryFolder();
  const jpeg = await jpegOf(await drawPlate({ text: "KX51ABC", heightPx: 50 }, seeded(4), 640, 400));
  writeFileSync(join(folder, "car"), jpeg);
  mkdirSync(join(folder, "links"));
  symlinkSync(join(folder, "car"), join(folder, "links/a.jpg"));
  symlinkSync(join(folder, "gone"), join(folder, "links/b.jpg"));
  const { code, lines, errors } = await read("--json", join(folder, "links"));
  assert.equal(
    lines.map((l) => [l.image, l.plates[0]?.text]),
    [["a.jpg", "KX51ABC"]],
  );
  assert.is(code, 1);
  assert.match(errors, /^[^\n]*b\.jpg: [^\n]+\.\n$/);
});

test("--annotate with --enhance also cuts out every plate, plain and enhanced side by side", async () => {
  const folder = temporaryFolder();
  const drawn = await drawPlate({ text: "KX51ABC", heightPx: 40, light: 0.25 }, seeded(4), 640, 400);
  writeFileSync(join(folder, "car.jpg"), await jpegOf(drawn));
  const { code, lines } = await read(
    "--json",
    "--enhance",
    "--annotate",
    join(folder, "out"),
    join(folder, "car.jpg"),
  );
  assert.equal([code, lines[0]!.plates[0]!.text], [0, "KX51ABC"]);
  assert.equal(readdirSync(join(folder, "out")).sort(), [
    "car.plate1.enhanced.jpg",
    "car.plate1.jpg",
    "car.plates.jpg",
  ]);
  const [plain, better] = await Promise.all(
    ["car.plate1.jpg", "car.plate1.enhanced.jpg"].map((name) => sharp(join(folder, "out", name)).stats()),
  );
  assert.ok(better!.channels[1]!.stdev > 2 * plain!.channels[1]!.stdev);
});

test("--countries says what fits there beside what was read, and a country without a grammar is named", async () => {
  const folder = temporaryFolder();
  const car = join(folder, "car.jpg");
  writeFileSync(car, await jpegOf(await drawPlate({ text: "KX51ABC", heightPx: 50 }, seeded(4), 640, 400)));
  const { lines } = await read("--json", "--countries", "gb", car);
  assert.is(lines[0]!.plates[0]!.text, "KX51ABC");
  assert.equal(lines[0]!.plates[0]!.supposed?.fits, { country: "GB", pattern: "AA99AAA" });
  assert.match((await read("--countries", "GB", car)).output, /KX51ABC \(\d+ %\), fits GB AA99AAA/);
  const refused = await read("--countries", "GB,QQ", car);
  assert.is(refused.code, 2);
  assert.match(refused.errors, /no grammar for `QQ`/);
});

test("a reader of the output that goes away early is no error", async () => {
  const folder = temporaryFolder();
  const jpeg = await jpegOf(await drawPlate({ text: "KX51ABC", heightPx: 50 }, seeded(4), 640, 400));
  for (let i = 0; i < 4; i++) writeFileSync(join(folder, `${i}.jpg`), jpeg);
  const child = spawn(process.execPath, [cli, "read", "--json", folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  assert.equal([code, errors], [0, ""]);
});

test("a pipe, a device and links in a circle are told in one sentence each, and nobody waits for them", async () => {
  const folder = temporaryFolder();
  const inside = join(folder, "inside");
  mkdirSync(inside);
  const jpeg = await jpegOf(await drawPlate({ text: "KX51ABC", heightPx: 50 }, seeded(4), 640, 400));
  writeFileSync(join(inside, "good.jpg"), jpeg);
  execFileSync("mkfifo", [join(folder, "pipe")]);
  symlinkSync("../pipe", join(inside, "pipe.jpg"));
  symlinkSync("..", join(inside, "up.jpg"));
  symlinkSync("circle", join(folder, "circle"));
  const { code, lines, errors } = await read(
    "--json",
    ...["pipe", "circle", "inside"].map((name) => join(folder, name)),
    "/dev/null",
  );
  assert.is(code, 1);
  assert.equal(
    lines.map((l) => l.image),
    ["good.jpg"],
  );
  assert.equal(
    errors.trim().split("\n").sort(),
    [
      "/dev/null: is a device or a socket, no picture file.",
      `${folder}/circle: its links lead in a circle.`,
      `${inside}/pipe.jpg: is a pipe, no picture file.`,
      `${inside}/up.jpg: is a folder, no picture file.`,
      `${folder}/pipe: is a pipe, no picture file.`,
    ].sort(),
  );
});

test("no path, an unknown option, a bad number, an empty folder: one sentence and the exit code", async () => {
  assert.match((await read()).errors, /^usage: plategate read/);
  assert.match((await read("--jsno", "x")).errors, /Unknown option '--jsno'/);
  assert.match((await read("--threads", "many", "x")).errors, /--threads many: say a number/);
  const empty = await read(temporaryFolder());
  assert.is(empty.code, 1);
  assert.match(empty.errors, /No picture was found/);
});

test.run();

async function read(
  ...args: string[]
): Promise<{ code: number | null; output: string; lines: ReadLine[]; errors: string }> {
  const child = spawn(process.execPath, [cli, "read", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const lines = args.includes("--json")
    ? output
        .split("\n")
        .filter((l) => l !== "")
        .map((l) => JSON.parse(l) as ReadLine)
    : [];
  return { code, output, lines, errors };
}
