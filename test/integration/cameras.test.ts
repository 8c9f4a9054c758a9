import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCameras } from "../../src/appliance/cameras.js";
import { configAt } from "../../src/config.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";

test(
  "an eye that ended says on the page why, not only with which code",
  scoped(async (use) => {
    const cameras = use(emptyCamera(null));
    cameras.start();
    const problem = () => cameras.cameras()[0]!.problem;
    await until(() => problem().startsWith("The eye is away"), "an eye that ended", 60_000);
    assert.match(
      problem(),
      /ended with code 0\. It is being started again\. It said: The folder .* holds no photo/,
    );
  }),
);

test(
  "recording that is turned off and on again at once leaves one eye a camera, and none after the end",
  scoped(async (use) => {
    const cameras = use(emptyCamera(temporaryFolder()));
    const before = children();
    const eyes = () => children().filter((pid) => !before.includes(pid)).length;
    cameras.start();
    await Promise.all([cameras.setRecording(false), cameras.setRecording(true)]);
    assert.is(eyes(), 1);
    await Promise.all([cameras.setRecording(false), cameras.close()]);
    assert.is(eyes(), 0);
  }),
);

/** One that looks into a folder without photos. */
function emptyCamera(recordingFolder: string | null) {
  const config = configAt(undefined);
  config.log.level = "silent";
  config.cameras[0]!.source = temporaryFolder();
  return createCameras({
    config,
    clock: systemClock,
    log: silentLog,
    modelsFolder: "/nowhere",
    recordingFolder: () => recordingFolder,
    onSighting: () => {},
    onSegment: () => {},
    onChange: () => {},
  });
}

function children(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
}

test.run();
