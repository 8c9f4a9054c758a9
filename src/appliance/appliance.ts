import { join, resolve } from "node:path";
import type { Config } from "../config.js";
import { resolveLines } from "../gate/board.js";
import { createDesk } from "../gate/desk.js";
import { openDriver } from "../gate/driver.js";
import { createGate } from "../gate/gate.js";
import { createKeep } from "../gate/kept.js";
import { createLane, type Lane } from "../gate/lane.js";
import type { LineDriver } from "../gate/lines.js";
import { rehearse } from "../gate/rehearsal.js";
import { createStore } from "../store/store.js";
import type { Clock } from "../system/clock.js";
import { watchClockTrust } from "../system/clock-trust.js";
import { createHealth, watchDisk, watchLoop } from "../system/health.js";
import type { Log } from "../system/log.js";
import { createMetrics } from "../system/metrics.js";
import { watchTemperature } from "../system/temperature.js";
import { createWeb } from "../web/server.js";
import { createCameras } from "./cameras.js";
import { demoRules } from "./demo.js";
import { exposeFigures } from "./figures.js";
import { healthParts } from "./health-parts.js";
import { machineSerial, PROGRAM_FOLDER, programVersion } from "./identity.js";
import { createKeeper } from "./keep.js";
import { createLogbook } from "./logbook.js";
import { createReadRate } from "./read-rate.js";
import { withoutForgotten } from "./recent-passes.js";
import { createRecordings } from "./recordings.js";
import { createReporting } from "./reporting.js";
import { createRuleBook } from "./rules.js";
import { usableFolder } from "./usable-folder.js";

/** Newest granted passes whose looks are held in memory, 2 kB each. */
const LOOKS_REMEMBERED = 4000;

export interface ApplianceDeps {
  config: Config;
  clock: Clock;
  log: Log;
  /** Where the lines come from; default: the driver that the configuration names. */
  openLines?: () => Promise<LineDriver>;
}

