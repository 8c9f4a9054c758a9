import { createServer, type Server } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Appliance, createAppliance } from "../../src/appliance/appliance.js";
import { parseConfig } from "../../src/config.js";
import { createSimulatedLines, type SimulatedLines } from "../../src/gate/simulated.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { listener } from "../support/mqtt-listener.js";
import { until } from "../support/until.js";

function applianceOf(
  web: string,
  lines: string,
): { appliance: Appliance; lines: SimulatedLines; said: string[] } {
  const simulated = createSimulatedLines(systemClock);
  simulateArm(simulated, systemClock);
  const config = parseConfig(`dataFolder: ${temporaryFolder()}
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: ${web}
broker: { port: 0 }
lines: ${lines}`);
  const said: string[] = [];
  const log = { ...silentLog, error: (_: object, sentence: string) => void said.push(sentence) };
  const openLines = async () => simulated;
  const appliance = createAppliance({
    config,
    clock: systemClock,
    log: { ...log, child: () => log },
    openLines,
  });
  return { appliance, lines: simulated, said };
}

async function taken(): Promise<{ port: number; free: () => Promise<void> }> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { port, free: () => new Promise((resolve) => server.close(() => resolve())) };
}

const REAL = "{ driver: auto, board: raspberry-pi-4 }";

test("an address that the network has not given yet keeps no gate from working, and is told to those who listen", async () => {
  const { appliance, lines, said } = applianceOf("{ host: 192.0.2.1 }", REAL);
  await appliance.start();
  try {
    assert.is(appliance.url(), "");
    assert.match(
      said.join(),
      /192\.0\.2\.1:8080: this machine has no such address.*The gate works without it/,
    );
    lines.drive("exit", true);
    await until(() => lines.edges().some((e) => e.name === "lift" && e.energised), "free exit to open");
    const ear = await listener(appliance.brokerUrl(), "plategate/+/+/state/health", { protocolVersion: 4 });
    await until(
      () => ear.heard.some((m) => /no such address/.test(String(m.payload))),
      "the health to tell it",
    );
    await ear.close();
  } finally {
    await appliance.close();
  }
});

test("a port that another program took is listened on as soon as it is free", async () => {
  const { port, free } = await taken();
  const { appliance } = applianceOf(`{ port: ${port} }`, REAL);
  await appliance.start();
  try {
    assert.is(appliance.url(), "");
    await free();
    await until(() => appliance.url() !== "", "the page to be there", 30_000);
    assert.is((await fetch(`${appliance.url()}/api/status`)).status, 200);
  } finally {
    await appliance.close();
  }
});

test("a simulated gate without its page is of no use, and does not start", async () => {
  const { port, free } = await taken();
  const { appliance } = applianceOf(`{ port: ${port} }`, "{}");
  await appliance.start().then(
    () => assert.unreachable("it must not start"),
    (error: Error) => assert.match(error.message, `another program uses port ${port}`),
  );
  await appliance.close();
  await free();
});

test.run();
