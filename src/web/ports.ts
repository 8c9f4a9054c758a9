/** What the web part asks of the rest of the appliance; main.ts hands it in. Nothing here may block. */
import type { Candidate } from "../core/plate.js";
import type { ClipRecord, PassRecord } from "../core/records.js";
import type {
  AuditRepository,
  ClipRepository,
  EdgeRepository,
  PassRepository,
  RegisterRepository,
  RuleRepository,
  SearchRepository,
} from "../core/repositories.js";
import type { Direction } from "../core/sighting.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { Metrics } from "../system/metrics.js";

/** The barrier as people see it. `lines` has every wired output and input by name: true is energised or active. */
export interface GateView {
  state: "unknown" | "closed" | "opening" | "open" | "closing" | "held-open" | "stopped" | "fault";
  /** Wall ms since when it is so. */
  sinceAt: number;
  /** One sentence: what it is doing, or what is wrong with it. */
  sentence: string;
  /** True while nothing is energised whatever is decided. */
  dryRun: boolean;
  /** Wall ms at which a hold-open ends by itself; null or absent: nothing is held. */
  heldUntilAt?: number | null;
  /** `locked`: no plate opens. */
  mode?: "normal" | "locked";
  /** What is wrong or unusual right now, each with its sentence. */
  alarms?: readonly { code: string; sentence: string; sinceAt: number }[];
  lines: Readonly<Record<string, boolean>>;
}

export interface GatePort {
  view(): GateView;
  /** Somebody at the barrier says that nobody is under it: one test pulse may follow within a minute. Moves nothing. */
  confirmAreaClear(by: string): void;
  /** Calls on every change; returns the unsubscribe. */
  subscribe(listener: (view: GateView) => void): () => void;
}

/** One camera with its eye process. */
export interface CameraView {
  name: string;
  state: "starting" | "running" | "away" | "ended" | "failed";
  /** Wall ms since when no picture comes; null while pictures come. */
  awaySinceAt: number | null;
  /** One sentence: what is wrong and what happens next; empty while running. */
  problem: string;
  /** Frames looked at per second, over the last seconds. */
  fps: number;
}

export interface LivePort {
  cameras(): readonly CameraView[];
  /** JPEGs with boxes and text drawn in; `atMs` is the monotonic time at which the frame was taken. */
  subscribe(camera: string, listener: (jpeg: Uint8Array, atMs: number) => void): () => void;
  /** Somebody watches: pictures are wanted for the next `forMs`. Called again and again while they do. */
  keepAlive(camera: string, wish: { forMs: number; maxFps: number; widthPx: number }): void;
}

/** One part of the appliance that can be well or not. */
export interface HealthItem {
  /** `eye`, `models`, `store`, `disk`, `recording`, `broker`, `clock`, `loop` … with the camera where there is one: `eye:front`. */
  part: string;
  /** Its name for people. */
  name: string;
  state: "good" | "warning" | "bad" | "unknown";
  /** What is so, and when it is not good, what to do. */
  sentence: string;
  /** Wall ms since when the state is this one, where it is known. */
  sinceAt?: number;
}

export interface StorageStatus {
  ringBytes: number;
  ringMaxBytes: number;
  segments: number;
  /** Wall ms of the oldest video; null when there is none. */
  oldestAt: number | null;
  clips: number;
  clipBytes: number;
  /** Space left on the card, and the part of it that is never used. */
  freeBytes: number;
  minFreeBytes: number;
}

export interface ManualRecording {
  camera: string;
  startedAt: number;
}

export interface RecordingPort {
  /** Absolute path; the paths of clips are relative to it. */
  folder: string;
  storage(): Promise<StorageStatus>;
  /** A picture of the clip; null when there is none. Left out: the pass's frame stands in. */
  poster?(clip: ClipRecord): Promise<Uint8Array | null>;
  /** Removes row and file; null when there is no such clip. Refuses pinned ones by throwing an Error with a sentence. */
  removeClip(id: string): Promise<ClipRecord | null>;
  /** Recordings somebody asked for by hand. Left out where the recorder cannot do it. */
  manual?: {
    active(): readonly ManualRecording[];
    start(camera: string): Promise<ManualRecording>;
    /** The clip it became; null when none was going on. */
    stop(camera: string): Promise<ClipRecord | null>;
  };
}

/** A plate being read right now, before the pass is stored. */
export interface SightingView {
  trackId: string;
  camera: string;
  phase: "new" | "update" | "end";
  plate: string;
  probability: number;
  candidates: readonly Candidate[];
  direction: Direction;
  frames: number;
}

/** What main.ts tells the page as it happens. Passes and clips only after they are committed. */
export type WebEvent =
  | { type: "sighting"; sighting: SightingView }
  | { type: "pass"; pass: PassRecord }
  | { type: "clip"; clip: ClipRecord };

export interface WebDeps {
  /** `hosts`: names besides the machine's own under which the page may be asked for. */
  config: { host: string; port: number; hosts?: readonly string[] };
  about: { version: string; site: string; gate: string; startedAt: number };
  clock: Clock;
  log: Log;
  metrics: Metrics;
  passes: Pick<PassRepository, "find" | "list" | "decisions" | "reads" | "picture">;
  clips: Pick<ClipRepository, "find" | "list" | "pin">;
  /** Search by likeness; left out where the store cannot do it. */
  search?: SearchRepository;
  /** Who lives here and what they drive. */
  register: Pick<RegisterRepository, "findVehicle" | "people">;
  edges: Pick<EdgeRepository, "list">;
  audit: Pick<AuditRepository, "list">;
  /** Read only: there are no accounts yet. */
  rules: Pick<RuleRepository, "all">;
  recording: RecordingPort;
  live: LivePort;
  gate: GatePort;
  health(): readonly HealthItem[];
}

export interface Web {
  /** Listens; throws a `WebError` with one sentence when it cannot. */
  start(): Promise<{ url: string }>;
  push(event: WebEvent): void;
  /** What is offered, such as `get /api/status`. */
  routes(): readonly string[];
  close(): Promise<void>;
}

/** The page cannot be served; the message says where and what to do. */
export class WebError extends Error {}
