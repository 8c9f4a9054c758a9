import { test } from "uvu";
import * as assert from "uvu/assert";
import { type PipelineOptions, pipelineText, quoted, waysToRecord } from "../../src/camera/pipelines.js";
import type { Source } from "../../src/camera/source.js";

const plain: PipelineOptions = { analysisFps: 15, everyFrame: false, record: null, board: "other" };
const keep = (how: "h264" | "h265" | "encode"): PipelineOptions => ({
  ...plain,
  record: { how, encoder: "x264enc" },
});
const rgb =
  "videoscale ! videoconvert ! video/x-raw,format=RGB,width=[16,1280],height=[16,720],pixel-aspect-ratio=1/1 ! appsink name=analysis sync=false qos=false";
const newest = `queue leaky=downstream max-size-buffers=2 max-size-bytes=0 max-size-time=0 ! videorate name=rate drop-only=true max-rate=15 ! ${rgb} max-buffers=1 drop=true`;
const backlog =
  "queue name=backlog max-size-buffers=0 max-size-bytes=0 max-size-time=1000000000 ! decodebin :";
const mp4 =
  "mp4mux name=record fragment-duration=1000 streamable=true ! appsink name=segments sync=false async=false qos=false max-buffers=500";
const card = "queue leaky=upstream max-size-buffers=0 max-size-bytes=33554432 max-size-time=8000000000";
const encoded = `queue leaky=downstream max-size-buffers=15 max-size-bytes=0 max-size-time=0 ! videorate drop-only=true max-rate=15 ! videoscale ! videoconvert ! video/x-raw,format=I420,width=[16,1280],height=[16,720],pixel-aspect-ratio=1/1 ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=15 ! video/x-h264,profile=main ! h264parse config-interval=-1 ! ${mp4}`;
const rtspsrc =
  'rtspsrc name=source location="rtsp://cam/1" protocols=tcp latency=200 drop-on-latency=true tcp-timeout=5000000 timeout=5000000';

const golden: [string, Exclude<Source, { kind: "photos" }>, PipelineOptions, string][] = [
  [
    "a network camera whose H.264 is kept",
    { kind: "rtsp", url: "rtsp://cam/1" },
    keep("h264"),
    `${rtspsrc}  source. : capsfilter caps="application/x-rtp,media=video,encoding-name=H264" ! rtph264depay ! h264parse config-interval=-1 ! tee name=encoded  encoded. ! ${backlog} ${newest}  encoded. ! ${card} ! ${mp4}`,
  ],
  [
    "a network camera that is only looked at",
    { kind: "rtsp", url: "rtsp://cam/1" },
    plain,
    `${rtspsrc}  source. : capsfilter caps="application/x-rtp,media=video" ! parsebin : ${backlog} ${newest}`,
  ],
  [
    "a USB camera whose pictures are encoded here",
    { kind: "v4l2", device: "/dev/video0", format: "raw", width: 1280, height: 720, fps: 30 },
    keep("encode"),
    `v4l2src device="/dev/video0" do-timestamp=true ! capsfilter caps="video/x-raw,width=1280,height=720,framerate=30/1" ! tee name=pictures  pictures. ! ${newest}  pictures. ! ${encoded}`,
  ],
  [
    "a camera of the Raspberry Pi",
    { kind: "libcamera", camera: "" },
    plain,
    `libcamerasrc ! video/x-raw,width=1280,height=720 ! ${newest}`,
  ],
  [
    "a camera of the Jetson",
    { kind: "nvargus", sensor: 0, fps: 30 },
    { ...plain, board: "jetson" },
    `nvarguscamerasrc sensor-id=0 ! video/x-raw(memory:NVMM),width=1920,height=1080,framerate=30/1 ! nvvidconv ! video/x-raw,format=I420 ! ${newest}`,
  ],
  [
    "a film at its own pace whose H.265 is kept",
    { kind: "file", path: "/a.mp4" },
    keep("h265"),
    `filesrc location="/a.mp4" ! parsebin name=container  container. : capsfilter caps="video/x-h265" ! h265parse config-interval=-1 ! identity name=pace sync=true ! tee name=encoded  encoded. ! ${backlog} ${newest}  encoded. ! ${card} ! ${mp4}`,
  ],
  [
    "a raw pipeline",
    { kind: "pipeline", text: "videotestsrc is-live=true" },
    plain,
    `videotestsrc is-live=true ! decodebin : ${newest}`,
  ],
];

for (const [name, source, options, expected] of golden) {
  test(`the pipeline of ${name} is the one that was looked at`, () => {
    assert.is(pipelineText(source, options), expected);
  });
}

test("a film that is watched hands out every frame and is neither paced nor dropped", () => {
  const text = pipelineText({ kind: "file", path: "/a.mp4" }, { ...plain, everyFrame: true });
  assert.not.match(text, /leaky|drop-only|drop=true|identity/);
  assert.match(text, /appsink name=analysis sync=false qos=false max-buffers=2 drop=false$/);
});

test("pictures that a Jetson decodes are fetched from its own memory", () => {
  const text = pipelineText({ kind: "rtsp", url: "rtsp://cam/1" }, { ...plain, board: "jetson" });
  assert.match(text, /decodebin : nvvidconv ! video\/x-raw,format=I420 ! queue/);
});

for (const encoder of ["x264enc", "openh264enc", "v4l2h264enc", "nvv4l2h264enc"] as const) {
  test(`video encoded by ${encoder} has a key frame every second`, () => {
    const text = pipelineText(
      { kind: "libcamera", camera: "" },
      { ...plain, record: { how: "encode", encoder } },
    );
    assert.match(
      text,
      new RegExp(`${encoder} name=encoder [^!]*(key-int-max|gop-size|h264_i_frame_period|iframeinterval)=15`),
    );
    assert.match(text, /max-rate=15/);
  });
}

test("what stands in a path or an address cannot become part of the pipeline", () => {
  const nasty = '/films/a" ! fakesink name="x\\';
  const text = pipelineText({ kind: "file", path: nasty }, plain);
  assert.ok(text.startsWith(`filesrc location=${quoted(nasty)} ! parsebin`));
  assert.is(quoted('a"b\\c'), '"a\\"b\\\\c"');
});

test("a stream is kept as it is where that can be, and encoded only as the last way", () => {
  assert.equal(waysToRecord({ kind: "rtsp", url: "rtsp://cam/1" }), ["h264", "h265", "encode"]);
  assert.equal(waysToRecord({ kind: "v4l2", device: "/dev/video0", format: "h264" }), ["h264", "encode"]);
  assert.equal(waysToRecord({ kind: "v4l2", device: "/dev/video0", format: "mjpeg" }), ["encode"]);
  assert.equal(waysToRecord({ kind: "pipeline", text: "videotestsrc" }), ["encode"]);
});

test.run();
