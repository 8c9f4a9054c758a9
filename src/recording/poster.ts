import { spawn } from "node:child_process";
import { join } from "node:path";
import type { ClipRecord } from "../core/records.js";

const LIMIT_MS = 15_000;
const MAX_BYTES = 8_000_000;

/**
 * The first picture of a clip as JPEG, decoded by a GStreamer process of its own; null where it cannot be had. One at a
 * time: a page with fifty clips must not start fifty decoders.
 */
export function createPoster(folder: string): (clip: Pick<ClipRecord, "path">) => Promise<Uint8Array | null> {
  let queue: Promise<unknown> = Promise.resolve();
  return (clip) => {
    const poster = queue.then(() => decode(join(folder, clip.path)));
    queue = poster;
    return poster;
  };
}

function decode(path: string): Promise<Uint8Array | null> {
  const pipeline = [
    "filesrc",
    `location=${path}`,
    "!",
    "decodebin",
    "!",
    "videoconvert",
    "!",
    "jpegenc",
    "snapshot=true",
    "quality=80",
    "!",
    "fdsink",
    "fd=1",
  ];
  return new Promise((resolve) => {
    const child = spawn("nice", ["gst-launch-1.0", "-q", ...pipeline], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BYTES) chunks.push(chunk);
    });
    child.on("error", () => finish());
    child.on("close", () => finish());

    function finish(): void {
      clearTimeout(timer);
      const jpeg = Buffer.concat(chunks);
      resolve(isJpeg(jpeg) && bytes <= MAX_BYTES ? jpeg : null);
    }
  });
}

function isJpeg(bytes: Buffer): boolean {
  return (
    bytes.length > 100 && bytes.readUInt16BE(0) === 0xffd8 && bytes.readUInt16BE(bytes.length - 2) === 0xffd9
  );
}
