import { existsSync } from "node:fs";
import type { GstBinding } from "./gstreamer.js";
import type { Board, Encoder } from "./pipelines.js";

/** What decodes and encodes on this machine. The paths keep the binding from asking for elements that cannot be. */
export function board(): Board {
  return existsSync("/etc/nv_tegra_release") || existsSync("/dev/nvhost-ctrl") ? "jetson" : "other";
}

/** The H.264 encoder to use, hardware first; null: none is installed. */
export function pickEncoder(binding: GstBinding): Encoder | null {
  if (board() === "jetson" && binding.has("nvv4l2h264enc")) return "nvv4l2h264enc";
  // The Raspberry Pi's encoder (up to Pi 4; the Pi 5 has none).
  if (existsSync("/dev/video11") && binding.has("v4l2h264enc")) return "v4l2h264enc";
  if (binding.has("x264enc")) return "x264enc";
  return binding.has("openh264enc") ? "openh264enc" : null;
}
