import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { loadPicture } from "../system/picture.js";
import type { Camera, CameraState, Frame } from "./camera.js";
import { analysisMaxWidthPx } from "./pipelines.js";

export interface ReplayOptions {
  folder: string;
  /** Frames a second. */
  fps: number;
  /** Shows the photos again and again, at the pace of a camera; else once, as fast as they are asked for. */
  loop: boolean;
  /** How long each photo stands, in ms; default 1000. An empty picture of the same length follows it. */
  holdMs?: number;
}

/** A folder of photos as a camera, in the order of their names. A file that is no picture is skipped and named. */
export function createReplayCamera(
  options: ReplayOptions,
  { clock, log }: { clock: Clock; log: Log },
): Camera {
  const { folder, fps, loop } = options;
  const stepMs = 1000 / fps;
  const each = Math.max(1, Math.round((options.holdMs ?? 1000) / stepMs));
  let state: CameraState = "connecting";
  let problem = "";
  let names: string[] | null = null;
  let photo = 0;
  let shown = 0;
  let sequence = 0;
  /** Of this round through the photos. */
  let readable = 0;
  let picture: Pick<Frame, "width" | "height" | "rgb"> | null = null;
  let startedMs: number | null = null;
  let wake = () => {};
  let closed = false;

  return {
    async nextFrame() {
      while (!closed && state !== "failed") {
        names ??= photosIn(folder);
        if (names.length === 0) {
          state = "failed";
          problem = `The folder ${folder} holds no photo (.jpg, .png, .webp, .tif).`;
          return null;
        }
        if (photo >= names.length) {
          if (!loop || readable === 0) break;
          photo = 0;
          readable = 0;
        }
        picture ??= await load(names[photo]!);
        if (picture === null) {
          photo++;
          continue;
        }
        if (shown === 0) readable++;
        startedMs ??= clock.monotonicMs();
        const mediaMs = sequence * stepMs;
        if (loop) await until(startedMs + mediaMs);
        if (closed) break;
        const rgb = shown < each ? picture.rgb : Buffer.alloc(picture.rgb.length, 128);
        const frame: Frame = {
          ...picture,
          rgb,
          atMs: loop ? clock.monotonicMs() : startedMs + mediaMs,
          mediaMs,
          sequence,
        };
        sequence++;
        state = "running";
        if (++shown >= 2 * each) {
          shown = 0;
          photo++;
          picture = null;
        }
        return frame;
      }
      if (state !== "failed") {
        state = closed || (!loop && sequence > 0) ? "ended" : "failed";
        if (state === "failed") problem = `No file in ${folder} can be read as a picture.`;
      }
      return null;
    },
    status: () => ({ state, problem, frames: sequence, dropped: 0, reconnects: 0 }),
    async close() {
      closed = true;
      wake();
    },
  };

  async function load(name: string): Promise<Pick<Frame, "width" | "height" | "rgb"> | null> {
    try {
      const { width, height, rgb } = await loadPicture(join(folder, name), analysisMaxWidthPx);
      return { width, height, rgb: Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength) };
    } catch (error) {
      log.warn({ photo: name }, (error as Error).message);
      return null;
    }
  }

  async function until(atMs: number): Promise<void> {
    const waitMs = atMs - clock.monotonicMs();
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(waitMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

function photosIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(jpe?g|png|webp|tiff?)$/i.test(name))
    .sort();
}
