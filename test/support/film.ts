import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCamera } from "../../src/camera/open.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";

/** Writes a film with gst-launch-1.0; the text stands before `! filesink`. */
export function makeFilm(file: string, pipeline: string): void {
  const run = spawnSync("gst-launch-1.0", ["-q", ...splitText(`${pipeline} ! filesink location=${file}`)], {
    encoding: "utf8",
    timeout: 120_000,
  });
  if (run.status !== 0) throw new Error(`gst-launch-1.0 failed: ${run.stderr}`);
}

/** How many pictures a film holds, all of them decoded, and the length of the film by them. */
export async function picturesOf(
  file: string,
): Promise<{ pictures: number; lastMs: number; problem: string }> {
  const camera = openCamera(
    { source: file, analysisFps: 60, mode: "watch", recordingFolder: null, segmentSeconds: 10 },
    { clock: systemClock, log: silentLog },
  );
  let pictures = 0;
  let lastMs = 0;
  for (let frame = await camera.nextFrame(); frame !== null; frame = await camera.nextFrame()) {
    pictures++;
    lastMs = frame.mediaMs;
  }
  const { problem } = camera.status();
  await camera.close();
  return { pictures, lastMs, problem };
}

/** The coded slices of an H.264 film, one after the other, without container and parameter sets. */
export function codedPictures(file: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "plategate-coded-"));
  try {
    const out = join(folder, "coded");
    makeFilm(
      out,
      `filesrc location=${file} ! qtdemux ! h264parse ! video/x-h264,stream-format=avc,alignment=au`,
    );
    const bytes = readFileSync(out);
    const slices: Buffer[] = [];
    for (let at = 0; at + 4 < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
      const type = bytes[at + 4]! & 31;
      if (type === 1 || type === 5) slices.push(bytes.subarray(at, at + 4 + bytes.readUInt32BE(at)));
    }
    return Buffer.concat(slices);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function splitText(text: string): string[] {
  return text.trim().split(/\s+/);
}
