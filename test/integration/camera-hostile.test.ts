import { createServer, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openCamera } from "../../src/camera/open.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { hasRtspServer, serveRtsp } from "../support/rtsp-server.js";
import { scoped } from "../support/scope.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

/** Something on loopback that takes connections and talks without end, faster or slower. */
async function babbler(first: string, more: string, everyMs: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.write(first);
    const timer = setInterval(() => socket.write(more), everyMs);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

for (const [what, first, more, everyMs, problem] of [
  ["one byte of a header after the other", "RTSP/1.0 200 OK\r\n", "x", 100, /answer has no end/],
  ["headers for ever", "RTSP/1.0 200 OK\r\n", "X-Header: y\r\n".repeat(2000), 5, /answer has no end/],
  ["one byte of rubbish after the other", "", "a", 100, /does not speak RTSP/],
  ["rubbish for ever", "", "A".repeat(65_536), 5, /does not speak RTSP/],
] as const) {
  test(
    `a device that sends ${what} does not hold the eye, and the camera that takes its place is seen`,
    scoped(async (use) => {
      const device = await babbler(first, more, everyMs);
      const camera = use(
        openCamera(
          {
            source: `rtsp://127.0.0.1:${device.port}/cam`,
            analysisFps: 15,
            mode: "run",
            recordingFolder: null,
            segmentSeconds: 2,
            stallMs: 1500,
          },
          { clock: systemClock, log: silentLog },
        ),
      );
      void (async () => {
        while ((await camera.nextFrame()) !== null) {
          // The counts of `status()` tell what came.
        }
      })();
      await until(() => camera.status().reconnects >= 2, "a second try");
      assert.match(camera.status().problem, problem);
      await device.close();
      if (!hasRtspServer()) return skipLoudly("the camera after it", "there is no RTSP server");
      use(await serveRtsp("ball", device.port));
      await until(() => camera.status().frames >= 5, `pictures (${camera.status().problem})`);
    }),
  );
}

test.run();
