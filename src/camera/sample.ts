import type { Frame } from "./camera.js";
import type { GstSample } from "./gstreamer.js";

/** A sample of `video/x-raw,format=RGB` as a frame; null where it is none. GStreamer pads rows to four bytes. */
export function frameOf(
  sample: GstSample,
  about: Pick<Frame, "atMs" | "mediaMs" | "sequence">,
): Frame | null {
  const width = Number(sample.caps.width);
  const height = Number(sample.caps.height);
  const row = width * 3;
  const stride = Math.floor(sample.data.length / height);
  if (!(width > 0 && height > 0) || sample.caps.format !== "RGB" || stride < row) return null;
  const rgb = stride === row ? sample.data : withoutPadding(sample.data, row, stride, height);
  return { width, height, rgb, ...about };
}

/** Frames a second that the caps promise; 0: they do not say. */
export function fpsOf(caps: GstSample["caps"]): number {
  const [over = "0", under = "1"] = String(caps.framerate ?? "0/1").split("/");
  return Number(over) / Number(under) || 0;
}

function withoutPadding(data: Buffer, row: number, stride: number, height: number): Buffer {
  const packed = Buffer.allocUnsafe(row * height);
  for (let y = 0; y < height; y++) data.copy(packed, y * row, y * stride, y * stride + row);
  return packed;
}
