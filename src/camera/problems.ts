import { masked } from "../system/masked.js";
import type { GstTrouble } from "./gstreamer.js";
import type { Source } from "./source.js";

/** One sentence, without a full stop, about why a source gives no pictures. */
export function problemOf(source: Source, message: GstTrouble): string {
  const said = `${message.text} ${message.detail}`;
  const why = reason(message);
  switch (source.kind) {
    case "rtsp": {
      const camera = `The camera at ${address(source.url)}`;
      if (/unauthori[sz]ed|\(401\)|not-authorized/i.test(said))
        return `${camera} refuses the user name or password`;
      if (/not found|\(404\)/i.test(said)) return `${camera} has no stream of this name`;
      if (
        /failed to connect|could not connect|refused|unreachable|timed? ?out|parse error|resolve/i.test(said)
      ) {
        return `${camera} does not answer`;
      }
      return `${camera} cannot be used (${why})`;
    }
    case "v4l2":
      if (/no such (file|device)|cannot identify/i.test(said))
        return `The camera ${source.device} is not there`;
      if (/busy/i.test(said)) return `The camera ${source.device} is used by another program`;
      if (/permission|not permitted/i.test(said)) {
        return `The camera ${source.device} may not be opened; add the user to the group video`;
      }
      return `The camera ${source.device} cannot be used (${why})`;
    case "libcamera":
    case "nvargus":
      return `The ${source.kind === "libcamera" ? "libcamera" : "Argus"} camera cannot be used (${why})`;
    case "file":
      if (/no such file|not found/i.test(said)) return `The video file ${source.path} does not exist`;
      if (/moov|demux|stream|type|corrupt|no valid|playable|text file|not-linked/i.test(said)) {
        return `${source.path} is no video that can be played, or a damaged one (${why})`;
      }
      return `${source.path} cannot be played (${why})`;
    case "photos":
      return `${source.folder} cannot be read (${why})`;
    case "pipeline":
      return `The pipeline of the camera failed (${masked(why)})`;
  }
}

/** Whether a camera refused the password: asked too often, some lock the account. */
export function isRefusal({ text, detail }: GstTrouble): boolean {
  return /unauthori[sz]ed|\(401\)|not-authorized/i.test(`${text} ${detail}`);
}

/** Whether an error came from the recording branch, so that the pictures can go on without it. */
export function isRecordingProblem(message: GstTrouble): boolean {
  return /GstMP4Mux:record|:encoder|GstAppSink:segments/.test(`${message.detail} ${message.element}`);
}

function reason(message: { text: string; detail: string }): string {
  // "../file.c(12): function (): /path: \nwhat happened": the last line says most.
  const last = message.detail.split("\n").slice(1).join(" ").trim();
  const text = last === "" || last.startsWith("streaming stopped") ? message.text : last;
  return masked(text).replace(/\s+/g, " ").replace(/\.$/, "");
}

/** Where the camera is: without user and query. Masked first, for a password may hold the signs of a query. */
function address(url: string): string {
  return masked(url)
    .replace("…@", "")
    .replace(/[?#].*$/s, "");
}
