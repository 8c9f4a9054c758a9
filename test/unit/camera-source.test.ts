import { test } from "uvu";
import * as assert from "uvu/assert";
import { problemOf } from "../../src/camera/problems.js";
import { demoClip, parseSource, SourceError } from "../../src/camera/source.js";

const onDisk = (path: string) =>
  path.endsWith(".mp4") ? "file" : path.endsWith("/photos") ? "folder" : "none";
const parse = (text: string) => parseSource(text, onDisk);

const accepted: [string, object][] = [
  ["demo", { kind: "file", path: demoClip }],
  [" /films/gate.mp4 ", { kind: "file", path: "/films/gate.mp4" }],
  ["file:///films/my%20gate.mp4", { kind: "file", path: "/films/my gate.mp4" }],
  ["/films/photos", { kind: "photos", folder: "/films/photos" }],
  [
    "rtsp://user:pa%40ss@10.0.0.9:554/live?ch=1",
    { kind: "rtsp", url: "rtsp://user:pa%40ss@10.0.0.9:554/live?ch=1" },
  ],
  ["rtspt://cam/1", { kind: "rtsp", url: "rtspt://cam/1" }],
  ["v4l2:/dev/video2", { kind: "v4l2", device: "/dev/video2", format: "any" }],
  ["v4l2:", { kind: "v4l2", device: "/dev/video0", format: "any" }],
  [
    "v4l2:/dev/video0?format=h264&width=1280&height=720&fps=30",
    { kind: "v4l2", device: "/dev/video0", format: "h264", width: 1280, height: 720, fps: 30 },
  ],
  ["libcamera:", { kind: "libcamera", camera: "" }],
  [
    "libcamera:/base/soc/i2c0mux/imx708@1a?width=1536",
    { kind: "libcamera", camera: "/base/soc/i2c0mux/imx708@1a", width: 1536 },
  ],
  ["nvargus:1", { kind: "nvargus", sensor: 1 }],
  ["nvargus:", { kind: "nvargus", sensor: 0 }],
  ["videotestsrc ! videoconvert", { kind: "pipeline", text: "videotestsrc ! videoconvert" }],
];

for (const [text, expected] of accepted) {
  test(`the source "${text}" is understood`, () => {
    assert.equal(parse(text), expected);
  });
}

const refused: [string, RegExp][] = [
  ["/films/none.avi", /does not exist/],
  ["http://camera/stream.mjpg", /unknown scheme/],
  ["rtsp://", /no valid URL/],
  ["v4l2:/dev/video0?widht=1280", /asks for "widht"; it may ask for width, height, fps, format/],
  ["v4l2:/dev/video0?width=wide", /width=wide; use a whole number/],
  ["v4l2:/dev/video0?fps=-1", /whole number/],
  ["v4l2:/dev/video0?format=divx", /format=divx; use h264, mjpeg or raw/],
  ["nvargus:front", /names no sensor/],
  ["", /does not exist/],
];

for (const [text, sentence] of refused) {
  test(`the source "${text}" is refused in one sentence`, () => {
    try {
      parse(text);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, SourceError);
      assert.match((error as Error).message, sentence);
      assert.not.match((error as Error).message, /\n/);
    }
  });
}

for (const text of [
  "http://admin:s3cret@cam/x",
  "rtsp:/admin:s3cret@cam/1",
  "rtsp//admin:s3cret@cam/1",
  "admin:s3cret@cam/1",
  "rtsp://admin:s3cret@",
  "rtsp://ad:min:s3cret/x@cam:port/1",
]) {
  test(`the password of the mistyped source "${text}" is not shown`, () => {
    try {
      parse(text);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, SourceError);
      assert.not.match((error as Error).message, /s3cret/);
    }
  });
}

const shown: [string, RegExp][] = [
  [
    "rtsp://10.0.0.2:554/user=admin&password=s3cret&channel=1&stream=0.sdp?real_stream",
    /at rtsp:\/\/10\.0\.0\.2:554\/user=admin&password=…&channel=1&stream=0\.sdp does not answer/,
  ],
  ["rtsp://admin:12/s3cret@10.0.0.2/s1?a=b", /at rtsp:\/\/10\.0\.0\.2\/s1 does not answer/],
  ["rtsp://admin:s3?cret@10.0.0.2/s1", /at rtsp:\/\/10\.0\.0\.2\/s1 does not answer/],
  ["rtsp://10.0.0.2/s1?user=admin&pwd=s3cret", /at rtsp:\/\/10\.0\.0\.2\/s1 does not answer/],
];

for (const [url, sentence] of shown) {
  test(`that the camera at ${url} does not answer is told without its password`, () => {
    const message = { type: "error", element: "source", text: "Could not connect", detail: "" } as const;
    const told = problemOf({ kind: "rtsp", url }, message);
    assert.match(told, sentence);
    assert.not.match(told, /s3|cret/);
  });
}

test.run();
