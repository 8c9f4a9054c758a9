import { execFileSync } from "node:child_process";
import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentRecord } from "../../src/core/records.js";
import { joinFilm } from "../../src/recording/film.js";
import { readVideo } from "../../src/recording/mp4-read.js";
import { temporaryFolder } from "../support/folder.js";
import { skipLoudly } from "../support/skip.js";
import { launchBrowser } from "./browser.js";

const test = suite("clips in a browser");
const folder = temporaryFolder();
let browser: Browser | null = null;
let tab: Page;
let server: Server;
let origin = "";

test.before(async () => {
  browser = await launchBrowser();
  if (browser === null) return skipLoudly("clips in a browser", "there is no /usr/bin/chromium");
  server = createServer((request, response) => {
    if (request.url === "/")
      return response.setHeader("content-type", "text/html").end("<video id=v muted></video>");
    const path = join(folder, decodeURIComponent(request.url ?? ""));
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return response.writeHead(404).end();
    const [from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "")?.slice(1) ?? [];
    const end = to === "" ? size - 1 : Number(to);
    response.writeHead(206, {
      "content-type": "video/mp4",
      "accept-ranges": "bytes",
      "content-range": `bytes ${from}-${end}/${size}`,
      "content-length": end - Number(from) + 1,
    });
    createReadStream(path, { start: Number(from), end }).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  tab = await browser.newPage();
  await tab.goto(origin);
});

test.after(async () => {
  await browser?.close();
  server?.close();
});

/** Four segments of three seconds as splitmuxsink writes them, each picture numbered by its brightness. */
async function record(name: string, encoder: string): Promise<SegmentRecord[]> {
  const camera = join(folder, name);
  const sink = `splitmuxsink async-finalize=true max-size-time=3000000000 send-keyframe-requests=true muxer-factory=mp4mux muxer-properties=properties,fragment-duration=(uint)1000 location=${camera}/%03d.mp4`;
  const pipeline = `videotestsrc num-buffers=180 pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 ! ${encoder} ! h264parse ! ${sink}`;
  // The splitmuxsink of GStreamer 1.22 stands still now and then when nothing paces it; it is only the pen here.
  for (let attempt = 1; ; attempt++) {
    rmSync(camera, { recursive: true, force: true });
    mkdirSync(camera, { recursive: true });
    try {
      execFileSync("gst-launch-1.0", ["-q", "-e", ...pipeline.split(" ")], {
        timeout: 15_000,
        killSignal: "SIGKILL",
      });
      break;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
  const segments: SegmentRecord[] = [];
  let at = 1_000_000;
  for (const file of readdirSync(camera).sort()) {
    const path = join(name, file);
    const { durationMs } = await readVideo(join(folder, path));
    segments.push({ id: path, camera: name, path, startedAt: at, endedAt: at + durationMs, bytes: 1 });
    at += durationMs;
  }
  return segments;
}

/** The header's length in time is written last: a torn file has none. */
function forgetDuration(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf("mehd");
  bytes.fill(0, at + 8, at + (bytes[at + 4] === 1 ? 16 : 12));
  writeFileSync(path, bytes);
}

/** What a browser makes of a file: its length, the pictures it shows when it seeks to these times, and its complaint. */
async function play(path: string, seekTo: readonly number[] = []) {
  return tab.evaluate(
    async ({ url, times }) => {
      const video = (
        globalThis as unknown as { document: { querySelector(q: string): unknown } }
      ).document.querySelector("#v") as {
        src: string;
        duration: number;
        currentTime: number;
        videoWidth: number;
        error: { message: string } | null;
        play(): Promise<void>;
        pause(): void;
        onloadedmetadata: unknown;
        onseeked: unknown;
        onended: unknown;
        onerror: unknown;
        playbackRate: number;
        ended: boolean;
      };
      const once = (name: "onloadedmetadata" | "onseeked" | "onended") =>
        new Promise<void>((resolve, reject) => {
          video[name] = () => resolve();
          video.onerror = () => reject(new Error(video.error?.message));
        });
      const loaded = once("onloadedmetadata");
      video.src = url;
      await loaded;
      const reached: number[] = [];
      for (const time of times) {
        const seeked = once("onseeked");
        video.currentTime = time;
        await seeked;
        reached.push(video.currentTime);
      }
      const duration = video.duration;
      video.currentTime = 0;
      video.playbackRate = 8;
      const ended = once("onended");
      await video.play();
      await ended;
      return { duration, widthPx: video.videoWidth, reached, error: video.error?.message ?? "" };
    },
    { url: `${origin}/${path}`, times: [...seekTo] },
  );
}

for (const [name, encoder] of [
  ["plain", "x264enc key-int-max=15 tune=zerolatency bitrate=600"],
  ["reordered", "x264enc key-int-max=15 bframes=2 b-adapt=false bitrate=600"],
] as const) {
  test(`a clip of a ${name} stream plays from beginning to end and seeks`, async () => {
    if (browser === null) return;
    const segments = await record(name, encoder);
    assert.ok(segments.length >= 3);
    const film = await joinFilm(folder, segments, 1_002_500, 1_008_500, join(folder, `${name}.mp4`));
    assert.ok(
      film !== null && film.startedAt <= 1_002_500 && film.startedAt > 1_001_000 && film.endedAt >= 1_008_400,
    );
    const seconds = (film.endedAt - film.startedAt) / 1000;
    const shown = await play(`${name}.mp4`, [1, seconds - 1, 2.5]);
    assert.ok(Math.abs(shown.duration - seconds) < 0.15, `${shown.duration} s instead of ${seconds} s`);
    assert.equal(
      shown.reached.map((t) => Math.round(t * 10) / 10),
      [1, Math.round((seconds - 1) * 10) / 10, 2.5],
    );
    assert.is(shown.widthPx, 640);
    assert.is(shown.error, "");
  });
}

test("a segment that a power cut tore off plays up to its last whole fragment, as a file and in a clip", async () => {
  if (browser === null) return;
  const segments = await record("torn", "x264enc key-int-max=15 tune=zerolatency bitrate=600");
  const last = segments[1]!;
  const path = join(folder, last.path);
  truncateSync(path, Math.round(statSync(path).size * 0.7));
  forgetDuration(path);
  const { intactBytes, durationMs } = await readVideo(path);
  truncateSync(path, intactBytes);
  const whole = await readVideo(path);
  assert.ok(whole.durationMs > 1000 && durationMs - whole.durationMs <= 1100);
  assert.is((await play(last.path)).error, "");
  const torn = segments
    .slice(0, 2)
    .map((s) => (s === last ? { ...s, endedAt: s.startedAt + whole.durationMs } : s));
  const film = await joinFilm(folder, torn, 1_001_000, 1_006_000, join(folder, "torn.mp4"));
  const shown = await play("torn.mp4");
  assert.ok(Math.abs(shown.duration - (film!.endedAt - film!.startedAt) / 1000) < 0.15);
});

test("a hole between two segments is shown as long as it lasted", async () => {
  if (browser === null) return;
  const segments = await record("hole", "x264enc key-int-max=15 tune=zerolatency bitrate=600");
  const late = segments.map((s, i) =>
    i < 2 ? s : { ...s, startedAt: s.startedAt + 4000, endedAt: s.endedAt + 4000 },
  );
  const film = await joinFilm(folder, late, 1_001_000, 1_013_000, join(folder, "hole.mp4"));
  const shown = await play("hole.mp4", [8]);
  assert.ok(film!.endedAt - film!.startedAt > 11_000);
  assert.ok(Math.abs(shown.duration - (film!.endedAt - film!.startedAt) / 1000) < 0.2, `${shown.duration}`);
});

test.run();
