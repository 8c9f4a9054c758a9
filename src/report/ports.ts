/** What the report part asks of the rest of the appliance; main.ts hands it in. Nothing here may block. */
import type { PassRecord } from "../core/records.js";
import type { OutboxRepository } from "../core/repositories.js";

/** Who speaks. `serial` is the machine's own and survives a new installation; it is part of ids, never shown as a name. */
export interface Identity {
  site: string;
  gate: string;
  serial: string;
  version: string;
  /** Address of the page, for the link in Home Assistant; left out: none. */
  pageUrl?: string;
  /** Newest version that this machine knows of; left out: it does not know. */
  latestVersion?: string;
  /** Such as `Raspberry Pi 5 Model B`. */
  model?: string;
}

export type BarrierWord =
  | "unknown"
  | "closed"
  | "opening"
  | "open"
  | "closing"
  | "held-open"
  | "stopped"
  | "fault";

/** Something at the barrier that somebody should look at; `lines`: the inputs and outputs themselves are lost. */
export interface AlarmView {
  code: string;
  /** The input that it is about, or null. */
  input: string | null;
  sentence: string;
  sinceAt: number;
}

/** The barrier as people see it. Wall times are ms since 1970 UTC. */
export interface BarrierView {
  state: BarrierWord;
  sinceAt: number;
  /** One sentence: what it is doing, or what is wrong with it. */
  sentence: string;
  dryRun: boolean;
  /** When a hold ends by itself; null or left out: nothing holds it. */
  heldUntilAt?: number | null;
  /** Left out: `normal`. `locked`: no plate opens. */
  mode?: string;
  /** Left out: none. */
  alarms?: readonly AlarmView[];
}

/** One part of the appliance that can be well or not. */
export interface HealthView {
  part: string;
  name: string;
  state: "good" | "warning" | "bad" | "unknown";
  sentence: string;
  sinceAt?: number;
}

export interface StorageView {
  ringBytes: number;
  ringMaxBytes: number;
  segments: number;
  oldestAt: number | null;
  clips: number;
  clipBytes: number;
  freeBytes: number;
  minFreeBytes: number;
}

/** Figures that come with the health; each may be left out where the machine does not tell. */
export interface Figures {
  temperatureC?: number;
  /** Frames looked at per second, by camera. */
  fps?: Readonly<Record<string, number>>;
  /** Passes of the last day whose plate was read well enough to decide, 0..1. */
  readRate?: number;
  rssBytes?: number;
  uptimeSeconds?: number;
}

/** What the appliance is like now. `subscribe` calls back after anything changed; reading is cheap. */
export interface StatePort {
  barrier(): BarrierView;
  /** Every wired input by its name, such as `loop`; true is active. */
  inputs(): Readonly<Record<string, boolean>>;
  health(): readonly HealthView[];
  figures?(): Figures;
  storage?(): Promise<StorageView>;
  /** The pass that began last; null: there is none. */
  newestPass?(): Promise<PassRecord | null>;
  /** Whether this pass is still on record; left out: what was reported of it is taken for kept. */
  isKept?(passId: string): Promise<boolean>;
  subscribe(listener: () => void): () => void;
}

export type CommandKind =
  | "open"
  | "close"
  | "hold"
  | "release"
  | "stop"
  | "test-pulse"
  | "mode"
  | "approve"
  | "refuse"
  | "reset-passback";

/** A command that passed every check of this part: fresh, never seen before, signed where that is demanded. */
export interface GateCommand {
  kind: CommandKind;
  /** Who asks, as told by the sender: for the log, not for trust. */
  by: string;
  /** By which way it came, such as `mqtt`, `home-assistant`, `sparkplug`. */
  via: string;
  nonce: string;
  /** Wall ms. */
  issuedAt: number;
  /** Monotonic ms when it arrived; the gate refuses it when it is too old by then. */
  receivedAtMs: number;
  /** Only for `hold`; left out: the longest that is allowed. */
  holdMs?: number;
  /** Only for `mode`. */
  mode?: "normal" | "locked";
  /** Only for `approve` and `refuse`: id of the pass. */
  pass?: string;
  /** Only for `reset-passback`. */
  plate?: string;
  /** The reason, as told by the sender. */
  why?: string;
}

export interface CommandOutcome {
  accepted: boolean;
  /** One sentence for people: what happens now, or why not. */
  sentence: string;
}

/** The gate. It may still refuse. */
export type CommandPort = (command: GateCommand) => Promise<CommandOutcome>;

export interface PicturePort {
  /** JPEG of the straightened plate; null when there is none. */
  crop(passId: string): Promise<Uint8Array | null>;
}

/** One value that is kept in the same store as the outbox. */
export interface KeptPort<T> {
  load(): Promise<T>;
  save(value: T): Promise<void>;
}

/**
 * Where each receiver of the outbox stands, so that one that was down does not make the others hear twice after a
 * restart. The numbers mean nothing without the outbox.
 */
export type CursorPort = KeptPort<Readonly<Record<string, number>>>;

/** What this appliance has left at the broker. */
export interface Announced {
  /** Topics with a retained message. */
  readonly topics: readonly string[];
  /** Parts of the Home Assistant device: name to platform. */
  readonly parts: Readonly<Record<string, string>>;
}

export type OutboxPort = OutboxRepository;

export type SinkState = "off" | "connecting" | "up" | "waiting" | "refused";

/** One receiver as the page and `/metrics` show it. */
export interface SinkStatus {
  name: string;
  state: SinkState;
  /** One sentence: what is wrong and what happens next. */
  sentence: string;
  sinceAt: number;
  /** True: it is up, but does not let us hear commands, or refuses what goes beside the events. */
  isLimited?: boolean;
  /** Events that it has acknowledged, that were sent again after a lost connection, and that could not be sent at all. */
  delivered: number;
  resent: number;
  dropped: number;
  reconnects: number;
}

export interface ReportStatus {
  sinks: readonly SinkStatus[];
  /** Events in the outbox that not every receiver has; the last figure known. */
  queued: number;
  /** Events given up because the outbox was full. */
  overflowed: number;
  commands: { accepted: number; refused: Readonly<Record<string, number>> };
}
