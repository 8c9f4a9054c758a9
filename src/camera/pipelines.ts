import type { Source, WantedSize } from "./source.js";

export interface PipelineOptions {
  /** Frames a second that the analysis gets at most. */
  analysisFps: number;
  /** Every frame of a file as fast as it is asked for, instead of the newest one at the pace of the film. */
  everyFrame: boolean;
  /** null: nothing is recorded. */
  record: null | { how: RecordHow; encoder: Encoder };
  board: Board;
}

/** The camera's own stream of this codec as it is, or H.264 encoded here. */
export type RecordHow = "h264" | "h265" | "encode";
export type Encoder = "x264enc" | "v4l2h264enc" | "nvv4l2h264enc" | "openh264enc";
/** On a Jetson decoded pictures lie in the GPU's memory and are fetched from there. */
export type Board = "jetson" | "other";

/** Pictures never reach the analysis larger than this; smaller ones stay as they are. */
export const analysisMaxWidthPx = 1280;
export const analysisMaxHeightPx = 720;
/** Frames a second of video that is encoded here. */
export const encodedFps = 15;

/**
 * The pipeline text of a source: one source, a `tee`, the analysis branch that ends in `appsink name=analysis`, and,
 * where wanted, the recording branch that ends in `appsink name=segments`.
 * Elements that others ask by name: `rate` (frames let through), `backlog` (what waits in front of the decoder).
 */
export function pipelineText(source: Exclude<Source, { kind: "photos" }>, options: PipelineOptions): string {
  const { record } = options;
  const isEncoded = sourceIsEncoded(source);
  const analysis = analysisBranch(options);
  const input = inputText(source, options);
  if (record === null) {
    const decode = isEncoded ? `queue name=backlog ${encodedQueue} ! ${decoder(options)} ` : "";
    return `${input} ${decode}${rawQueue(options)} ! ${analysis}`;
  }
  if (record.how !== "encode") {
    return [
      `${input} tee name=encoded`,
      `encoded. ! queue name=backlog ${encodedQueue} ! ${decoder(options)} ${rawQueue(options)} ! ${analysis}`,
      // A card that stalls for longer than this loses video; it must never hold up the analysis.
      `encoded. ! queue leaky=upstream max-size-buffers=0 max-size-bytes=33554432 max-size-time=8000000000 ! ${segments}`,
    ].join("  ");
  }
  const decode = isEncoded ? `queue name=backlog ${encodedQueue} ! ${decoder(options)} ` : "";
  return [
    `${input} ${decode}tee name=pictures`,
    `pictures. ! ${rawQueue(options)} ! ${analysis}`,
    `pictures. ! queue leaky=downstream max-size-buffers=15 max-size-bytes=0 max-size-time=0 ! ${encoding(record.encoder)} ! ${segments}`,
  ].join("  ");
}

/** The ways to record a source, best first. Which codec a stream has shows when it is opened. */
export function waysToRecord(source: Source): readonly RecordHow[] {
  if (source.kind === "rtsp" || source.kind === "file") return ["h264", "h265", "encode"];
  if (source.kind === "v4l2" && source.format === "h264") return ["h264", "encode"];
  return ["encode"];
}

