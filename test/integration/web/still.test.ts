import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { silentLog } from "../../../src/system/log.js";
import { createHttp } from "../../../src/web/http.js";
import { temporaryFolder } from "../../support/folder.js";
import { ask, listen } from "../../support/http-client.js";
import { until } from "../../support/until.js";

const still = suite("web connections that stand still");

still(
  "clients that read nothing of a video lock nobody out, and streams on which something comes live on",
  async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "long.mp4"), Buffer.alloc(20_000_000));
    let beats: NodeJS.Timeout | undefined;
    const good = { description: "for this test" };
    const about = { method: "GET", summary: "", group: "", good } as const;
    const app = await createHttp({
      routes: [
        { ...about, path: "/long", handle: () => ({ file: "long.mp4", folder, type: "video/mp4" }) },
        {
          ...about,
          path: "/beats",
          handle: () => ({
            type: "text/plain",
            stream: (out) => {
              beats = setInterval(() => out.write("beat "), 20);
            },
          }),
        },
      ],
      pageFolder: folder,
      hosts: [],
      log: silentLog,
      nowMs: () => performance.now(),
      answered: () => {},
      stillMs: 500,
    });
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const stream = await listen(`${url}/beats`);
    const stuck = Array.from({ length: 100 }, () => connect(Number(new URL(url).port), "127.0.0.1").pause());
    for (const socket of stuck) {
      socket.on("error", () => {});
      socket.write("GET /long HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
    const open = () => new Promise<number>((done) => app.server.getConnections((_, n) => done(n)));
    await until(async () => (await open()) > 100, "all are connected");
    await until(async () => (await open()) === 1, "only the stream is left");
    assert.is((await ask(`${url}/nothing`)).status, 404);
    const { length } = await stream.until("beat");
    await stream.until(new RegExp(`^.{${length + 50}}`, "s"));
    stream.close();
    clearInterval(beats);
    for (const socket of stuck) socket.destroy();
    await app.close();
  },
);

still("an answer that takes longer than a connection may stand still is given", async () => {
  const folder = temporaryFolder();
  const app = await createHttp({
    routes: [
      {
        method: "POST",
        path: "/slow",
        summary: "",
        group: "",
        good: { description: "for this test" },
        handle: () => sleep(1000, { json: { done: true } }),
      },
    ],
    pageFolder: folder,
    hosts: [],
    log: silentLog,
    nowMs: () => performance.now(),
    answered: () => {},
    stillMs: 200,
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const answer = await ask(`${url}/slow`, { method: "POST" });
  assert.is(answer.status, 200);
  await app.close();
});

still.run();
