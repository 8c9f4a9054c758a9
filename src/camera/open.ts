import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Camera, SegmentFile } from "./camera.js";
import { type GstBinding, loadGstBinding } from "./gstreamer.js";
import { createLiveCamera } from "./live.js";
import { createRecorder, type OpenSegment } from "./recorder.js";
import { createReplayCamera } from "./replay.js";
import { parseSource, SourceError } from "./source.js";

export interface CameraOptions {
  /** As in the configuration: demo, a file, a folder, rtsp://…, v4l2:…, libcamera:, nvargus:, a raw pipeline. */
  source: string;
  /** Frames a second that are handed out, at most. */
  analysisFps: number;
  /**
   * `run`: never ends; loops files and folders, reconnects with growing waits; what is wrong stands in `status()`.
   * `watch`: a file or folder once, with every frame, `atMs` following the film's own time; a source that cannot be
   * opened at all ends in the state `failed`.
   */
  mode: "run" | "watch";
  /** Folder of this camera's segments; null: no recording. Photos and watched files are never recorded. */
  recordingFolder: string | null;
  segmentSeconds: number;
  /** A stream without a picture for this long is opened anew; default 10 s. */
  stallMs?: number;
}

export interface CameraDeps {
  clock: Clock;
  log: Log;
  /** Default: the binding of this machine, loaded when a stream is opened. */
  binding?: GstBinding;
  /** A segment is finished, on the card and will not change; also those that an earlier process left unfinished. */
  onSegment?(segment: SegmentFile): void;
  /** A segment has begun; it can be played while it grows, under the path that it keeps. */
  onSegmentOpened?(segment: OpenSegment): void;
}

/** The camera of a source. Throws only what no waiting can mend: `GstError` where GStreamer is missing altogether. */
export function openCamera(options: CameraOptions, deps: CameraDeps): Camera {
  const { clock, log } = deps;
  const { source, analysisFps, mode, recordingFolder, segmentSeconds } = options;
  const photos = photosFolder(source);
  if (photos !== null) {
    return createReplayCamera({ folder: photos, fps: analysisFps, loop: mode === "run" }, { clock, log });
  }
  const recorder =
    recordingFolder === null || mode === "watch"
      ? null
      : createRecorder(
          { folder: recordingFolder, segmentSeconds },
          {
            clock,
            log,
            onSegment: deps.onSegment ?? (() => {}),
            onSegmentOpened: deps.onSegmentOpened ?? (() => {}),
          },
        );
  return createLiveCamera(
    {
      source,
      analysisFps,
      mode,
      ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
    },
    { clock, log, binding: deps.binding ?? loadGstBinding(), recorder },
  );
}

function photosFolder(source: string): string | null {
  try {
    const parsed = parseSource(source);
    return parsed.kind === "photos" ? parsed.folder : null;
  } catch (error) {
    // A source that is not there yet is retried and shown; whoever opens the stream says what is wrong.
    if (error instanceof SourceError) return null;
    throw error;
  }
}
