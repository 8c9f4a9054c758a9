import { test } from "uvu";
import * as assert from "uvu/assert";
import { masked } from "../../src/system/masked.js";

const hidden: [string, string][] = [
  ["rtsp://admin:SECRET@cam/1", "rtsp://…@cam/1"],
  ["RTSPS://admin:SECRET@cam:322/1?x=1", "RTSPS://…@cam:322/1?x=1"],
  ["rtsp://admin:SE@CRET@cam/1", "rtsp://…@cam/1"],
  ["rtsp://admin:SE/CR:ET@cam/1", "rtsp://…@cam/1"],
  ["rtsp://admin:12/SECRET@cam/1", "rtsp://…@cam/1"],
  ["rtsp://admin:SE CRET@cam/1", "rtsp://…@cam/1"],
  ['rtsp://admin:SE"CRET@cam/1', "rtsp://…@cam/1"],
  ["https://SECRET@hooks.example/x", "https://…@hooks.example/x"],
  ["mqtts://gate:SECRET@broker:8883", "mqtts://…@broker:8883"],
  ["rtsp:/admin:SECRET@cam/1", "rtsp:/…@cam/1"],
  ["rtsp:admin:SECRET@cam/1", "rtsp:…@cam/1"],
  ["rtsp//admin:SECRET@cam/1", "rtsp//…@cam/1"],
  ["rtsp:///admin:SECRET@cam/1", "rtsp://…@cam/1"],
  ["rtsp:\\\\admin:SE/CRET@cam/1", "rtsp:\\\\…@cam/1"],
  ["admin:SECRET@cam/1", "…@cam/1"],
  ["//admin:SECRET@cam/1", "//…@cam/1"],
  ['The camera "rtsp:/admin:SECRET@cam/1" is away', 'The camera "rtsp:/…@cam/1" is away'],
  ['rtspsrc location="rtsp://admin:SE:c/r@cam/1" ! x', 'rtspsrc location="rtsp://…@cam/1" ! x'],
  [
    "from rtsp://a:SECRET@one/1 to rtsp://b:SECRET@two/2 at 12:30",
    "from rtsp://…@one/1 to rtsp://…@two/2 at 12:30",
  ],
  [
    'rtspsrc location="rtsp://admin:SE:C/R ET@cam/1" latency=200 ! decodebin',
    'rtspsrc location="rtsp://…@cam/1" latency=200 ! decodebin',
  ],
  [
    'rtspsrc location="rtsp://admin:SE\\"CRET@cam/1" ! decodebin',
    'rtspsrc location="rtsp://…@cam/1" ! decodebin',
  ],
  [
    "rtspsrc location=rtsp://cam/1 user-id=admin user-pw=SECRET ! decodebin",
    "rtspsrc location=rtsp://cam/1 user-id=admin user-pw=… ! decodebin",
  ],
  [
    'rtspsrc location=rtsp://cam/1 user-pw="SEC \\"RET" proxy-pw=SECRET ! decodebin',
    "rtspsrc location=rtsp://cam/1 user-pw=… proxy-pw=… ! decodebin",
  ],
  [
    "rtsp://cam:554/user=admin&password=SECRET&channel=1&stream=0.sdp",
    "rtsp://cam:554/user=admin&password=…&channel=1&stream=0.sdp",
  ],
  ["rtsp://cam:554/user=admin_password=SECRET_channel=1", "rtsp://cam:554/user=admin_password=…"],
  ["http://cam/video?usr=admin&pwd=SECRET&q=1", "http://cam/video?usr=admin&pwd=…&q=1"],
  ["rtsp://cam/1?loginuse=admin&loginpas=SECRET", "rtsp://cam/1?loginuse=admin&loginpas=…"],
  ["https://hooks.example/x?token=SECRET", "https://hooks.example/x?token=…"],
  ["https://hooks.example/x?access_token=SECRET&n=2", "https://hooks.example/x?access_token=…&n=2"],
  ["https://hooks.example/x?api_key=SECRET&apikey=SECRET", "https://hooks.example/x?api_key=…&apikey=…"],
];

const harmless = [
  "",
  "demo",
  "rtsp://cam:554/stream1?ch=1",
  "rtsp://cam/1 does not answer at 12:30; write to ann@example.org",
  "mo-fr 07:00-18:30, sa 09:00-12:00",
  "12:30@gate",
  "Ask Ann: ann@example.org",
  "mailto:ann@example.org",
  "Ann <ann@example.org> or bob@example.org",
  "C:\\Films\\ann@home\\gate.mp4",
  "C:/films/ann@home/12:30.mp4",
  "/films/ann@home/gate.mp4",
  "v4l2:/dev/video0?format=h264&width=1280",
  "libcamera:/base/soc/i2c0mux/i2c@1/imx708@1a?width=1536",
  "x264enc key-int-max=15 ! h264parse disable-passthrough=true config-interval=-1",
  "monkey=1 compass=2 keyframe=3",
  "The password is wrong; correct report.username and report.passwordFile.",
  "mqtt://192.168.1.5:1883: nothing listens there",
];

for (const [text, shown] of hidden) {
  test(`the secret in ${text} is masked`, () => {
    assert.is(masked(text), shown);
    assert.is(masked(masked(text)), shown, "and masking again changes nothing");
  });
}

for (const text of harmless) {
  test(`in “${text}” is nothing to mask`, () => {
    assert.is(masked(text), text);
  });
}

test.run();
