import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createPoster } from "../../src/recording/poster.js";
import { loadPicture } from "../../src/system/picture.js";
import { temporaryFolder } from "../support/folder.js";

test("the poster of a clip is its first picture, in its size; of what is no video there is none", async () => {
  const folder = temporaryFolder();
  // Red for a second, with a name that a shell would stumble over.
  const path = "a clip's $name.mp4";
  const pipeline =
    "videotestsrc pattern=red num-buffers=15 ! video/x-raw,width=320,height=240,framerate=15/1 ! x264enc ! h264parse ! mp4mux ! filesink".split(
      " ",
    );
  execFileSync("gst-launch-1.0", ["-q", "-e", ...pipeline, `location=${join(folder, path)}`]);
  writeFileSync(join(folder, "torn.mp4"), "no video");
  const poster = createPoster(folder);
  const [good, torn, missing] = await Promise.all(
    [path, "torn.mp4", "missing.mp4"].map((p) => poster({ path: p })),
  );
  const picture = await loadPicture(good!);
  assert.equal([picture.width, picture.height], [320, 240]);
  assert.ok(picture.rgb[0]! > 200 && picture.rgb[1]! < 60);
  assert.is(torn, null);
  assert.is(missing, null);
});

test.run();
