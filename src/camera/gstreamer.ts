import { openGstKit } from "./gst-kit.js";
import { openSuperficial } from "./superficial.js";

/** GStreamer as the rest of the camera sees it; one implementation per Node binding. */
export interface GstBinding {
  /** Package name of the binding, for `doctor` and the log. */
  name: string;
  /** Whether GStreamer has this element on this machine. */
  has(element: string): boolean;
  /**
   * Builds the pipeline of this text and starts it. The text must hold an `appsink` called
   * `analysis`. Throws `GstError` where the text cannot become a pipeline; everything later is a message.
   */
  open(description: string, options: GstOpenOptions): GstPipeline;
}

export interface GstOpenOptions {
  /** Called in the order of the bus, never after `stop()` has resolved; must not throw. */
  onMessage(message: GstMessage): void;
}

export type GstValue = string | number | boolean;

export interface GstPipeline {
  /**
   * The next sample of an appsink, waiting for one; null after the end of the stream or the stop. Only one pull
   * a sink at a time. A waiting pull holds one thread of the pool (`UV_THREADPOOL_SIZE`), and so does the bus.
   */
  pull(sink: string): Promise<GstSample | null>;
  /** A property of a named element; 64-bit numbers come as text; undefined where there is no such thing. */
  property(element: string, property: string): unknown;
  setProperty(element: string, property: string, value: GstValue): void;
  /** Asks the sources to end; `eos` follows on the bus when all sinks have finished (files closed). */
  sendEos(): void;
  /** Ends at once, answers waiting pulls with null and frees what the binding can free. Safe to call twice. */
  stop(): Promise<void>;
}

export interface GstSample {
  data: Buffer;
  /** First structure of the caps: name, width, height, format, framerate… */
  caps: Readonly<Record<string, unknown>>;
}

/** What the bus says, as far as anybody here wants to know. */
export type GstMessage =
  | GstTrouble
  | { type: "eos" }
  /** Posted by an element itself, such as `splitmuxsink-fragment-closed`. */
  | { type: "element"; element: string; name: string; fields: Readonly<Record<string, unknown>> };

/** Something went wrong in `element`; after an error the pipeline is of no more use. */
export interface GstTrouble {
  type: "error" | "warning";
  element: string;
  text: string;
  /** Where in GStreamer, then what happened. */
  detail: string;
}

/** One sentence about what GStreamer refused. */
export class GstError extends Error {}

/** The binding of this machine: gst-kit where it is installed, else gstreamer-superficial. Throws `GstError`. */
export function loadGstBinding(): GstBinding {
  const problems: string[] = [];
  for (const open of [() => openGstKit(), openSuperficial]) {
    try {
      return open();
    } catch (error) {
      problems.push(error instanceof Error ? firstLine(error.message) : String(error));
    }
  }
  throw new GstError(
    `GStreamer cannot be used on this machine: ${problems.join("; ")}; run hw/bootstrap.sh to install it.`,
  );
}

/** Throws where a text holds no `appsink name=analysis`: a binding handed a lone element would go astray. */
export function checkSink(description: string): void {
  if (/!\s*appsink\b[^!]*\bname=analysis\b/.test(description)) return;
  throw new GstError("The pipeline has no appsink called analysis: end it in `! appsink name=analysis`.");
}

/** Turns what gst_parse_launch says into a sentence that names the package to install. */
export function parseProblem(text: string): GstError {
  const missing = /no element "([^"]+)"/.exec(text)?.[1];
  if (missing === undefined) return new GstError(`The pipeline cannot be built: ${firstLine(text)}.`);
  const debian = debianPackages.find(([pattern]) => pattern.test(missing))?.[1];
  const advice = debian === undefined ? "install the plugin that has it" : `install ${debian}`;
  return new GstError(`GStreamer has no element ${missing} on this machine; ${advice}.`);
}

const debianPackages: readonly (readonly [RegExp, string])[] = [
  [/^(x264enc)$/, "gstreamer1.0-plugins-ugly"],
  [/^av(dec|enc)_/, "gstreamer1.0-libav"],
  [/^(rtsp|rtp|v4l2|splitmux|mp4mux|qtdemux|qtmux|multifile|jpeg|matroska)/, "gstreamer1.0-plugins-good"],
  [/^(h26[45]parse|openh264|x265)/, "gstreamer1.0-plugins-bad"],
  [/^(appsink|video|decodebin|parsebin|uridecodebin|tee)/, "gstreamer1.0-plugins-base"],
  [/^libcamera/, "gstreamer1.0-libcamera"],
  [/^nv/, "nvidia-l4t-gstreamer"],
];

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").trim().replace(/\.$/, "");
}
