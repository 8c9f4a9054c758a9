import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jpegOf, loadPicture, PictureError, scaled } from "../../src/system/picture.js";
import { temporaryFolder } from "../support/folder.js";

const sharp = createRequire(import.meta.url)("sharp") as typeof import("sharp").default;
const folder = temporaryFolder();
/** 60 x 40, red on the right above, dark blue elsewhere. */
const drawn = await sharp({ create: { width: 60, height: 40, channels: 3, background: "#101040" } })
  .composite([
    { input: { create: { width: 20, height: 20, channels: 3, background: "#e02010" } }, left: 40, top: 0 },
  ])
  .png()
  .toBuffer();
const scene = () => sharp(drawn);

test("grey, alpha, 16-bit, CMYK, animated and palette pictures all come as 8-bit RGB", async () => {
  const made = {
    "grey.png": scene().greyscale().png(),
    "grey-alpha.png": scene().greyscale().ensureAlpha(0.5).png(),
    "alpha.png": scene().ensureAlpha(1).png(),
    "sixteen.png": scene().toColourspace("rgb16").png(),
    "grey16.png": scene().toColourspace("grey16").png(),
    "palette.png": scene().png({ palette: true }),
    "cmyk.jpg": scene().toColourspace("cmyk").jpeg({ quality: 95 }),
    "cmyk.tif": scene().toColourspace("cmyk").tiff(),
    "picture.webp": scene().webp({ quality: 95 }),
    "animated.gif": sharp([await scene().png().toBuffer(), await scene().negate().png().toBuffer()], {
      join: { animated: true },
    }).gif(),
  };
  for (const [name, image] of Object.entries(made)) {
    await image.toFile(join(folder, name));
    const picture = await loadPicture(join(folder, name));
    assert.equal([picture.width, picture.height, picture.rgb.length], [60, 40, 60 * 40 * 3], name);
    const grey = name.startsWith("grey");
    assert.ok(
      at(picture, 50, 10)[0]! > (grey ? 40 : 150) && at(picture, 5, 30)[0]! < 80,
      `${name}: ${at(picture, 50, 10)}`,
    );
    if (grey) assert.is(at(picture, 50, 10)[0], at(picture, 50, 10)[2]);
  }
});

test("a picture is turned upright as EXIF says, and the full size is the upright one", async () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const bytes = await scene().withMetadata({ orientation }).jpeg().toBuffer();
    const picture = await loadPicture(bytes);
    const upright = orientation < 5 ? [60, 40] : [40, 60];
    assert.equal([picture.width, picture.height], upright, `orientation ${orientation}`);
    assert.equal([picture.fullWidth, picture.fullHeight], upright);
  }
});

test("a huge picture is shrunk while it is decoded, and its full size is told", async () => {
  const bytes = await scene()
    .resize(8000, 6000, { fit: "fill", kernel: "nearest" })
    .jpeg({ quality: 50 })
    .toBuffer();
  const picture = await loadPicture(bytes);
  assert.equal(
    [picture.width, picture.height, picture.fullWidth, picture.fullHeight],
    [2240, 1680, 8000, 6000],
  );
});

test("what is no picture, is empty or ends early is refused in one sentence that names the file", async () => {
  const jpeg = await scene().jpeg().toBuffer();
  const png = await scene().png().toBuffer();
  const files: Record<string, Uint8Array | string> = {
    "text.jpg": "this is no picture\n",
    "empty.jpg": "",
    "truncated.jpg": jpeg.subarray(0, jpeg.length * 0.7),
    "head.jpg": jpeg.subarray(0, 80),
    "truncated.png": png.subarray(0, png.length * 0.7),
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(path, content);
    const problem = await problemOf(loadPicture(path));
    assert.instance(problem, PictureError, name);
    assert.ok(problem.message.startsWith(path) && !problem.message.includes("\n"), problem.message);
  }
  assert.instance(await problemOf(loadPicture(join(folder, "absent.jpg"))), PictureError);
  assert.instance(await problemOf(loadPicture(folder)), PictureError);
});

test("a JPEG can be drawn over and scaled down, never up", async () => {
  const picture = await loadPicture(await scene().png().toBuffer());
  const overlaySvg = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40" fill="#0f0"/></svg>`;
  const over = await loadPicture(await jpegOf(picture, { overlaySvg, widthPx: 30 }));
  assert.equal([over.width, over.height], [30, 20]);
  assert.ok(at(over, 15, 10)[1]! > 200 && at(over, 15, 10)[0]! < 60);
  assert.is((await loadPicture(await jpegOf(picture, { widthPx: 500 }))).width, 60);
  const small = await scaled(picture, 20, 10);
  assert.equal([small.width, small.height, small.rgb.length], [20, 10, 600]);
});

test.run();

function at({ rgb, width }: { rgb: Uint8Array; width: number }, x: number, y: number): number[] {
  return [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

async function problemOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was refused");
}
