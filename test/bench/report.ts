/**
 * How fast the outbox is drained: `npm run bench:report [EVENTS]`. A local mosquitto, QoS 1, rows in a SQLite file as
 * in the appliance. Prints one JSON line at the end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.js";
import { passEvent } from "../../src/core/events.js";
import type { OutboxRepository } from "../../src/core/repositories.js";
import { createReport, type Report } from "../../src/report/report.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { fakeOutbox } from "../support/fake-outbox.js";
import { mosquitto, mosquittoPath } from "../support/mosquitto.js";
import { listener } from "../support/mqtt-listener.js";
import { passRecord } from "../support/records.js";
import { until } from "../support/until.js";

const events = Number(process.argv[2] ?? 20_000);
if (mosquittoPath === null) {
  console.error("bench:report needs mosquitto: apt-get install mosquitto");
  process.exit(1);
}
const result: Record<string, unknown> = {};
const broker = await mosquitto(["allow_anonymous true", "max_queued_messages 0", "max_inflight_messages 0"]);
await broker.start();

result.memory = await drained("rows in memory", fakeOutbox());
const folder = mkdtempSync(join(tmpdir(), "plategate-bench-"));
const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
await store.start();
result.store = await drained("rows in the store (its own thread, SQLite)", store.outbox);
result.latency = await latency(store.outbox);
await store.close();
rmSync(folder, { recursive: true, force: true });
result.queued = await heapWithQueue(100_000);
await broker.close();
console.log(JSON.stringify(result));

/** Events per second from a full outbox to an acknowledged end. */
async function drained(name: string, outbox: OutboxRepository) {
  await fill(outbox, events, name[8] ?? "x");
  const report = reportOn(outbox, broker.url);
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  await report.start();
  await until(() => (report.status().sinks[0]?.delivered ?? 0) >= events, "all are delivered", 300_000);
  const deliveredMs = performance.now() - start;
  await until(async () => (await outbox.count()) === 0, "all are acknowledged", 300_000);
  const perSecond = Math.round((events / deliveredMs) * 1000);
  // On a machine that is busy with other things only this says how fast we are.
  const { user, system } = process.cpuUsage(cpuBefore);
  const perCpuSecond = Math.round((events / (user + system)) * 1e6);
  console.log(
    `${name}: ${events} events in ${Math.round(deliveredMs)} ms, ${perSecond}/s, ${perCpuSecond} per second of processor time`,
  );
  await report.close();
  return { events, perSecond, perCpuSecond };
}

/** From the fulfilled commit to a subscriber's ears, one event at a time. */
async function latency(outbox: OutboxRepository) {
  const report = reportOn(outbox, broker.url);
  const ear = await listener(broker.url, "plategate/demo/main/event/pass");
  await report.start();
  await until(() => report.status().sinks[0]?.state === "up", "connected");
  const times: number[] = [];
  for (let i = 0; i < 500; i++) {
    const heard = ear.heard.length;
    await outbox.add([passEvent(passRecord({ id: `latency-${i}` }), "NEW", Date.now())]);
    const committed = performance.now();
    const arrived = new Promise<void>((resolve) => ear.client.once("message", () => resolve()));
    report.poke();
    if (ear.heard.length === heard) await arrived;
    times.push(performance.now() - committed);
  }
  times.sort((a, b) => a - b);
  const at = (q: number) => Math.round((times[Math.floor(times.length * q)] ?? 0) * 100) / 100;
  const figures = { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(0.9999) };
  console.log(
    `commit to subscriber: p50 ${figures.p50Ms} ms, p95 ${figures.p95Ms} ms, p99 ${figures.p99Ms} ms, max ${figures.maxMs} ms`,
  );
  await ear.close();
  await report.close();
  return figures;
}

/** Heap of the report part while nobody takes what waits: the queue itself must not be in it. */
async function heapWithQueue(n: number) {
  const outbox = { ...fakeOutbox(), pending: counted(n), count: async () => n, acknowledge: async () => {} };
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const frozen = await mosquitto();
  await frozen.start();
  const report = reportOn(outbox, frozen.url);
  await report.start();
  await until(() => report.status().sinks[0]?.state === "up", "connected");
  frozen.freeze();
  report.poke();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const grown = heap() - before;
  console.log(
    `${n} queued, broker silent: heap ${(grown / 1e6).toFixed(1)} MB more, RSS ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
  );
  await frozen.stop("SIGKILL");
  await report.close();
  await frozen.close();
  return { queued: n, heapGrownBytes: grown, rssBytes: process.memoryUsage().rss };
}

/** Rows made on demand, as a database hands them out: none is in memory before it is asked for. */
function counted(n: number): OutboxRepository["pending"] {
  return async (after, limit) =>
    Array.from({ length: Math.max(0, Math.min(limit, n - after)) }, (_, i) => ({
      ...passEvent(passRecord({ id: `q${after + i}` }), "NEW", 1),
      seq: after + i + 1,
    }));
}

async function fill(outbox: OutboxRepository, n: number, prefix: string): Promise<void> {
  for (let at = 0; at < n; at += 1000)
    await outbox.add(
      Array.from({ length: Math.min(1000, n - at) }, (_, i) =>
        passEvent(passRecord({ id: `${prefix}${at + i}` }), "NEW", 1),
      ),
    );
}

function reportOn(outbox: OutboxRepository, url: string): Report {
  return createReport({
    config: parseConfig(`report: { url: "${url}" }`),
    clock: systemClock,
    log: silentLog,
    outbox,
    identity: { site: "demo", gate: "main", serial: "bench", version: "0" },
    state: {
      barrier: () => ({ state: "closed", sinceAt: 0, sentence: "", dryRun: false }),
      inputs: () => ({}),
      health: () => [],
      subscribe: () => () => {},
    },
    commands: async () => ({ accepted: false, sentence: "" }),
  });
}
