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
    const config = configAt(undefined);
    config.log.level = "silent";
    config.cameras[0]!.source = temporaryFolder();
    const cameras = use(
      createCameras({
        config,
        clock: systemClock,
        log: silentLog,
        modelsFolder: "/nowhere",
        recordingFolder: () => null,
        onSighting: () => {},
        onSegment: () => {},
        onChange: () => {},
      }),
    );
    cameras.start();
    const problem = () => cameras.cameras()[0]!.problem;
    await until(() => problem().startsWith("The eye is away"), "an eye that ended", 60_000);
    assert.match(
      problem(),
      /ended with code 0\. It is being started again\. It said: The folder .* holds no photo/,
    );
  }),
);

test.run();
