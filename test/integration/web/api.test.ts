import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StoreError } from "../../../src/core/repositories.js";
import { createWeb } from "../../../src/web/server.js";
import * as shapes from "../../../src/web/shapes.js";
import { demoPasses } from "../../support/demo-passes.js";
import { fakeAppliance } from "../../support/fake-appliance.js";
import { ask } from "../../support/http-client.js";

const api = suite("web api");
const NOW = Date.UTC(2026, 0, 5, 12);
const appliance = fakeAppliance({ manual: true });
const web = createWeb(appliance.deps);
const video = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
let url = "";
let ids: string[] = [];

api.before(async () => {
  for (const entry of await demoPasses(NOW, 9)) await appliance.passes.save(entry);
  ids = (await appliance.passes.list({})).items.map((p) => p.id);
  writeFileSync(join(appliance.folder, "one.mp4"), video);
  await appliance.clips.add(clip("clip-1", ids[0]!, "one.mp4"), []);
  await appliance.clips.add(clip("clip-gone", null, "not-there.mp4"), []);
  await appliance.clips.add(clip("clip-evil", null, "../../../../../etc/passwd"), []);
  ({ url } = await web.start());
});

api.after(async () => {
  await web.close();
  appliance.close();
});

api("passes come newest first, with the probability of every character, and page by page", async () => {
  const first = await ask(`${url}/api/passes?limit=4`);
  assert.is(first.status, 200);
  assert.equal(
    first.json.items.map((p: { id: string }) => p.id),
    ids.slice(0, 4),
  );
  assert.is(first.json.items[0].chars.length, first.json.items[0].plate.length);
  const second = await ask(`${url}/api/passes?limit=100&before=${encodeURIComponent(first.json.next)}`);
  assert.equal(
    second.json.items.map((p: { id: string }) => p.id),
    ids.slice(4),
  );
  assert.is(second.json.next, null);
});

api("passes are found by wildcards however the plate is written, by verdict and by time", async () => {
  const byPlate = await ask(`${url}/api/passes?plate=${encodeURIComponent("kr-4t?0*")}`);
  assert.ok(byPlate.json.items.length > 0);
  assert.ok(byPlate.json.items.every((p: { plate: string }) => p.plate === "KR4T207"));
  const denied = await ask(`${url}/api/passes?verdict=denied`);
  assert.ok(denied.json.items.length > 0 && denied.json.items.length < 9);
  assert.ok(denied.json.items.every((p: { verdict: string }) => p.verdict === "denied"));
  const newest = (await appliance.passes.find(ids[0]!))!;
  const since = await ask(`${url}/api/passes?from=${newest.startedAt}`);
  assert.is(since.json.items.length, 1);
});

api(
  "a pass comes with its decision, what it was made from, and the same answer when it is made again",
  async () => {
    const { json, status } = await ask(`${url}/api/passes/${ids[0]}`);
    assert.is(status, 200);
    shapes.passDetail.parse(json);
    assert.is(json.decisions[0].evidence.request.plate, json.pass.plate);
    assert.equal(json.replay, { same: true, verdict: json.pass.verdict, reason: json.pass.reason });
    assert.is(json.candidates[0].text, json.pass.plate);
    assert.is(json.clip.id, "clip-1");
    assert.is(json.clip.path, undefined, "the place of the file is nobody's business");
  },
);

api("pictures come with an ETag and are not sent twice", async () => {
  const picture = await ask(`${url}/api/passes/${ids[0]}/crop.jpg`);
  assert.is(picture.headers["content-type"], "image/jpeg");
  assert.is(picture.body.readUInt16BE(0), 0xffd8);
  const again = await ask(`${url}/api/passes/${ids[0]}/crop.jpg`, {
    headers: { "If-None-Match": picture.headers.etag! },
  });
  assert.is(again.status, 304);
  assert.is(again.body.length, 0);
});

api(
  "the enhanced crop of a plate that is hard to read is there; of another one it is said that there is none",
  async () => {
    const passes = (await appliance.passes.list({})).items;
    const at = (isHard: boolean) =>
      `${url}/api/passes/${passes.find((p) => p.probability < 0.85 === isHard)!.id}/enhanced.jpg`;
    const hard = await ask(at(true));
    assert.equal([hard.status, hard.headers["content-type"]], [200, "image/jpeg"]);
    const clear = await ask(at(false));
    assert.is(clear.status, 404);
    assert.match(clear.json.error, /No enhanced crop is kept/);
    assert.is((await ask(`${at(false)}?absent=204`)).status, 204);
  },
);

