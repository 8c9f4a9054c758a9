import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { masked } from "../system/masked.js";

/** Where a camera's pictures come from. */
export type Source =
  | { kind: "file"; path: string }
  | { kind: "photos"; folder: string }
  | { kind: "rtsp"; url: string }
  | ({ kind: "v4l2"; device: string; format: "any" | "h264" | "mjpeg" | "raw" } & WantedSize)
  | ({ kind: "libcamera"; camera: string } & WantedSize)
  | ({ kind: "nvargus"; sensor: number } & WantedSize)
  | { kind: "pipeline"; text: string };

/** What a local camera is asked for; where nothing is said it decides. */
export interface WantedSize {
  width?: number;
  height?: number;
  fps?: number;
}

/** A source that cannot be used: one sentence with what to write instead. */
export class SourceError extends Error {}

/** The clip that comes with the program. */
export const demoClip = fileURLToPath(new URL("../../../hw/demo/demo.mp4", import.meta.url));

/**
 * Reads a `source` setting: `demo`, a video file, a folder of photos, `rtsp://…`, `v4l2:/dev/video0`, `libcamera:`,
 * `nvargus:` or a raw pipeline (anything with a `!`). The local cameras take wishes:
 * `v4l2:/dev/video0?format=h264&width=1280&height=720&fps=30`. Throws `SourceError`.
 */
export function parseSource(text: string, kindOfPath = kindOnDisk): Source {
  const trimmed = text.trim();
  if (trimmed === "demo") return { kind: "file", path: demoClip };
  if (/^rtsps?t?u?:\/\//i.test(trimmed)) return rtsp(trimmed);
  const scheme = /^(v4l2|libcamera|nvargus):([^!]*)$/.exec(trimmed);
  if (scheme !== null) return local(scheme[1] as "v4l2", scheme[2]!);
  if (trimmed.includes("!")) return { kind: "pipeline", text: trimmed };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(trimmed) && !trimmed.startsWith("file://")) {
    throw new SourceError(
      `The camera source "${masked(trimmed)}" has an unknown scheme; use rtsp://, v4l2:, libcamera:, nvargus:, a file, a folder or a pipeline.`,
    );
  }
  const path = trimmed.startsWith("file://") ? fileURLToPath(trimmed) : trimmed;
  const kind = kindOfPath(path);
  if (kind === "file") return { kind, path };
  if (kind === "folder") return { kind: "photos", folder: path };
  throw new SourceError(
    `The camera source "${masked(path)}" does not exist; name a video file or a folder of photos.`,
  );
}

function rtsp(url: string): Source {
  let host = "";
  try {
    host = new URL(url).hostname;
  } catch {}
  if (host === "")
    throw new SourceError(
      `The camera address "${masked(url)}" is no valid URL; write rtsp://user:password@host/path.`,
    );
  return { kind: "rtsp", url };
}

function local(scheme: "v4l2" | "libcamera" | "nvargus", rest: string): Source {
  const [name = "", query = ""] = rest.split("?", 2);
  const wishes = new URLSearchParams(query);
  const known = scheme === "v4l2" ? ["width", "height", "fps", "format"] : ["width", "height", "fps"];
  for (const key of wishes.keys()) {
    if (!known.includes(key)) {
      throw new SourceError(
        `The camera source "${scheme}:${rest}" asks for "${key}"; it may ask for ${known.join(", ")}.`,
      );
    }
  }
  const size: WantedSize = {};
  for (const key of ["width", "height", "fps"] as const) {
    const value = wishes.get(key);
    if (value === null) continue;
    const number = Number(value);
    if (!Number.isInteger(number) || number < 1 || number > 16384) {
      throw new SourceError(
        `The camera source "${scheme}:${rest}" wants ${key}=${value}; use a whole number.`,
      );
    }
    size[key] = number;
  }
  if (scheme === "libcamera") return { kind: scheme, camera: name, ...size };
  if (scheme === "nvargus") {
    const sensor = Number(name || "0");
    if (!Number.isInteger(sensor) || sensor < 0) {
      throw new SourceError(`The camera source "nvargus:${rest}" names no sensor; use nvargus:0.`);
    }
    return { kind: scheme, sensor, ...size };
  }
  const format = wishes.get("format") ?? "any";
  if (!isFormat(format)) {
    throw new SourceError(`The camera source "v4l2:${rest}" wants format=${format}; use h264, mjpeg or raw.`);
  }
  return { kind: scheme, device: name || "/dev/video0", format, ...size };
}

function isFormat(text: string): text is "any" | "h264" | "mjpeg" | "raw" {
  return ["any", "h264", "mjpeg", "raw"].includes(text);
}

function kindOnDisk(path: string): "file" | "folder" | "none" {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch {
    return "none";
  }
}
