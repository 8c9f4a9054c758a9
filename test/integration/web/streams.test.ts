import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWeb } from "../../../src/web/server.js";
import { demoPasses } from "../../support/demo-passes.js";
import { fakeAppliance } from "../../support/fake-appliance.js";
import { fakeClock } from "../../support/fake-clock.js";
import { ask, listen } from "../../support/http-client.js";

const streams = suite("web streams");

streams(
  "the live picture is watched only while somebody looks, and says how old each picture is",
  async () => {
    const { clock, appliance, web, url } = await started();
    assert.is(appliance.watchers(), 0);
    const viewer = await listen(`${url}/api/live.mjpeg`);
    assert.match(viewer.headers["content-type"]!, /^multipart\/x-mixed-replace; boundary=/);
    assert.is(appliance.watchers(), 1);
    appliance.showFrame(jpeg(1), "front", clock.monotonicMs() - 340);
    const text = await viewer.until("picture-1");
    assert.match(text, /X-Age-Ms: 340\r\n/);
    assert.match(text, /Content-Length: 9\r\n/);
    const wishes = appliance.wishes.length;
    clock.advance(2000);
    assert.ok(appliance.wishes.length > wishes, "the wish for pictures is renewed");
    viewer.close();
    await until(() => appliance.watchers() === 0);
    const afterwards = appliance.wishes.length;
    clock.advance(10_000);
    assert.is(appliance.wishes.length, afterwards, "nobody looks, nothing is wished for");
    await web.close();
    appliance.close();
  },
);

streams(
  "a viewer that does not read holds no more than one waiting picture, and the others get theirs",
  async () => {
    const { appliance, web, url } = await started();
    const slow = await listen(`${url}/api/live.mjpeg`);
    const quick = await listen(`${url}/api/live.mjpeg`);
    slow.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 120; i++) {
      appliance.showFrame(Buffer.alloc(400_000, 65));
      await new Promise((resolve) => setImmediate(resolve));
    }
    appliance.showFrame(jpeg(2));
    await quick.until("picture-2");
    assert.ok(process.memoryUsage().arrayBuffers - before < 80_000_000);
    const { text } = await ask(`${url}/metrics`);
    const dropped = Number(/plategate_live_frames_dropped_total (\d+)/.exec(text)?.[1]);
    assert.ok(dropped > 20, `${dropped} were dropped and counted`);
    slow.close();
    quick.close();
    await web.close();
    appliance.close();
  },
);

streams("a viewer that takes nothing for a long time is let go", async () => {
  const { clock, appliance, web, url } = await started();
  const stuck = await listen(`${url}/api/live.mjpeg`);
  stuck.pause();
  for (let i = 0; i < 60; i++) {
    appliance.showFrame(Buffer.alloc(400_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  clock.advance(20_000);
  await until(() => appliance.watchers() === 0);
  await web.close();
  appliance.close();
});

streams("no more than six watch at once, and the seventh is told", async () => {
  const { appliance, web, url } = await started();
  const viewers = [];
  for (let i = 0; i < 6; i++) viewers.push(await listen(`${url}/api/live.mjpeg`));
  const refused = await ask(`${url}/api/live.mjpeg`);
  assert.is(refused.status, 503);
  assert.match(refused.json.error, /6 live pictures/);
  viewers[0]!.close();
  await until(() => appliance.watchers() === 1);
  for (const viewer of viewers) viewer.close();
  await web.close();
  appliance.close();
});

streams("one picture is given as soon as it comes, and none is said after three seconds", async () => {
  const { clock, appliance, web, url } = await started();
  const asked = ask(`${url}/api/live.jpg`);
  await until(() => appliance.watchers() === 1);
  appliance.showFrame(jpeg(7));
  assert.is((await asked).text, "picture-7");
  const late = ask(`${url}/api/live.jpg`);
  await until(() => appliance.watchers() === 1);
  clock.advance(3000);
  assert.is((await late).status, 503);
  assert.is((await ask(`${url}/api/live.jpg?camera=attic`)).status, 404);
  await web.close();
  appliance.close();
});

streams(
  "a listener is told everything first, then each change at once, and a beat when nothing changes",
  async () => {
    const { clock, appliance, web, url } = await started();
    const page = await listen(`${url}/api/events`);
    assert.match(page.headers["content-type"]!, /^text\/event-stream/);
    assert.match(await page.until("event: status"), /"state":"closed"/);
    appliance.moveGate({ state: "opening" });
    await page.until('"state":"opening"');
    const [entry] = await demoPasses(clock.wallMs(), 1);
    await appliance.passes.save(entry!);
    web.push({ type: "pass", pass: entry!.pass });
    const text = await page.until(/event: pass\ndata: .*\n/);
    const pass = JSON.parse(/event: pass\ndata: (.*)\n/.exec(text)![1]!);
    assert.is(pass.chars.length, pass.plate.length);
    appliance.state.cameras = [
      { name: "front", state: "away", awaySinceAt: clock.wallMs(), problem: "No stream.", fps: 0 },
    ];
    clock.advance(1000);
    await page.until('"problem":"No stream."');
    clock.advance(6000);
    await page.until("event: beat");
    page.close();
    await web.close();
    appliance.close();
  },
);

streams(
  "a part that says something undocumented, or throws, ends neither the stream nor the process",
  async () => {
    const { clock, appliance, web, url } = await started();
    const page = await listen(`${url}/api/events`);
    await page.until("event: status");
    const { health } = appliance.deps;
    appliance.deps.health = () => {
      throw new Error("no idea");
    };
    clock.advance(1000);
    appliance.moveGate({ state: "opening" });
    appliance.deps.health = health;
    appliance.moveGate({ state: "flying" as "open", secret: "not for pages" } as object);
    const text = await page.until('"flying"');
    assert.ok(text.includes("opening") === false, "what could not be put together was not sent");
    page.close();
    await web.close();
    appliance.close();
  },
);

streams("an event that the store cannot complete harms nobody", async () => {
  const { clock, appliance, web, url } = await started();
  const page = await listen(`${url}/api/events`);
  const [entry] = await demoPasses(clock.wallMs(), 1);
  appliance.deps.passes.reads = () => Promise.reject(new Error("gone"));
  web.push({ type: "pass", pass: entry!.pass });
  appliance.moveGate({ state: "open" });
  await page.until('"state":"open"');
  page.close();
  await web.close();
  appliance.close();
});

streams("closing ends every stream and frees the port", async () => {
  const { appliance, web, url } = await started();
  await listen(`${url}/api/live.mjpeg`);
  await listen(`${url}/api/events`);
  await web.close();
  const error = await ask(`${url}/api/status`).then(
    () => null,
    (e) => e.code,
  );
  assert.is(error, "ECONNREFUSED");
  appliance.close();
});

streams.run();

async function started() {
  const clock = fakeClock();
  const appliance = fakeAppliance({ clock });
  const web = createWeb(appliance.deps);
  const { url } = await web.start();
  return { clock, appliance, web, url };
}

function jpeg(n: number): Uint8Array {
  return Buffer.from(`picture-${n}`);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