api("video answers byte ranges, open ends and the last bytes, and refuses what is not there", async () => {
  const at = `${url}/api/passes/${ids[0]}/clip.mp4`;
  const whole = await ask(at);
  assert.is(whole.headers["content-type"], "video/mp4");
  assert.is(whole.headers["accept-ranges"], "bytes");
  assert.ok(whole.body.equals(video));
  const ranges: [string, string, Buffer][] = [
    ["bytes=0-0", "bytes 0-0/5000", video.subarray(0, 1)],
    ["bytes=100-199", "bytes 100-199/5000", video.subarray(100, 200)],
    ["bytes=4990-", "bytes 4990-4999/5000", video.subarray(4990)],
    ["bytes=-7", "bytes 4993-4999/5000", video.subarray(4993)],
  ];
  for (const [range, said, bytes] of ranges) {
    const part = await ask(at, { headers: { Range: range } });
    assert.is(part.status, 206, range);
    assert.is(part.headers["content-range"], said);
    assert.ok(part.body.equals(bytes), range);
  }
  assert.is((await ask(at, { headers: { Range: "bytes=9000-" } })).status, 416);
});

api("a pass says which registered vehicle has its plate and whose it is, but no phone number", async () => {
  const pass = (await appliance.passes.find(ids[0]!))!;
  assert.is((await ask(`${url}/api/passes/${pass.id}`)).json.registered, null);
  appliance.state.registeredPlate = pass.plate;
  const { registered } = (await ask(`${url}/api/passes/${pass.id}`)).json;
  assert.equal(registered, {
    make: "Skoda",
    colour: "red",
    note: "",
    person: { name: "Ann", unit: "Flat 3" },
  });
});

api("levels of lines and the log of changes can be read, and filtered by line", async () => {
  appliance.edges.push(
    { at: 5, line: "loop", kind: "input", active: true, cause: "closed" },
    { at: 6, line: "lift", kind: "output", active: true, cause: "opening" },
  );
  const detail = JSON.stringify({ accepted: true });
  appliance.audit.push({ id: "a", at: 7, actor: "Ann", action: "gate.open", subject: "", detail });
  const lines = await ask(`${url}/api/lines/log?line=loop`);
  assert.equal(lines.json.items, [appliance.edges[0]]);
  assert.is((await ask(`${url}/api/lines/log?limit=1000`)).status, 400);
  const changes = await ask(`${url}/api/audit`);
  assert.equal(changes.json.items[0].detail, { accepted: true });
});

api(
  "HEAD answers with the headers of GET and no body, for video, pictures, lists and endless streams",
  async () => {
    for (const path of [
      `/api/passes/${ids[0]}/clip.mp4`,
      "/api/clips/clip-1/video.mp4",
      "/api/clips/clip-1/poster.jpg",
      `/api/passes/${ids[0]}/crop.jpg`,
      "/api/clips",
      "/",
    ]) {
      const [head, got] = [await ask(url + path, { method: "HEAD" }), await ask(url + path)];
      assert.is(head.status, 200, path);
      assert.is(head.body.length, 0, path);
      assert.is(Number(head.headers["content-length"]), got.body.length, path);
      assert.is(head.headers["content-type"], got.headers["content-type"], path);
      assert.is(head.headers["accept-ranges"], got.headers["accept-ranges"], path);
    }
    const live = await ask(`${url}/api/live.mjpeg`, { method: "HEAD" });
    assert.is(live.status, 200);
    assert.is(appliance.watchers(), 0);
    assert.is((await ask(`${url}/api/clips/none/video.mp4`, { method: "HEAD" })).status, 404);
  },
);

api("a clip is described, downloaded under a telling name, and shown by a poster", async () => {
  const meta = await ask(`${url}/api/clips/clip-1`);
  shapes.clip.parse(meta.json);
  const saved = await ask(`${url}/api/clips/clip-1/video.mp4?download=1`);
  assert.is(saved.headers["content-disposition"], 'attachment; filename="front-2026-01-05T12-00-00Z.mp4"');
  assert.is((await ask(`${url}/api/clips/clip-1/poster.jpg`)).status, 200);
});

api("a clip is pinned, not removed while it is, unpinned, removed, and then gone", async () => {
  await appliance.clips.add(clip("clip-2", null, "one.mp4"), []);
  const at = `${url}/api/clips/clip-2`;
  const pinned = await ask(`${at}/pin`, { method: "POST" });
  assert.is(pinned.json.pinned, true);
  const refused = await ask(at, { method: "DELETE" });
  assert.is(refused.status, 409);
  assert.match(refused.json.error, /unpin/);
  await ask(`${at}/unpin`, { method: "POST" });
  assert.is((await ask(at, { method: "DELETE" })).status, 200);
  assert.is((await ask(at)).status, 404);
});