/** Text inside the quotes of a pipeline. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function sourceIsEncoded(source: Source): boolean {
  return (
    source.kind === "rtsp" || source.kind === "file" || (source.kind === "v4l2" && source.format !== "raw")
  );
}

function inputText(source: Exclude<Source, { kind: "photos" }>, options: PipelineOptions): string {
  const codec = options.record === null || options.record.how === "encode" ? null : options.record.how;
  switch (source.kind) {
    case "rtsp": {
      // TCP: a lost UDP packet smears the picture until the next key frame, and plates with it.
      const open = `rtspsrc name=source location=${quoted(source.url)} protocols=${/^rtspu/i.test(source.url) ? "udp" : "tcp"} latency=200 drop-on-latency=true tcp-timeout=5000000 timeout=5000000`;
      const take =
        codec === null
          ? 'capsfilter caps="application/x-rtp,media=video" ! parsebin :'
          : `capsfilter caps="application/x-rtp,media=video,encoding-name=${codec.toUpperCase()}" ! rtp${codec}depay ! ${parser(codec)} !`;
      return `${open}  source. : ${take}`;
    }
    case "file": {
      const caps = codec === null ? videoCaps : `video/x-${codec}`;
      const take = `capsfilter caps=${quoted(caps)}${codec === null ? "" : ` ! ${parser(codec)}`}`;
      const pace = options.everyFrame ? "" : " ! identity name=pace sync=true";
      return `filesrc location=${quoted(source.path)} ! parsebin name=container  container. : ${take}${pace} !`;
    }
    case "v4l2": {
      const wanted = { any: "", h264: "video/x-h264", mjpeg: "image/jpeg", raw: "video/x-raw" }[
        source.format
      ];
      const size = sizeCaps(source);
      const caps = wanted === "" && size !== "" ? `video/x-raw${size};image/jpeg${size}` : wanted + size;
      const parse = source.format === "h264" ? ` ! ${parser("h264")}` : "";
      return `v4l2src device=${quoted(source.device)} do-timestamp=true${caps === "" ? "" : ` ! capsfilter caps=${quoted(caps)}`}${parse} !`;
    }
    case "libcamera": {
      const name = source.camera === "" ? "" : ` camera-name=${quoted(source.camera)}`;
      return `libcamerasrc${name} ! video/x-raw${sizeCaps({ width: 1280, height: 720, ...source })} !`;
    }
    case "nvargus":
      return `nvarguscamerasrc sensor-id=${source.sensor} ! video/x-raw(memory:NVMM)${sizeCaps({ width: 1920, height: 1080, ...source })} ! nvvidconv ! video/x-raw,format=I420 !`;
    case "pipeline":
      return `${source.text} ! decodebin :`;
  }
}

const videoCaps = [
  "video/x-h264",
  "video/x-h265",
  "video/mpeg,systemstream=false",
  "video/x-vp8",
  "video/x-vp9",
  "video/x-av1",
  "image/jpeg",
  "video/x-raw",
].join(";");

function sizeCaps(wanted: WantedSize): string {
  const width = wanted.width === undefined ? "" : `,width=${wanted.width}`;
  const height = wanted.height === undefined ? "" : `,height=${wanted.height}`;
  const fps = wanted.fps === undefined ? "" : `,framerate=${wanted.fps}/1`;
  return width + height + fps;
}

/** Holds at most a second: what waits here makes frames old, and the age counts it in. */
const encodedQueue = "max-size-buffers=0 max-size-bytes=0 max-size-time=1000000000";

function rawQueue({ everyFrame }: PipelineOptions): string {
  return `queue ${everyFrame ? "" : "leaky=downstream "}max-size-buffers=2 max-size-bytes=0 max-size-time=0`;
}

function decoder({ board }: PipelineOptions): string {
  return board === "jetson" ? "decodebin : nvvidconv ! video/x-raw,format=I420 !" : "decodebin :";
}

function analysisBranch({ analysisFps, everyFrame }: PipelineOptions): string {
  // Constant frame rate, so that the number of a frame gives its time in the film.
  const rate = everyFrame
    ? "videorate name=rate ! video/x-raw,framerate=[10/1,120/1]"
    : `videorate name=rate drop-only=true max-rate=${Math.max(1, Math.round(analysisFps))}`;
  const sink = everyFrame ? "max-buffers=2 drop=false" : "max-buffers=1 drop=true";
  return `${rate} ! videoscale ! videoconvert ! video/x-raw,format=RGB,width=[16,${analysisMaxWidthPx}],height=[16,${analysisMaxHeightPx}],pixel-aspect-ratio=1/1 ! appsink name=analysis sync=false qos=false ${sink}`;
}

/** Writes the format into every key frame again, where the recorder sees it change. */
function parser(codec: "h264" | "h265"): string {
  return `${codec}parse config-interval=-1`;
}

/** Key frames a second apart at most: a segment can only begin at one, and a browser can only seek to one. */
function encoding(encoder: Encoder): string {
  const shrink = `videorate drop-only=true max-rate=${encodedFps} ! videoscale ! videoconvert ! video/x-raw,format=I420,width=[16,1280],height=[16,720],pixel-aspect-ratio=1/1`;
  switch (encoder) {
    case "x264enc":
      return `${shrink} ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=${encodedFps} ! video/x-h264,profile=main ! ${parser("h264")}`;
    case "openh264enc":
      return `${shrink} ! openh264enc name=encoder bitrate=2000000 complexity=low gop-size=${encodedFps} ! ${parser("h264")}`;
    case "v4l2h264enc":
      return `${shrink} ! v4l2h264enc name=encoder extra-controls="controls,video_bitrate=2000000,h264_i_frame_period=${encodedFps},repeat_sequence_header=1" ! video/x-h264,level=(string)4 ! ${parser("h264")}`;
    case "nvv4l2h264enc":
      return `${shrink} ! nvvidconv ! video/x-raw(memory:NVMM),format=NV12 ! nvv4l2h264enc name=encoder bitrate=2000000 iframeinterval=${encodedFps} idrinterval=${encodedFps} insert-sps-pps=true ! ${parser("h264")}`;
  }
}

/**
 * Fragmented MP4 as a byte stream (header, then fragments of a second at most, or from key frame to key frame), which
 * the recorder cuts into files. Not `splitmuxsink`: it cannot be started a second time, it takes the whole pipeline
 * down when the card is full, and it would not tell when a file is safely on the card.
 */
const segments =
  "mp4mux name=record fragment-duration=1000 streamable=true ! appsink name=segments sync=false async=false qos=false max-buffers=500";
