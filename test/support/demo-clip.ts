import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sceneJpeg } from "./scene.js";

/** Draws a car driving up and writes it as fragmented MP4 (H.264); false when this machine has no encoder. */
export async function writeDemoClip(file: string, plate: string, seconds = 4): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "plategate-clip-"));
  try {
    const fps = 10;
    for (let i = 0; i < seconds * fps; i++) {
      const nearness = Math.min(1, i / (seconds * fps * 0.8));
      writeFileSync(
        join(folder, `f${String(i).padStart(4, "0")}.jpg`),
        await sceneJpeg({ plate, nearness, widthPx: 640 }),
      );
    }
    const pipeline = `multifilesrc location=${folder}/f%04d.jpg caps=image/jpeg,framerate=${fps}/1 ! jpegdec ! videoconvert ! video/x-raw,format=I420 ! x264enc speed-preset=veryfast key-int-max=10 ! h264parse ! mp4mux fragment-duration=1000 ! filesink location=${file}`;
    const result = spawnSync("gst-launch-1.0", ["-q", ...pipeline.split(" ")], {
      stdio: "ignore",
      timeout: 60_000,
    });
    return result.status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
