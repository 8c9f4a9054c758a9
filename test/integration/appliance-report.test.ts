import { createServer, type Server } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createAppliance } from "../../src/appliance/appliance.js";
import { parseConfig } from "../../src/config.js";
import { createSimulatedLines } from "../../src/gate/simulated.js";
import { simulateArm } from "../../src/gate/simulated-arm.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { temporaryFolder } from "../support/folder.js";
import { listener } from "../support/mqtt-listener.js";
import { until } from "../support/until.js";

async function occupied(): Promise<{ port: number; free: () => Promise<void> }> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, free: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function reportHealth(url: string): Promise<{ state: string; sentence: string } | undefined> {
  await new Promise((resolve) => setTimeout(resolve, 250));
  const { health } = (await (await fetch(`${url}/api/status`)).json()) as {
    health: { part: string; state: string; sentence: string }[];
  };
  return health.find((part) => part.part === "broker");
}

test("a taken port of the broker is told, the gate works all the same, and reports once the port is free", async () => {
  const { port, free } = await occupied();
  const lines = createSimulatedLines(systemClock);
  simulateArm(lines, systemClock);
  const config = parseConfig(`dataFolder: ${temporaryFolder()}
log: { level: silent }
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: { port: 0 }
broker: { port: ${port} }`);
  const openLines = async () => lines;
  const appliance = createAppliance({ config, clock: systemClock, log: silentLog, openLines });
  await appliance.start();
  try {
    const told = await reportHealth(appliance.url());
    assert.is(told?.state, "warning");
    assert.match(told!.sentence, `broker 127.0.0.1:${port}: this port is taken`);
    lines.drive("exit", true);
    await until(() => lines.edges().some((e) => e.name === "lift" && e.energised), "free exit to open");
    lines.drive("exit", false);
    await free();
    await until(
      async () => (await reportHealth(appliance.url()))?.state === "good",
      "the report to begin",
      30_000,
    );
    const ear = await listener(appliance.brokerUrl(), "plategate/#", { protocolVersion: 4 });
    await until(() => ear.heard.length > 0, "a first message");
    await ear.close();
  } finally {
    await appliance.close();
  }
});

test("a missing password file does not keep the gate from starting", async () => {
  const config = parseConfig(`dataFolder: ${temporaryFolder()}
log: { level: silent }
cameras: [{ name: front, source: "file:///nowhere.mp4", record: false }]
web: { port: 0 }
report: { url: "mqtt://127.0.0.1:1", username: gate, passwordFile: /nowhere/password }`);
  const openLines = async () => createSimulatedLines(systemClock);
  const appliance = createAppliance({ config, clock: systemClock, log: silentLog, openLines });
  await appliance.start();
  try {
    const told = await reportHealth(appliance.url());
    assert.is(told?.state, "warning");
    assert.match(told!.sentence, "/nowhere/password");
  } finally {
    await appliance.close();
  }
});

test.run();
