import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openGstKit } from "../../src/camera/gst-kit.js";
import { type GstBinding, GstError, type GstMessage, loadGstBinding } from "../../src/camera/gstreamer.js";
import { openSuperficial } from "../../src/camera/superficial.js";
import { skipLoudly } from "../support/skip.js";
import { until } from "../support/until.js";

const sink =
  "videoconvert ! video/x-raw,format=RGB ! appsink name=analysis sync=false max-buffers=1 drop=true";
const live = `videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! ${sink}`;

/** One contract for every binding; a binding that is not installed is skipped and says so. */
function contract(name: string, open: () => GstBinding) {
  const test = suite(name);
  const messages: GstMessage[] = [];
  const start = (binding: GstBinding, text: string) => {
    messages.length = 0;
    return binding.open(text, { onMessage: (message) => messages.push(message) });
  };
  const errors = () => messages.flatMap((m) => (m.type === "error" ? [`${m.text} ${m.detail}`] : []));
  let binding: GstBinding | null = null;
  try {
    binding = open();
  } catch (error) {
    skipLoudly(`the binding ${name}`, (error as Error).message.split("\n")[0] ?? "");
    test(`${name} says in an error why it cannot be used`, () => {
      assert.throws(open);
    });
    test.run();
    return;
  }
  const gst = binding;

  test("pictures come with their caps", async () => {
    const pipeline = start(gst, live);
    for (let n = 0; n < 3; n++) {
      const sample = await pipeline.pull("analysis");
      assert.is(sample?.data.length, 320 * 240 * 3);
      assert.equal([sample?.caps.format, sample?.caps.width, sample?.caps.height], ["RGB", 320, 240]);
      assert.is(String(sample?.caps.framerate), "30/1");
    }
    await pipeline.stop();
  });

  test("at the end a pull answers null and the bus says so", async () => {
    const pipeline = start(gst, `videotestsrc num-buffers=5 ! ${sink.replace(" drop=true", "")}`);
    let pictures = 0;
    while ((await pipeline.pull("analysis")) !== null) pictures++;
    assert.is(pictures, 5);
    await until(() => messages.some((m) => m.type === "eos"), "eos on the bus");
    await pipeline.stop();
  });

  test("an end that was asked for comes", async () => {
    const pipeline = start(gst, live);
    await pipeline.pull("analysis");
    pipeline.sendEos();
    await until(() => messages.some((m) => m.type === "eos"), "eos on the bus");
    await pipeline.stop();
  });

  test("properties can be read and set", async () => {
    const pipeline = start(
      gst,
      `videotestsrc name=test is-live=true pattern=0 ! videorate name=rate ! ${sink}`,
    );
    await pipeline.pull("analysis");
    assert.ok(Number(pipeline.property("rate", "out")) >= 1);
    pipeline.setProperty("rate", "max-rate", 5);
    assert.is(Number(pipeline.property("rate", "max-rate")), 5);
    assert.is(pipeline.property("rate", "nothing"), undefined);
    assert.is(pipeline.property("nobody", "out"), undefined);
    pipeline.setProperty("nobody", "out", 1);
    await pipeline.stop();
  });

  const refused: [string, RegExp][] = [
    ["", /no appsink called analysis/],
    ["videotestsrc", /no appsink called analysis/],
    ["videotestsrc ! fakesink", /no appsink called analysis/],
    [`nonsense ! ${sink}`, /no element nonsense/],
    [`x264enc2 ! ${sink}`, /no element x264enc2/],
    [`videotestsrc ! ! ${sink}`, /cannot be built: .*syntax/],
    [`videotestsrc pattern=purple ! ${sink}`, /cannot be built/],
    [`videotestsrc ! audioconvert ! ${sink}`, /cannot be built: .*link/],
    [`videotestsrc nonsense=1 ! ${sink}`, /cannot be built/],
  ];
  for (const [text, sentence] of refused) {
    test(`the pipeline "${text}" is refused in one sentence`, () => {
      try {
        start(gst, text);
        assert.unreachable();
      } catch (error) {
        assert.instance(error, GstError);
        assert.match((error as Error).message, sentence);
        assert.not.match((error as Error).message, /\n/);
      }
    });
  }

  const failing: [string, string, RegExp][] = [
    ["a file that does not exist", `filesrc location=/nowhere ! decodebin ! ${sink}`, /No such file/],
    ["a file that is no film", `filesrc location=/etc/passwd ! decodebin ! ${sink}`, /text file/],
    ["a camera that is not there", `v4l2src device=/dev/video99 ! ${sink}`, /video99/],
    ["a file that is no camera", `v4l2src device=/dev/null ! ${sink}`, /driver/],
    [
      "a server that does not listen",
      `rtspsrc location=rtsp://127.0.0.1:1/x ! decodebin ! ${sink}`,
      /connect/i,
    ],
  ];
  for (const [what, text, sentence] of failing) {
    test(`${what} is an error on the bus, twice in a row, and can be stopped`, async () => {
      for (let n = 0; n < 2; n++) {
        const pipeline = start(gst, text);
        const pull = pipeline.pull("analysis");
        await until(() => errors().length > 0, "an error on the bus");
        assert.ok(
          errors().some((e) => sentence.test(e)),
          errors().join(),
        );
        await pipeline.stop();
        assert.is(await pull, null);
      }
    });
  }

  test("a stop answers a waiting pull, also where nothing ever came", async () => {
    const pipeline = start(
      gst,
      `appsrc is-live=true ! video/x-raw,format=RGB,width=8,height=8 ! appsink name=analysis`,
    );
    const pull = pipeline.pull("analysis");
    await pipeline.stop();
    assert.is(await pull, null);
    assert.is(await pipeline.pull("analysis"), null);
    await pipeline.stop();
  });

  test("after a stop nobody is told anything", async () => {
    const pipeline = start(gst, live);
    await pipeline.pull("analysis");
    await pipeline.stop();
    const told = messages.length;
    const other = gst.open(live, { onMessage: () => {} });
    await other.pull("analysis");
    await other.stop();
    assert.is(messages.length, told);
  });

  test("thirty openings one after the other hold neither threads nor files, and each gives pictures", async () => {
    // More than there are threads in the pool: one that stayed behind each time would end this test.
    let files = 0;
    for (let n = 0; n < 30; n++) {
      const pipeline = start(gst, live);
      assert.ok(await pipeline.pull("analysis"));
      await pipeline.stop();
      if (n === 4) files = readdirSync("/proc/self/fd").length;
    }
    assert.ok(readdirSync("/proc/self/fd").length <= files + 2);
    assert.ok(Number(/Threads:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) < 60);
  });

  test("it is known which elements there are", () => {
    assert.ok(gst.has("videotestsrc"));
    assert.not(gst.has("flux-compensator"));
    assert.not(gst.has("videotestsrc ! fakesink"));
  });
  test.run();
}

