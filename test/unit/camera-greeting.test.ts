import { createServer, type Server, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { greet } from "../../src/camera/greeting.js";
import { fakeClock } from "../support/fake-clock.js";
import { scoped } from "../support/scope.js";
import { until } from "../support/until.js";

const limits = { silentMs: 5000, totalMs: 10_000 };
const options = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n";
const description = "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nv=0\r\n";

/** A device on loopback that answers each question of a connection with the next of these; it hangs after the last. */
async function device(...answers: string[]) {
  const questions: string[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    let n = 0;
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (question) => {
      questions.push(question.toString().split("\r\n")[0]!);
      socket.write(answers[n++] ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `rtsp://gate:s3cret@127.0.0.1:${port}/cam?ch=1`,
    questions,
    say: (text: string) => sockets.at(-1)?.write(text),
    connections: () => sockets.length,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const never = new AbortController().signal;

test(
  "a device whose answers have an end is left to GStreamer, whatever they say",
  scoped(async (use) => {
    for (const answers of [
      [options, description],
      [options, "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n\r\n"],
      [options.replaceAll("\r\n", "\n"), "RTSP/1.0 404 Not Found\n\n"],
    ]) {
      const camera = use(await device(...answers));
      assert.is(await greet(camera.url, fakeClock(), limits, never), "");
      const uri = `rtsp://127.0.0.1:${camera.port}/cam?ch=1`;
      assert.equal(camera.questions, [`OPTIONS ${uri} RTSP/1.0`, `DESCRIBE ${uri} RTSP/1.0`]);
    }
  }),
);

for (const [what, answers, why] of [
  ["speaks something else", ["HTTP/1.1 400 Bad Request\r\n\r\n"], "it does not speak RTSP"],
  ["sends rubbish", ["A".repeat(100)], "it does not speak RTSP"],
  ["has headers without end", [`RTSP/1.0 200 OK\r\n${"X: y\r\n".repeat(20_000)}`], "its answer has no end"],
  [
    "announces gigabytes",
    [options, "RTSP/1.0 200 OK\r\nContent-Length: 4000000000\r\n\r\n"],
    "its answer has no end",
  ],
] as const) {
  test(
    `a device that ${what} is kept from GStreamer`,
    scoped(async (use) => {
      const camera = use(await device(...answers));
      assert.is(await greet(camera.url, fakeClock(), limits, never), why);
    }),
  );
}

for (const [what, answers] of [
  ["the first", ["RTSP/1.0 200 OK\r\n"]],
  ["the second", [options, "RTSP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n"]],
] as const) {
  test(
    `a device that never comes to the end of ${what} answer, byte by byte, is left after the whole time`,
    scoped(async (use) => {
      const camera = use(await device(...answers));
      const clock = fakeClock();
      const startedMs = clock.monotonicMs();
      let why: string | null = null;
      void greet(camera.url, clock, { ...limits, silentMs: 60_000 }, never).then((text) => {
        why = text;
      });
      await until(() => camera.questions.length === answers.length, "the question");
      await until(() => {
        camera.say("X");
        clock.advance(why === null ? 500 : 0);
        return why !== null;
      }, "the end of the greeting");
      assert.ok(clock.monotonicMs() - startedMs <= limits.totalMs + 500);
      assert.is(why, "its answer has no end");
    }),
  );
}

test(
  "a device that takes the connection and then is silent does not answer",
  scoped(async (use) => {
    const camera = use(await device());
    const clock = fakeClock();
    const greeting = greet(camera.url, clock, limits, never);
    await until(() => camera.questions.length === 1, "the question");
    clock.advance(5000);
    assert.is(await greeting, "timed out");
  }),
);

test(
  "a greeting ends when the camera is closed",
  scoped(async (use) => {
    const camera = use(await device());
    const leaving = new AbortController();
    const greeting = greet(camera.url, fakeClock(), limits, leaving.signal);
    await until(() => camera.questions.length === 1, "the question");
    leaving.abort();
    assert.is(await greeting, "");
  }),
);

test(
  "where nobody is, and where an address may be read in two ways, GStreamer has the word",
  scoped(async (use) => {
    const camera = use(await device());
    for (const url of [
      "rtsp://127.0.0.1:1/cam",
      `rtsp://gate:1234?@127.0.0.1:${camera.port}/cam`,
      `rtsp://gate:12/x@127.0.0.1:${camera.port}/cam`,
      `rtsp://gate:a@b@127.0.0.1:${camera.port}/cam`,
      "rtsp://127.0.0.1:99999/cam",
    ])
      assert.is(await greet(url, fakeClock(), limits, never), "", url);
    assert.is(camera.connections(), 0);
  }),
);

test.run();
