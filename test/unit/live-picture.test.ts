import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../support/until.js";

const SCRIPT = fileURLToPath(new URL("../../../src/web/page/live.js", import.meta.url));
/** The page's pause before it asks again. */
const RETRY_MS = 1000;

test("a live picture whose line died without a word is asked for anew, as on a phone that leaves the house", async () => {
  const asked: AbortSignal[] = [];
  const timers: (() => void)[] = [];
  let send: (bytes: Uint8Array) => void = () => {};
  let nowMs = 0;
  const later = setTimeout;
  const element = {
    dataset: {},
    getContext: () => ({ drawImage() {} }),
    replaceChildren() {},
    append() {},
    setAttribute() {},
    addEventListener() {},
  };
  Object.assign(globalThis, {
    document: {
      hidden: false,
      addEventListener() {},
      createElement: () => ({ ...element }),
      getElementById: () => element,
    },
    IntersectionObserver: class {
      observe() {}
    },
    setInterval: (task: () => void) => timers.push(task),
    setTimeout: (task: () => void, ms: number) => later(task, ms === RETRY_MS ? 0 : ms),
    fetch: async (_: string, { signal }: { signal: AbortSignal }) => {
      asked.push(signal);
      const body = new ReadableStream({
        start(out) {
          send = (bytes) => out.enqueue(bytes);
          signal.addEventListener("abort", () => out.error(signal.reason));
        },
      });
      return { ok: true, body };
    },
  });
  performance.now = () => nowMs;
  const pass = (ms: number) => {
    nowMs += ms;
    for (const task of timers) task();
  };
  const { createLivePicture } = await import(SCRIPT);
  createLivePicture().show([{ name: "front", state: "running", fps: 15 }]);
  await until(() => asked.length === 1, "the picture is asked for");
  pass(11_000);
  send(new Uint8Array(10));
  await new Promise((resolve) => setImmediate(resolve));
  pass(11_000);
  assert.not.ok(asked[0]!.aborted, "bytes came meanwhile");
  pass(2000);
  assert.ok(asked[0]!.aborted, "nothing came for twelve seconds");
  await until(() => asked.length === 2, "it is asked for anew");
  assert.not.ok(asked[1]!.aborted);
});

test.run();
