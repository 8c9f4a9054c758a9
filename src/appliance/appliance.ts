import { join, resolve } from "node:path";
import type { Config } from "../config.js";
import { resolveLines } from "../gate/board.js";
import { createDesk } from "../gate/desk.js";
import { openDriver } from "../gate/driver.js";
import { createGate } from "../gate/gate.js";
import { createKeep } from "../gate/kept.js";
import type { Lane } from "../gate/lane.js";
import type { LineDriver } from "../gate/lines.js";
import { removeOldestVideo } from "../recording/room.js";
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
import { exposeFigures, figuresToReport } from "./figures.js";
import { healthParts } from "./health-parts.js";
import { machineSerial, PROGRAM_FOLDER, programVersion } from "./identity.js";
import { createKeeper } from "./keep.js";
import { createLogbook } from "./logbook.js";
import { looksOf, openLane } from "./open-lane.js";
import { createOpening } from "./opening.js";
import { createPage } from "./page.js";
import { createReadRate } from "./read-rate.js";
import { createRecordings } from "./recordings.js";
import { createReporting } from "./reporting.js";
import { createRuleBook } from "./rules.js";
import { usableFolder } from "./usable-folder.js";

export interface ApplianceDeps {
  config: Config;
  clock: Clock;
  log: Log;
  /** Where the lines come from; default: the driver that the configuration names. */
  openLines?: () => Promise<LineDriver>;
  /** Called now and then while the start takes long and goes on. */
  onSlowStart?: () => void;
}

/** The whole appliance, built and connected; nothing runs before `start`. */
export function createAppliance({ config, clock, log, openLines, onSlowStart }: ApplianceDeps) {
  const folder = resolve(config.dataFolder);
  const recording = config.cameras.some((c) => c.record);
  const identity = {
    site: config.site,
    gate: config.gate,
    serial: machineSerial(),
    version: programVersion(),
  };
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
  const store = createStore({
    config: config.store,
    folder,
    clock,
    log: part("store"),
    makeRoom: (bytes) => removeOldestVideo(join(folder, "recordings"), bytes, part("recording")),
    ...(onSlowStart === undefined ? {} : { onSlowStart }),
  });
  const desk = createDesk({
    clock,
    log: part("gate"),
    gate,
    lane: () => lane,
    maxCommandAgeMs: config.access.maxCommandAgeMs,
    keep,
    audit: (entry) => store.audit.add(entry),
  });
  const book = createRuleBook({
    repository: store.rules,
    fixed: demoRules(config),
    clock,
    log: part("rules"),
  });
  const opening = createOpening({ clock, log: part("store"), open: openFolder });
  const logbook = createLogbook({ config, clock, log: part("log"), store, whenStoreOpen: opening.whenBegun });
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
  let isClosed = false;

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
      store: { status: () => ({ ...store.status(), ...opening.status() }) },
      ring,
      clips,
      wear,
      report: { status: () => reporting.status() },
      page: { read: () => page.read() },
      recording,
    }),
  );
  const reporting = createReporting({
    config,
    clock,
    log,
    identity,
    store,
    isStoreOpen: opening.isOpen,
    gate,
    desk,
    health: () => health.list(),
    storage,
    figures: figuresToReport({ clock, temperature, cameras, readRate }),
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
    whenStoreOpen: opening.whenBegun,
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
    lane: () => lane,
    store: () => store.status(),
    ring: () => ring.status(),
    clips: () => clips.status(),
    report: () => reporting.status(),
    health: () => health.list(),
    freeBytes: () => disk.freeBytes(),
    unsaved: keeper.unsaved,
    wear: () => wear.status(),
  });
  const web = createWeb({
    config: config.web,
    about: { ...identity, startedAt: clock.wallMs() },
    clock,
    log: part("web"),
    metrics: figures,
    ...opening.refusing({
      passes: store.passes,
      register: store.register,
      edges: store.edges,
      audit: store.audit,
      search: store.search,
      ...recordings.page,
    }),
    rules: { all: async () => book.rules() },
    live: cameras,
    gate,
    health: () => health.list(),
  });
  const page = createPage({ web, isSimulated: config.lines.driver === "simulated", clock, log: part("web") });
  clips.onClip((clip) => {
    web.push({ type: "clip", clip });
    reporting.poke();
  });
  store.onForeignChange(() => {
    void book.reload();
    ring.recount();
    // A plate may have been erased.
    reporting.review();
    void looksOf(store)
      .then((history) => lane?.recallLooks(history))
      .catch(() => {});
  });
  gate.subscribe(() => changed());
  // Over the day's writing budget video rests; passes keep their pictures.
  wear.onOver((isOver) => void cameras.setRecording(!isOver));

  return { start, close, gate, store, url: page.url, brokerUrl: () => reporting.url(), identity };

  /** The gate first: exit and safety inputs wait for nothing else. Rejects without lines, and without the page of a simulated gate. */
  async function start(): Promise<void> {
    await inTurn(gate.start, () => logbook.watchLines(gate), temperature.start);
    await inTurn(opening.start, reporting.start, page.start);
    if (opening.isOpen()) await watch();
    else
      void opening.whenOpen
        .then(watch)
        .catch((error) => log.error({ err: String(error) }, "The cameras could not be started."));
  }

  /** What is closed meanwhile begins nothing more: nobody would end it. */
  async function inTurn(...steps: readonly (() => unknown)[]): Promise<void> {
    for (const step of steps) if (!isClosed) await step();
  }

  /** All that needs the card; whatever fails in it, it is begun anew from the top. */
  async function openFolder(): Promise<void> {
    await inTurn(() => usableFolder(folder), gate.recall, store.start);
    const { state, problem } = store.status();
    if (state !== "ready" && state !== "cannot-write") throw new Error(problem || `The store is ${state}.`);
    await inTurn(book.start, recordings.start, disk.start);
    const { items: newest } = await store.passes.list({ limit: 1000 });
    if (isClosed) return;
    lane = await openLane(
      {
        config,
        folder,
        clock,
        log: part("lane"),
        rules: book.rules,
        gate,
        clockTrusted: () => trust.trusted(),
        onPass: (entry) => void keeper.pass(entry),
        onEnd: (pass) => void keeper.clip(pass),
        uses: book,
      },
      store,
    );
    for (const pass of newest.toReversed()) readRate.saw(pass);
  }

  async function watch(): Promise<void> {
    await inTurn(() => logbook.started(identity.version), reporting.storeOpened, cameras.start);
  }

  function changed(): void {
    for (const listener of listeners) listener();
  }

  /** Eyes first, so that nothing new comes; the lines stay safe until everything else has been kept. */
  async function close(): Promise<void> {
    isClosed = true;
    await opening.close();
    await cameras.close();
    const laneClosed = lane?.close();
    book.close();
    await page.close();
    await recordings.close();
    await gate.close();
    await reporting.close();
    await Promise.all([keep.settled(), laneClosed]);
    await store.close();
    disk.close();
    temperature.close();
    trust.close();
    loop.close();
    metrics.close();
  }
}

export type Appliance = ReturnType<typeof createAppliance>;
