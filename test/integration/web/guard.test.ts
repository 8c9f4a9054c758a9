import { createServer } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { silentLog } from "../../../src/system/log.js";
import { WebError } from "../../../src/web/ports.js";
import { createWeb } from "../../../src/web/server.js";
import { fakeAppliance } from "../../support/fake-appliance.js";
import { ask } from "../../support/http-client.js";
import { skipLoudly } from "../../support/skip.js";

const guard = suite("web guard");
const appliance = fakeAppliance({ manual: true, hosts: ["gate.example"] });
const web = createWeb(appliance.deps);
let url = "";
let port = "";

guard.before(async () => {
  ({ url } = await web.start());
  port = new URL(url).port;
});

guard.after(async () => {
  await web.close();
  appliance.close();
});

guard(
  "names that are not the appliance's are turned away, so that no foreign page reads it by DNS rebinding",
  async () => {
    for (const host of [
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      "[::1]",
      "192.168.1.20:8080",
      hostname(),
      `${hostname()}.local`,
      "Gate.Example",
    ])
      assert.is((await ask(`${url}/api/status`, { headers: { Host: host } })).status, 200, host);
    for (const host of [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "gate.example.evil",
      "a b",
    ]) {
      const reply = await ask(`${url}/api/status`, { headers: { Host: host } });
      assert.ok(reply.status === 421 || reply.status === 400, `${host}: ${reply.status}`);
      assert.is(reply.json?.gate, undefined);
    }
  },
);

guard("that the area is clear is believed only from the machine itself, and moves nothing", async () => {
  const say = (headers: Record<string, string>) =>
    ask(`${url}/api/gate/area-clear`, { method: "POST", headers: { Host: `localhost:${port}`, ...headers } });
  assert.is((await say({ Origin: "http://evil.example" })).status, 403);
  assert.is((await say({ "X-Forwarded-For": "192.168.1.9" })).status, 403);
  assert.equal(appliance.cleared, []);
  const before = (await ask(`${url}/api/status`)).json?.gate;
  assert.is((await say({})).status, 200);
  assert.equal(appliance.cleared, ["the appliance itself (loopback)"]);
  assert.equal((await ask(`${url}/api/status`)).json?.gate, before);
});

guard(
  "changes are taken from the page itself and from tools on the appliance, not from other pages or through proxies",
  async () => {
    const start = (headers: Record<string, string>) =>
      ask(`${url}/api/recording/front/start`, { method: "POST", headers });
    const host = `localhost:${port}`;
    const refused: Record<string, string>[] = [
      { Host: host, Origin: "https://evil.example" },
      { Host: host, Origin: "null" },
      { Host: host, Origin: `http://localhost:${Number(port) + 1}` },
      { Host: host, "Sec-Fetch-Site": "cross-site" },
      { Host: host, "Sec-Fetch-Site": "same-site" },
      { Host: host, "X-Forwarded-For": "10.0.0.7" },
    ];
    for (const headers of refused) assert.is((await start(headers)).status, 403, JSON.stringify(headers));
    assert.is((await ask(`${url}/api/recording`)).json.manual.length, 0, "nothing was started");
    assert.is(
      (await start({ Host: host, Origin: `http://${host}`, "Sec-Fetch-Site": "same-origin" })).status,
      201,
    );
  },
);

guard("changes come at a measured pace", async () => {
  const replies = [];
  for (let i = 0; i < 30; i++) replies.push(await ask(`${url}/api/clips/none/pin`, { method: "POST" }));
  assert.ok(replies.some((r) => r.status === 429));
});

guard("nothing changes by GET", async () => {
  for (const path of ["/api/clips/x/pin", "/api/recording/front/start"])
    assert.is((await ask(url + path)).status, 404);
});

guard("every answer forbids foreign scripts, sniffing, framing and reading from elsewhere", async () => {
  for (const path of ["/", "/app.js", "/api/status", "/api/none"]) {
    const { headers } = await ask(url + path);
    assert.match(headers["content-security-policy"] as string, /default-src 'none'.*script-src 'self';/);
    assert.not.match(headers["content-security-policy"] as string, /unsafe|https?:/);
    assert.is(headers["x-content-type-options"], "nosniff");
    assert.is(headers["cross-origin-resource-policy"], "same-origin");
    assert.is(headers["access-control-allow-origin"], undefined);
  }
});

guard("the page holds no inline script or style and asks for nothing from elsewhere", async () => {
  const { text } = await ask(`${url}/`);
  assert.match(text, /<script type="module" src="app.js"><\/script>/);
  assert.not.match(text, /<script(?![^>]*src=)|<style|\sstyle="|\son\w+="|https?:\/\//);
});

guard("a request that is too large is refused", async () => {
  const reply = await ask(`${url}/api/status`, { headers: { "X-Big": "x".repeat(40_000) } }).catch(() => ({
    status: 431,
  }));
  assert.is(reply.status, 431);
});

guard(
  "a port in use, a port that needs privileges and an address of another machine are each one sentence",
  async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => other.once("listening", done));
    const taken = (other.address() as { port: number }).port;
    await fails(
      "127.0.0.1",
      taken,
      new RegExp(`127\\.0\\.0\\.1:${taken}: another program uses port ${taken}.*web\\.port`),
    );
    await fails("192.0.2.1", 8080, /192\.0\.2\.1:8080.*no such address.*web\.host/);
    other.close();
  },
);

guard("a page that the network can see is warned of, and changes nothing for it", async () => {
  const warnings: string[] = [];
  const open = fakeAppliance({ host: "0.0.0.0", manual: true });
  open.deps.log = { ...silentLog, warn: (_, sentence) => warnings.push(sentence) };
  const page = createWeb(open.deps);
  const { url } = await page.start();
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(warnings.join(), /Everybody on this network can see the page/);
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((i) => i?.family === "IPv4" && !i.internal)?.address;
  if (outside === undefined)
    skipLoudly("asking over the network", "this machine has no address but loopback");
  else {
    const at = `http://${outside}:${new URL(url).port}/api/recording`;
    assert.is((await ask(at)).status, 200);
    assert.is((await ask(`${at}/front/start`, { method: "POST" })).status, 403);
  }
  await page.close();
  open.close();
});

guard.run();

async function fails(host: string, port: number, sentence: RegExp): Promise<void> {
  const appliance = fakeAppliance({ host, port });
  const web = createWeb(appliance.deps);
  const error = await web.start().then(
    () => null,
    (e) => e,
  );
  appliance.close();
  assert.instance(error, WebError);
  assert.match(error.message, sentence);
  await web.close();
}