contract("gstreamer-superficial", openSuperficial);
contract("gst-kit", () => openGstKit());

const choice = suite("choice of the binding");
choice("the binding of this machine is found, or one sentence says how to get it", () => {
  try {
    assert.match(loadGstBinding().name, /^gst/);
  } catch (error) {
    assert.instance(error, GstError);
    assert.match(
      (error as Error).message,
      /^GStreamer cannot be used on this machine: [^\n]+hw\/bootstrap\.sh/,
    );
  }
});
choice("a gst-kit that is installed is used as its documentation says", async () => {
  const calls: string[] = [];
  const sample = { buffer: Buffer.alloc(12), caps: { format: "RGB", width: 2, height: 2 } };
  const answers = [null, sample, null];
  class Pipeline {
    static elementExists = (name: string) => name === "tee";
    play = async () => void calls.push("play");
    stop = async () => void calls.push("stop");
    dispose = () => void calls.push("dispose");
    endOfStream = () => calls.push("eos") > 0;
    busPop = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return calls.includes("told") || calls.push("told") === 0
        ? null
        : { type: "error", srcElementName: "source", errorMessage: "gone", debugInfo: "x.c(1)" };
    };
    getElementByName = () => ({
      getElementProperty: (name: string) => name === "eos" && answers.length === 0,
      setElementProperty: (name: string, value: unknown) => void calls.push(`${name}=${value}`),
      getSample: async () => answers.shift() ?? null,
    });
  }
  const told: GstMessage[] = [];
  const gst = openGstKit(() => ({ Pipeline }));
  assert.equal([gst.has("tee"), gst.has("coffee")], [true, false]);
  const pipeline = gst.open(live, { onMessage: (m) => told.push(m) });
  pipeline.setProperty("record", "location", "x");
  assert.is((await pipeline.pull("analysis"))?.data.length, 12);
  assert.is(await pipeline.pull("analysis"), null);
  await until(() => told.length > 0, "the error of the bus");
  assert.equal(told[0], { type: "error", element: "source", text: "gone", detail: "x.c(1)" });
  pipeline.sendEos();
  await pipeline.stop();
  assert.equal(
    calls.filter((c) => c !== "told"),
    ["play", "location=x", "eos", "stop", "dispose"],
  );
});
choice.run();
