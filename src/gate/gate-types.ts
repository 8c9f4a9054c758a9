import type {
  AlarmCode,
  AnswerReason,
  BarrierEvent,
  BarrierState,
  InputName,
} from "../core/barrier-types.js";
import type { OutboxEvent } from "../core/records.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { GateLines } from "./board.js";
import type { Keep } from "./kept.js";
import type { LineDriver } from "./lines.js";
import type { BarrierConfig } from "./settings.js";

export interface GateDeps {
  clock: Clock;
  log: Log;
  /** Opened by `start`, closed by `close`. Called again to start anew when the lines were lost. */
  driver: () => Promise<LineDriver>;
  lines: GateLines;
  barrier: BarrierConfig;
  /** A command older than this is refused. */
  maxCommandAgeMs: number;
  /** What a restart must not undo; left out: nothing outlives this process. */
  keep?: Keep;
  /** What is to be reported; it may not block and is called after the lines were set. */
  onEvent?: (event: Omit<OutboxEvent, "seq">) => void;
}

export type GateWord =
  | "unknown"
  | "closed"
  | "opening"
  | "open"
  | "closing"
  | "held-open"
  | "stopped"
  | "fault";

/** The barrier as people see it; it is both the web's and the report's view. */
export interface GateView {
  state: GateWord;
  /** Wall ms since when it is so. */
  sinceAt: number;
  /** One sentence: what it is doing, or what is wrong with it. */
  sentence: string;
  dryRun: boolean;
  heldUntilAt: number | null;
  /** `locked`: no plate opens. */
  mode: "normal" | "locked";
  driver: string;
  /** Every wired output and input by name: true is energised or active. An input that is also an output's name wins. */
  lines: Readonly<Record<string, boolean>>;
  outputs: Readonly<Record<string, boolean>>;
  inputs: Readonly<Record<string, boolean>>;
  alarms: readonly Alarm[];
}

export interface Alarm {
  code: AlarmCode | "lines";
  input: InputName | null;
  sentence: string;
  sinceAt: number;
}

export interface GateAnswer {
  accepted: boolean;
  reason:
    | AnswerReason
    | "no-relay"
    | "locked"
    | "too-old"
    | "too-many"
    | "unconfirmed"
    | "unknown-command"
    | "noted"
    | "gone"
    | "refused"
    | "not-remembered"
    | "standing"
    | "not-asked";
  /** One sentence for people: what happens now, or why not. */
  sentence: string;
}

export interface GateCommand {
  kind:
    | "open"
    | "close"
    | "hold"
    | "release"
    | "stop"
    | "test-pulse"
    | "mode"
    /** These three are the lane's, see desk.ts: the first two answer a pass that the rules left open. */
    | "approve"
    | "refuse"
    | "reset-passback";
  by: string;
  via: string;
  /** Monotonic ms when it arrived. */
  receivedAtMs: number;
  holdMs?: number;
  mode?: "normal" | "locked";
  /** Id of the pass that is approved or refused. */
  pass?: string;
  /** The plate whose last side is forgotten. */
  plate?: string;
  /** The reason, for the log. */
  why?: string;
}

export interface Gate {
  /**
   * Opens the lines and tells the machine their levels. Rejects with one sentence; then nothing is energised. A process
   * that was started for the sake of lost lines does not reject for them: it goes on trying.
   */
  start(): Promise<void>;
  /** Takes up what people had decided before, as `start` does, once that can be read; what they decided since stands. */
  recall(): void;
  /** Puts an event to the machine and carries out what follows before it returns. */
  event(event: BarrierEvent, by?: string): GateAnswer;
  /** A person's or another system's wish: checked for age and rate, logged with who and how. */
  command(command: GateCommand): GateAnswer;
  /** Somebody who stands at the barrier says that nobody is under it: for one test pulse within a minute. */
  confirmAreaClear(by: string): void;
  state(): BarrierState;
  mode(): "normal" | "locked";
  view(): GateView;
  /** Calls after every change, when the lines have been set; returns the unsubscribe. */
  subscribe(listener: (view: GateView) => void): () => void;
  /**
   * False when systemd should start the service anew: the inputs have not been looked at for too long, or the lines stay
   * away for a minute, for which a new process is tried once.
   */
  answers(): boolean;
  /** De-energises everything, then gives the lines back. */
  close(): Promise<void>;
}
