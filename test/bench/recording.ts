/**
 * What recording costs: processor share and bytes a second of a 1080p30 stream that is passed through and of 720p15
 * that is encoded here, and how long a clip takes to cut.
 *
 *   npm run bench:recording [-- --seconds 20]
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { joinFilm } from "../../src/recording/film.js";
import { readVideo } from "../../src/recording/mp4-read.js";

const { values } = parseArgs({ options: { seconds: { type: "string" } } });
const seconds = Number(values.seconds ?? 20);
const folder = mkdtempSync(join(tmpdir(), "plategate-bench-"));
const recorder = fileURLToPath(new URL("../support/record-live.js", import.meta.url));
// Moving and noisy enough to be as large as a street.
const scene = "videotestsrc pattern=smpte75 horizontal-speed=3";
console.log(`load of this machine at the start: ${loadavg()[0]!.toFixed(1)}`);

try {
  const film = join(folder, "1080p30.mp4");
  execFileSync("sh", [
    "-c",
    `gst-launch-1.0 -q -e ${scene} num-buffers=${(seconds + 15) * 30} ! video/x-raw,width=1920,height=1080,framerate=30/1 ! x264enc speed-preset=ultrafast bitrate=4000 key-int-max=30 pass=cbr ! h264parse ! mp4mux ! filesink location=${film}`,
  ]);
  await measure("1080p30 passed through", film);
  await measure(
    "720p15 encoded here",
    `${scene} is-live=true ! video/x-raw,width=1280,height=720,framerate=15/1`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(what: string, source: string): Promise<void> {
  const camera = join(folder, what.replaceAll(" ", "-"));
  mkdirSync(camera);
  const child = spawn(process.execPath, [recorder, source, camera, "5"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, UV_THREADPOOL_SIZE: "8" },
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.once("data", () => resolve());
      child.once("exit", () => reject(new Error(`${what}: the recording ended by itself.`)));
    });
    const [cpu, bytes, began] = [cpuMs(child.pid!), bytesIn(camera), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const took = performance.now() - began;
    const share = (cpuMs(child.pid!) - cpu) / took;
    const perSecond = (bytesIn(camera) - bytes) / (took / 1000);
    console.log(
      `${what}: ${(share * 100).toFixed(0)} % of one core (with the analysis branch at 5 fps), ${Math.round(perSecond / 1000)} kB/s, ${((perSecond * 86_400) / 1e9).toFixed(1)} GB a day`,
    );
  } finally {
    child.removeAllListeners("exit");
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
  }
  await measureClip(what, camera);
}

/** A clip of ten seconds out of what was recorded. */
async function measureClip(what: string, camera: string): Promise<void> {
  const segments = [];
  let at = 0;
  for (const name of readdirSync(camera)
    .filter((n) => n.endsWith(".mp4"))
    .sort()
    // The last one was killed while it was written, perhaps before its first picture.
    .slice(0, -1)) {
    const { durationMs } = await readVideo(join(camera, name));
    segments.push({ id: name, camera: "", path: name, startedAt: at, endedAt: at + durationMs, bytes: 0 });
    at += durationMs;
  }
  const began = performance.now();
  const film = await joinFilm(camera, segments.slice(0, 4), 2000, 12_000, join(camera, "clip.mp4"));
  const ms = performance.now() - began;
  console.log(
    `${what}: a clip of ${((film!.endedAt - film!.startedAt) / 1000).toFixed(1)} s (${Math.round(film!.bytes / 1000)} kB) was cut in ${Math.round(ms)} ms`,
  );
}

/** User and system time of a process, in ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function bytesIn(path: string): number {
  return readdirSync(path).reduce((n, name) => n + statSync(join(path, name)).size, 0);
}
