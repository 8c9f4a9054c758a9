/** Records a source until it is killed: `node record-live.js SOURCE FOLDER SEGMENT-SECONDS`; prints each file as it begins. */
import { openCamera } from "../../src/camera/open.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";

const [source = "", folder = "", seconds = "10"] = process.argv.slice(2);
const camera = openCamera(
  { source, analysisFps: 5, mode: "run", recordingFolder: folder, segmentSeconds: Number(seconds) },
  {
    clock: systemClock,
    log: silentLog,
    onSegmentOpened: ({ path }) => console.log(`opened ${path}`),
    onSegment: ({ path }) => console.log(`finished ${path}`),
  },
);
while ((await camera.nextFrame()) !== null) {
  // Only the recording counts here.
}
