import type { Config } from "../config.js";
import type { Sighting } from "../core/sighting.js";
import { createEye, type Eye, type EyeEvent } from "../eye/eye.js";
import type { EyeFigures } from "../eye/protocol.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { CameraView, LivePort } from "../web/ports.js";

export interface CamerasDeps {
  config: Config;
  clock: Clock;
  log: Log;
  modelsFolder: string;
  /** Folder of a camera's segments; null: it does not record. */
  recordingFolder: (camera: string) => string | null;
  onSighting: (sighting: Sighting) => void;
  onSegment: (camera: string, segment: { path: string; startedAt: number; endedAt: number }) => void;
  /** Something about a camera changed. */
  onChange: () => void;
}

/** The eyes of all cameras, as the rest of the appliance sees them. */
export interface Cameras extends LivePort {
  start(): void;
  models(camera: string): Readonly<Record<string, string>>;
  /** Why the eye of this camera reads nothing; empty where it does. */
  problem(camera: string): string;
  figures(): Readonly<Record<string, EyeFigures>>;
  restarts(): Readonly<Record<string, number>>;
  /** Turns recording off and on again, by starting the eyes that record anew. */
  setRecording(on: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What is known of one eye at the moment. */
interface Known {
  eye: Eye;
  figures: EyeFigures | null;
  models: Readonly<Record<string, string>>;
  problem: string;
  awaySinceAt: number | null;
  viewers: Set<(jpeg: Uint8Array, atMs: number) => void>;
}

/** One eye process a camera. Building it starts none. */
export function createCameras(deps: CamerasDeps): Cameras {
  const { config, clock, log } = deps;
  const known = new Map<string, Known>();
  let isStarted = false;
  let isClosed = false;
  let isRecording = true;
  let switching = Promise.resolve();
  for (const { name } of config.cameras) known.set(name, open(name));

  return {
    start() {
      isStarted = true;
      for (const { eye } of known.values()) eye.start();
    },
    cameras: () => [...known].map(([name, entry]) => view(name, entry)),
    subscribe(camera, listener) {
      known.get(camera)?.viewers.add(listener);
      return () => known.get(camera)?.viewers.delete(listener);
    },
    keepAlive: (camera, wish) => known.get(camera)?.eye.requestLive(wish),
    models: (camera) => known.get(camera)?.models ?? {},
    problem: (camera) => known.get(camera)?.problem ?? "",
    figures: () =>
      Object.fromEntries(
        [...known].flatMap(([name, { figures }]) => (figures === null ? [] : [[name, figures]])),
      ),
    restarts: () => Object.fromEntries([...known].map(([name, { eye }]) => [name, eye.state().restarts])),
    setRecording(on) {
      // One after the other: two at once would start two eyes of one camera, and nobody would end the first.
      switching = switching.then(() => switchRecording(on));
      return switching;
    },
    async close() {
      isClosed = true;
      await switching;
      await Promise.all([...known.values()].map(({ eye }) => eye.close()));
    },
  };

  async function switchRecording(on: boolean): Promise<void> {
    if (on === isRecording) return;
    isRecording = on;
    for (const [name, entry] of known) {
      if (deps.recordingFolder(name) === null) continue;
      await entry.eye.close();
      if (isClosed) return;
      const { viewers, awaySinceAt } = entry;
      const next = { ...open(name), viewers, awaySinceAt };
      known.set(name, next);
      if (isStarted) next.eye.start();
    }
  }

  function open(name: string): Known {
    const camera = config.cameras.find((c) => c.name === name)!;
    const eye = createEye(
      {
        type: "start",
        camera: name,
        source: camera.source,
        direction: camera.direction,
        analysisFps: camera.analysisFps,
        recordingFolder: isRecording ? deps.recordingFolder(name) : null,
        segmentSeconds: config.recording.segmentSeconds,
        modelsFolder: deps.modelsFolder,
        threads: config.models.threads,
        enhance: config.models.enhance,
        minConfidence: camera.minConfidence,
        zone: camera.zone,
        looksFirst: config.access.oddVehicle === "ask",
        logLevel: config.log.level,
      },
      { clock, log: log.child({ camera: name }) },
    );
    eye.on((event) => {
      const entry = known.get(name);
      if (entry?.eye === eye) heard(name, entry, event);
    });
    return { eye, figures: null, models: {}, problem: "", awaySinceAt: clock.wallMs(), viewers: new Set() };
  }

  function heard(camera: string, entry: Known, event: EyeEvent): void {
    switch (event.type) {
      case "sighting":
        deps.onSighting(event.sighting);
        return;
      case "live":
        for (const viewer of entry.viewers) viewer(event.jpeg, event.atMs);
        return;
      case "segment":
        deps.onSegment(camera, event.segment);
        return;
      case "ready":
        entry.models = event.models;
        entry.problem = "";
        break;
      case "problem":
        entry.problem = event.sentence;
        break;
      case "figures":
        entry.figures = event.figures;
        break;
      case "state":
        if (event.state.state !== "here") entry.figures = null;
        break;
      case "segment-opened":
        return;
    }
    const running = view(camera, entry).state === "running";
    if (running === (entry.awaySinceAt === null)) return;
    entry.awaySinceAt = running ? null : clock.wallMs();
    deps.onChange();
  }

  function view(name: string, { eye, figures, problem, awaySinceAt }: Known): CameraView {
    const process = eye.state();
    const away = { name, awaySinceAt, fps: 0 };
    if (process.state === "away")
      return {
        ...away,
        state: "away",
        problem: `The eye is away: ${process.cause}. It is being started again.${problem === "" ? "" : ` It said: ${problem}`}`,
      };
    if (process.state === "stopped") return { ...away, state: "ended", problem: "Stopped." };
    if (figures === null) return { ...away, state: process.restarts > 0 ? "away" : "starting", problem };
    const { state } = figures.camera;
    if (state === "running")
      return { name, state: "running", awaySinceAt: null, problem: "", fps: figures.fps };
    if (state === "ended") return { ...away, state: "ended", problem: figures.camera.problem || problem };
    if (state === "failed") return { ...away, state: "failed", problem: figures.camera.problem || problem };
    return {
      ...away,
      state: state === "connecting" ? "starting" : "away",
      problem: figures.camera.problem || problem,
    };
  }
}
