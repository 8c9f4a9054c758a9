/**
 * What recording costs: `npm run bench:recording [-- SECONDS]`. Each camera runs in a process of its own, once without
 * and once with recording; the difference is the recording's. No models run, but every frame is decoded for them.
 */
import { fork } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCamera } from "../../src/camera/open.js";
import { demoClip } from "../../src/camera/source.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { makeFilm } from "../support/film.js";
import { temporaryFolder } from "../support/folder.js";

interface Cost {
  /** Of one core, 0 to 1. */
  cpu: number;
  bytesPerSecond: number;
  framesPerSecond: number;
  dropped: number;
  rssBytes: number;
  problem: string;
}

const [role, ...rest] = process.argv.slice(2);
if (role === "camera") await measure(rest[0] ?? "", rest[1] ?? "", Number(rest[2]));
else await bench(Number(role ?? 20));

async function bench(seconds: number): Promise<void> {
  const folder = temporaryFolder();
  const full = join(folder, "1080p30.mp4");
  const picture = `filesrc location=${demoClip} ! decodebin ! videorate ! videoscale ! videoconvert`;
  makeFilm(
    full,
    `${picture} ! video/x-raw,format=I420,width=1920,height=1080,framerate=30/1 ! x264enc speed-preset=ultrafast bitrate=4000 key-int-max=30 ! h264parse ! mp4mux`,
  );
  console.log(`${cpus()[0]?.model ?? "processor"}, ${cpus().length} cores, ${seconds} s each`);
  const cases = [
    ["1080p30 H.264 passed through", full],
    ["720p15 encoded here (x264)", `filesrc location="${demoClip}" ! decodebin ! identity sync=true`],
  ] as const;
  for (const [name, source] of cases) {
    const without = await run(source, "", seconds);
    const recorded = await run(source, join(folder, name.slice(0, 4)), seconds);
    console.log(`\n${name}`);
    for (const [label, cost] of [
      ["not recorded", without],
      ["recorded", recorded],
    ] as const) {
      console.log(
        `  ${label.padEnd(14)} ${percent(cost.cpu)} of a core, ${cost.framesPerSecond.toFixed(1)} frames/s looked at, ${cost.dropped} dropped, RSS ${Math.round(cost.rssBytes / 1e6)} MB${cost.problem}`,
      );
    }
    console.log(
      `  recording      ${percent(recorded.cpu - without.cpu)} of a core, ${(recorded.bytesPerSecond / 1000).toFixed(0)} kB/s, ${((recorded.bytesPerSecond * 86_400) / 1e9).toFixed(1)} GB a day`,
    );
  }
}

function run(source: string, folder: string, seconds: number): Promise<Cost> {
  const child = fork(fileURLToPath(import.meta.url), ["camera", source, folder, String(seconds)], {
    env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
  });
  return new Promise((resolve, reject) => {
    child.on("message", (cost) => resolve(cost as Cost));
    child.on("exit", (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}

async function measure(source: string, folder: string, seconds: number): Promise<void> {
  const camera = openCamera(
    {
      source,
      analysisFps: 15,
      mode: "run",
      recordingFolder: folder === "" ? null : folder,
      segmentSeconds: 10,
    },
    { clock: systemClock, log: silentLog },
  );
  // Opening and the first key frame are not what is measured.
  for (let n = 0; n < 15; n++) await camera.nextFrame();
  const startMs = systemClock.monotonicMs();
  const before = process.cpuUsage();
  const bytesBefore = bytesIn(folder);
  let frames = 0;
  while (systemClock.monotonicMs() - startMs < seconds * 1000) {
    await camera.nextFrame();
    frames++;
  }
  const used = process.cpuUsage(before);
  const elapsed = (systemClock.monotonicMs() - startMs) / 1000;
  const { dropped, problem, recordingProblem } = camera.status();
  const cost: Cost = {
    cpu: (used.user + used.system) / 1e6 / elapsed,
    bytesPerSecond: (bytesIn(folder) - bytesBefore) / elapsed,
    framesPerSecond: frames / elapsed,
    dropped,
    rssBytes: process.memoryUsage.rss(),
    problem: [problem, recordingProblem ?? ""].filter((s) => s !== "").join(" "),
  };
  await camera.close();
  process.send?.(cost, () => process.exit(0));
}

function bytesIn(folder: string): number {
  if (folder === "") return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`.padStart(7);
}
