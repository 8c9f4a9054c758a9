import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Config } from "../config.js";
import type { ClipRecord, PassRecord } from "../core/records.js";
import type { PassRepository } from "../core/repositories.js";
import { LATE_MS, MAX_CLIP_MS } from "./clips.js";
import { readVideo } from "./mp4-read.js";
import { stretchOf } from "./stretch.js";

export interface AdoptionParts {
  folder: string;
  passes: Pick<PassRepository, "list">;
  config: Pick<
    Config["recording"],
    "clipDays" | "unknownClipDays" | "preRollMs" | "postRollMs" | "segmentSeconds"
  >;
}

const DAY_MS = 86_400_000;
/** Both times come from clocks that are looked at one after the other, and pictures are no points in time. */
const SLACK_MS = 1000;

/**
 * A clip that has lost its row. Its time is that of the file, unless the store knows the one pass that it shows. Only a
 * pinned one can have outlived the age at which clips go, so an older one is pinned again. Throws as `readVideo` does.
 */
export async function adoptClip(path: string, camera: string, parts: AdoptionParts): Promise<ClipRecord> {
  const { folder, config } = parts;
  const { mtimeMs, size } = await stat(join(folder, path));
  const { durationMs } = await readVideo(join(folder, path));
  const id = basename(path, ".mp4");
  const pass = await passShown({ id, camera, writtenAt: mtimeMs, durationMs }, parts);
  const endedAt = Math.round(pass === null ? mtimeMs : Math.min(mtimeMs, clipStretchOf(pass, config).to));
  return {
    id,
    passId: pass?.id ?? null,
    camera: pass?.camera ?? camera,
    path,
    startedAt: Math.round(endedAt - durationMs),
    endedAt,
    bytes: size,
    pinned: Date.now() - mtimeMs > Math.max(config.clipDays, config.unknownClipDays) * DAY_MS,
    kind: "manual",
  };
}

/** The only camera there is; with several nobody can tell which one a clip is from. */
export function cameraOf(files: Iterable<string>, isClip: (path: string) => boolean): string {
  const cameras = new Set([...files].filter((path) => !isClip(path)).map((path) => path.split("/")[0]!));
  return cameras.size === 1 ? [...cameras][0]! : "unknown";
}

/**
 * The pass that names this clip, else the only one without a clip whose stretch of time has this length and had just been
 * recorded when the clip was written. Where two could be meant, none is: a film of somebody else is worse than none.
 */
async function passShown(
  clip: { id: string; camera: string; writtenAt: number; durationMs: number },
  { passes, config }: AdoptionParts,
): Promise<PassRecord | null> {
  const lateMs = config.segmentSeconds * 2000 + LATE_MS;
  const near = await passes.list({
    from: Math.floor(clip.writtenAt - clip.durationMs - lateMs - config.segmentSeconds * 1000),
    to: Math.ceil(clip.writtenAt + SLACK_MS),
    limit: 1000,
  });
  // A clip would tie the hash of a plate to a film that shows it.
  const open = near.items.filter((pass) => !pass.plate.startsWith("#") && pass.endedAt !== null);
  const named = open.find((pass) => pass.clipId === clip.id);
  if (named !== undefined) return named;
  const fitting = open.filter((pass) => {
    if (pass.clipId !== null || (clip.camera !== "unknown" && pass.camera !== clip.camera)) return false;
    const { from, to } = clipStretchOf(pass, config);
    const agoMs = clip.writtenAt - to;
    // It begins at the key picture before; no segment is without one.
    const moreMs = clip.durationMs - (to - from);
    return (
      agoMs >= -SLACK_MS &&
      agoMs <= lateMs &&
      moreMs >= -SLACK_MS &&
      moreMs <= config.segmentSeconds * 1000 + SLACK_MS
    );
  });
  return fitting.length === 1 ? fitting[0]! : null;
}

/** What the clip of a pass that has ended holds, in wall ms. */
function clipStretchOf(pass: PassRecord, config: AdoptionParts["config"]): { from: number; to: number } {
  const { from, to } = stretchOf(pass, config);
  return { from, to: Math.min(to, from + MAX_CLIP_MS) };
}