api("a recording is started by hand once, stopped once, and becomes a clip", async () => {
  const at = `${url}/api/recording/front`;
  assert.is((await ask(`${at}/start`, { method: "POST" })).status, 201);
  assert.is((await ask(`${at}/start`, { method: "POST" })).status, 409);
  assert.is((await ask(`${url}/api/recording`)).json.manual.length, 1);
  const stopped = await ask(`${at}/stop`, { method: "POST" });
  shapes.clip.parse(stopped.json);
  assert.is((await ask(`${at}/stop`, { method: "POST" })).status, 409);
  assert.is((await ask(`${url}/api/recording/nowhere/start`, { method: "POST" })).status, 404);
});

api("what does not exist is answered with a sentence and nothing else", async () => {
  for (const path of [
    "/api/passes/none",
    "/api/clips/none",
    "/api/clips/clip-gone/video.mp4",
    "/api/nothing",
    "/x.js",
  ]) {
    const reply = await ask(url + path);
    assert.is(reply.status, 404, path);
    assert.equal(Object.keys(reply.json), ["error"]);
    assert.match(reply.json.error, /\w .*\.$/);
  }
});

api("no file outside the folders is given out, whatever a path or a row says", async () => {
  assert.is((await ask(`${url}/api/clips/clip-evil/video.mp4`)).status, 404);
  for (const path of [
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fpackage.json",
    "/%2e%2e/server.ts",
    "/fonts/..%5c..%5cports.ts",
    "/api/clips/..%2f..%2fetc%2fpasswd/video.mp4",
  ]) {
    const reply = await ask(url, { path });
    assert.ok(reply.status === 404 || reply.status === 400, `${path}: ${reply.status}`);
    assert.not.match(reply.text, /root:|"dependencies"|interface /);
  }
});

api("rubbish in parameters is refused by name", async () => {
  for (const [query, name] of [
    ["limit=0", "limit"],
    ["limit=1e9", "limit"],
    ["from=yesterday", "from"],
    ["verdict=maybe", "verdict"],
    [`plate=${"A".repeat(100)}`, "plate"],
    [`before=${"x".repeat(1000)}`, "before"],
  ]) {
    const reply = await ask(`${url}/api/passes?${query}`);
    assert.is(reply.status, 400, query);
    assert.ok(reply.json.error.includes(name), reply.json.error);
  }
  assert.is((await ask(url, { path: "/api/passes/%00%ff" })).status, 400);
});

api("a store that cannot answer is said so, without its inside", async () => {
  const { find } = appliance.deps.passes;
  appliance.deps.passes.find = () =>
    Promise.reject(new StoreError("busy", "The store has more to do than it can hold."));
  assert.is((await ask(`${url}/api/passes/p`)).status, 503);
  appliance.deps.passes.find = () => Promise.reject(new Error("SQLITE_CORRUPT at /var/x.db"));
  const reply = await ask(`${url}/api/passes/p`);
  appliance.deps.passes.find = find;
  assert.is(reply.status, 500);
  assert.not.match(reply.text, /SQLITE/);
});

api("status, health and figures are told", async () => {
  const status = await ask(`${url}/api/status`);
  shapes.status.parse(status.json);
  assert.is((await ask(`${url}/healthz`)).status, 200);
  appliance.state.health.push({ part: "disk", name: "Disk", state: "bad", sentence: "Full." });
  const bad = await ask(`${url}/healthz`);
  appliance.state.health.pop();
  assert.is(bad.status, 503);
  assert.is(bad.json.bad[0].part, "disk");
  const metrics = await ask(`${url}/metrics`);
  assert.match(metrics.headers["content-type"]!, /^text\/plain/);
  assert.match(metrics.text, /plategate_http_answers_total\{class="2xx"\} \d+/);
});

api("search by likeness is offered only where the store can do it", async () => {
  assert.equal((await ask(`${url}/api/search?plate=KR4T2`)).json, { available: false, items: [] });
  const pass = (await appliance.passes.find(ids[0]!))!;
  const asked: string[] = [];
  appliance.deps.search = {
    soft: async (plate) => {
      asked.push(plate);
      return [{ pass, likelihood: -2.5 }];
    },
    alike: () => Promise.reject(new StoreError("refused", "The search by likeness is off.")),
  };
  const found = await ask(`${url}/api/search?plate=${encodeURIComponent("kr 4?2")}`);
  assert.equal(asked, ["KR4?2"]);
  assert.is(found.json.items[0].pass.id, pass.id);
  assert.is((await ask(`${url}/api/passes/${pass.id}/alike`)).json.available, false);
});

api.run();

function clip(id: string, passId: string | null, path: string) {
  return {
    id,
    passId,
    camera: "front",
    path,
    startedAt: NOW,
    endedAt: NOW + 10_000,
    bytes: 5000,
    pinned: false,
  };
}