/** The whole appliance, built and connected; nothing runs before `start`. */
export function createAppliance({ config, clock, log, openLines }: ApplianceDeps) {
  const folder = resolve(config.dataFolder);
  const recording = config.cameras.some((c) => c.record);
  const identity = {
    site: config.site,
    gate: config.gate,
    serial: machineSerial(),
    version: programVersion(),
  };
  const startedAtMs = clock.monotonicMs();
  const lines = resolveLines(config.lines, undefined, config.where);
  const part = (name: string) => log.child({ part: name });

  const keep = createKeep(join(folder, "gate.json"), part("gate"));
  const gate = createGate({
    clock,
    log: part("gate"),
    driver: openLines ?? (() => openDriver({ clock, log: part("lines"), config: config.lines, lines })),
    lines,
    barrier: config.barrier,
    maxCommandAgeMs: config.access.maxCommandAgeMs,
    keep,
    onEvent: (event) => void keeper.event(event),
  });
  const store = createStore({ config: config.store, folder, clock, log: part("store") });
  const desk = createDesk({
    clock,
    log: part("gate"),
    gate,
    lane: () => lane,
    maxCommandAgeMs: config.access.maxCommandAgeMs,
    keep,
    audit: (entry) => store.audit.add(entry),
  });
  const book = createRuleBook(store.rules, demoRules(config), part("rules"));
  let storeOpen = () => {};
  const whenStoreOpen = new Promise<void>((resolve) => {
    storeOpen = resolve;
  });
  const logbook = createLogbook({ config, clock, log: part("log"), store, whenStoreOpen });
  const recordings = createRecordings({ config, folder, store, clock, log, note: logbook.note });
  const { ring, clips, wear, storage } = recordings;
  const cameras = createCameras({
    config,
    clock,
    log: part("eye"),
    modelsFolder:
      config.models.folder === "" ? join(PROGRAM_FOLDER, "models") : resolve(config.models.folder),
    recordingFolder: (camera) =>
      config.cameras.find((c) => c.name === camera)?.record === true ? join(ring.folder, camera) : null,
    onSighting(sighting) {
      lane?.sighting(sighting);
      web.push({ type: "sighting", sighting });
    },
    onSegment: (camera, segment) => void ring.addSegment(camera, segment),
    onChange: () => changed(),
  });
  const trust = watchClockTrust(clock);
  const disk = watchDisk(folder, config.recording.minFreeBytes, clock);
  const loop = watchLoop();
  const temperature = watchTemperature(clock);
  const readRate = createReadRate({ clock, minProbability: config.access.minProbability });
  const metrics = createMetrics({ processMetrics: true });
  const listeners = new Set<() => void>();
  let lane: Lane | null = null;
  let url = "";

  const health = createHealth(
    clock,
    healthParts({
      clock,
      trust,
      disk,
      temperature,
      loop,
      gate,
      cameras: () => cameras.cameras(),
      models: (camera) => cameras.models(camera),
      eyeProblem: (camera) => cameras.problem(camera),
      store,
      ring,
      clips,
      wear,
      report: { status: () => reporting.status() },
      recording,
    }),
  );
  const reporting = createReporting({
    config,
    clock,
    log,
    identity,
    store,
    gate,
    desk,
    health: () => health.list(),
    storage,
    figures: () => ({
      ...(temperature.celsius() === null ? {} : { temperatureC: temperature.celsius()! }),
      fps: Object.fromEntries(cameras.cameras().map((c) => [c.name, c.fps])),
      ...(readRate.rate() === undefined ? {} : { readRate: readRate.rate()! }),
      rssBytes: process.memoryUsage.rss(),
      uptimeSeconds: Math.round((clock.monotonicMs() - startedAtMs) / 1000),
    }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const keeper = createKeeper({
    config,
    clock,
    log: part("keep"),
    store,
    whenStoreOpen,
    clips,
    rules: book.rules,
    committed(pass) {
      if (pass !== null) {
        readRate.saw(pass);
        web.push({ type: "pass", pass });
      }
      reporting.poke();
    },
  });
  const figures = exposeFigures(metrics, {
    cameras,
    lane: () => lane?.figures() ?? noLane,
    store: () => store.status(),
    ring: () => ring.status(),
    clips: () => clips.status(),
    report: () => reporting.status(),
    health: () => health.list(),
    freeBytes: () => disk.freeBytes(),
  });
  metrics.gauge("passes_unsaved", "Writes of passes that the store refused", [], keeper.unsaved);
  const wearToday = metrics.gauge("card_written_bytes_today", "Bytes written to the card today (UTC)", [
    "subsystem",
  ]);
  const web = createWeb({
    config: config.web,
    about: { ...identity, startedAt: clock.wallMs() },
    clock,
    log: part("web"),
    metrics: {
      ...metrics,
      text() {
        figures.refresh();
        for (const [subsystem, bytes] of Object.entries(wear.status().bytes))
          wearToday.set(bytes, { subsystem });
        return metrics.text();
      },
    },
    passes: store.passes,
    register: store.register,
    edges: store.edges,
    audit: store.audit,
    ...recordings.page,
    rules: { all: async () => book.rules() },
    search: store.search,
    live: cameras,
    gate,
    health: () => health.list(),
  });
  clips.onClip((clip) => {
    web.push({ type: "clip", clip });
    reporting.poke();
  });
  store.onForeignChange(() => {
    void book.reload();
    ring.recount();
    // A plate may have been erased.
    void store.passes
      .looks(LOOKS_REMEMBERED)
      .then((history) => lane?.recallLooks(history))
      .catch(() => {});
  });
  gate.subscribe(() => changed());
  // Over the day's writing budget video rests; passes keep their pictures.
  wear.onOver((isOver) => void cameras.setRecording(!isOver));

  return { start, close, gate, store, url: () => url, brokerUrl: () => reporting.url(), identity };

  /**
   * The gate first: free exit and safety inputs work before anything else does. Rejects with one sentence; what was
   * started by then is closed again.
   */
  async function start(): Promise<void> {
    await usableFolder(folder);
    await gate.start();
    logbook.watchLines(gate);
    await store.start();
    storeOpen();
    await logbook.started(identity.version);
    await book.reload();
    const known = (await store.passes.list({ limit: 1000 })).items.toReversed();
    for (const pass of known) readRate.saw(pass);
    // Without it the first vehicle waits some milliseconds longer: no reason not to start.
    await rehearse({ config, clock, rules: book.rules() }).catch((error) =>
      log.warn({ err: String(error) }, "The decision could not be rehearsed; the first one takes longer."),
    );
    lane = createLane({
      config,
      clock,
      log: part("lane"),
      rules: book.rules,
      gate,
      clockTrusted: () => trust.trusted(),
      onPass: (entry) => void keeper.pass(entry),
      onEnd: (pass) => void keeper.clip(pass),
      onUse: book.use,
      recent: await withoutForgotten(known, store.audit),
      looks: await store.passes.looks(LOOKS_REMEMBERED),
    });
    await recordings.start();
    await disk.start();
    await temperature.start();
    await reporting.start();
    url = (await web.start()).url;
    cameras.start();
  }

  function changed(): void {
    for (const listener of listeners) listener();
  }

  /** Eyes first, so that nothing new comes; the lines stay safe until everything else has been kept. */
  async function close(): Promise<void> {
    await cameras.close();
    lane?.close();
    await web.close();
    await recordings.close();
    await gate.close();
    await reporting.close();
    await keep.settled();
    await store.close();
    disk.close();
    temperature.close();
    trust.close();
    loop.close();
    metrics.close();
  }
}

const noLane = {
  sightings: 0,
  passes: 0,
  granted: 0,
  denied: 0,
  ask: 0,
  dropped: 0,
  lastFrameToRelayMs: null,
  lastSightingToRelayMs: null,
};

export type Appliance = ReturnType<typeof createAppliance>;
