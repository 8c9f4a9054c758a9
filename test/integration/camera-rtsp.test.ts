import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Camera, SegmentFile } from "../../src/camera/camera.js";
import { openCamera } from "../../src/camera/open.js";
import { demoClip } from "../../src/camera/source.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { picturesOf } from "../support/film.js";
import { temporaryFolder } from "../support/folder.js";
import { hasRtspServer, serveRtsp } from "../support/rtsp-server.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

interface Watched extends Camera {
  segments: SegmentFile[];
}

function camera(source: string, recordingFolder: string | null = null, stallMs = 10_000): Watched {
  const segments: SegmentFile[] = [];
  const part = openCamera(
    { source, analysisFps: 15, mode: "run", recordingFolder, segmentSeconds: 2, stallMs },
    { clock: systemClock, log: silentLog, onSegment: (s) => segments.push(s) },
  );
  return { ...part, segments };
}

/** Takes frames beside the test until the camera is closed. */
function keepLooking(part: Camera): void {
  void (async () => {
    while ((await part.nextFrame()) !== null) {
      // The counts of `status()` tell what came.
    }
  })();
}

const frames = (part: Camera, more: number, limitMs?: number) => {
  const wanted = part.status().frames + more;
  return until(
    () => part.status().frames >= wanted,
    `${more} more frames (${part.status().problem})`,
    limitMs,
  );
};

const codecs = [
  ["ball", "avc1", "H.264 that is kept as it is"],
  ["ball265", "hvc1", "H.265 that is kept as it is"],
  ["sound", "avc1", "H.264 beside a sound track"],
  ["jpeg", "avc1", "motion JPEG, which is encoded"],
] as const;

if (!hasRtspServer()) {
  skipLoudly("network cameras", "python3-gi and gir1.2-gst-rtsp-server-1.0 are not installed");
  test("without an RTSP server a network camera is at least a state", async () => {
    const part = camera("rtsp://127.0.0.1:1/cam");
    keepLooking(part);
    await until(() => part.status().state === "retrying", "retrying");
    await part.close();
  });
} else {
  for (const [what, box, name] of codecs) {
    test(
      `a network camera with ${name} is seen and recorded`,
      scoped(async (use) => {
        const server = use(await serveRtsp(what));
        const part = use(camera(server.url, join(temporaryFolder(), what)));
        keepLooking(part);
        await until(() => part.segments.length > 0, "a segment");
        await part.close();
        const { path } = part.segments[0]!;
        assert.ok(readFileSync(path).includes(box), box);
        assert.ok((await picturesOf(path)).pictures >= 15);
      }),
    );
  }

  test(
    "a network camera that loses its power comes back by itself",
    scoped(async (use) => {
      const first = await serveRtsp("ball");
      const part = use(camera(first.url, join(temporaryFolder(), "front")));
      keepLooking(part);
      await frames(part, 30);
      await first.close();
      await until(() => part.status().state === "retrying", "retrying");
      assert.match(part.status().problem, /ended the stream|does not answer|cannot be used/);
      use(await serveRtsp("ball", first.port));
      await frames(part, 30);
      assert.equal([part.status().state, part.status().problem], ["running", ""]);
      assert.ok(part.status().reconnects >= 1);
      await part.close();
      // Whatever was recorded up to the cut plays.
      assert.ok(part.segments.length >= 2);
      for (const { path } of part.segments) assert.ok((await picturesOf(path)).pictures > 0, path);
    }),
  );

  test(
    "a network camera that hangs without a word is noticed",
    scoped(async (use) => {
      const server = use(await serveRtsp("ball"));
      const part = use(camera(server.url, null, 2000));
      keepLooking(part);
      await frames(part, 10);
      process.kill(server.pid, "SIGSTOP");
      await until(() => part.status().state === "retrying", "retrying");
      process.kill(server.pid, "SIGCONT");
      await frames(part, 10, 60_000);
    }),
  );

  test(
    "a stream that ends is asked for again",
    scoped(async (use) => {
      const server = use(await serveRtsp(demoClip));
      const part = use(camera(server.url));
      keepLooking(part);
      await frames(part, 5);
    }),
  );

  test(
    "a wrong password is said, without the password; the right one gives pictures",
    scoped(async (use) => {
      const server = use(await serveRtsp("ball", 0, ["gate", "s3cret"]));
      const withAccount = (account: string) => server.url.replace("rtsp://", `rtsp://${account}@`);
      const wrong = use(camera(withAccount("gate:wr0ng")));
      keepLooking(wrong);
      await until(() => wrong.status().problem !== "", "a problem");
      assert.match(wrong.status().problem, /refuses the user name or password/);
      assert.not.match(wrong.status().problem, /wr0ng/);
      const right = use(camera(withAccount("gate:s3cret")));
      keepLooking(right);
      await frames(right, 3);
    }),
  );

  test(
    "a stream that the camera does not have is said",
    scoped(async (use) => {
      const server = use(await serveRtsp("ball"));
      const part = use(camera(server.url.replace("/cam", "/other")));
      keepLooking(part);
      await until(() => part.status().problem !== "", "a problem");
      assert.match(part.status().problem, /has no stream of this name/);
    }),
  );
}

test.run();
