import type { Config } from "../config.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { createOverflow } from "./overflow.js";
import type {
  Announced,
  CommandPort,
  CursorPort,
  Identity,
  KeptPort,
  OutboxPort,
  PicturePort,
  ReportStatus,
  StatePort,
} from "./ports.js";
import { createSinks } from "./sinks.js";

export interface ReportDeps {
  config: Config;
  clock: Clock;
  log: Log;
  outbox: OutboxPort;
  state: StatePort;
  /** The gate. Never called by anything retained, repeated, expired, malformed or wrongly signed. */
  commands: CommandPort;
  identity: Identity;
  pictures?: PicturePort;
  /** Left out: after a restart, receivers that were ahead of the slowest hear some events again (same ids). */
  cursors?: CursorPort;
  /** Left out: what a setting has switched off since the last run stays at the broker. */
  announced?: KeptPort<Partial<Announced>>;
  /** Where the broker inside listens, when `report.url` is `embedded`; null or left out: it could not be started. */
  embedded?: { url: string; username?: string; password?: string } | null;
}

export interface Report {
  /** Connects and begins to send. Throws `CredentialError` when a file that a setting names cannot be used. */
  start(): Promise<void>;
  /** Something was committed: look into the outbox now. Cheap; call it after every commit. */
  poke(): void;
  /** Others have changed what is kept, or time has: receivers hear no more of a pass that is on record no more. */
  review(): void;
  status(): ReportStatus;
  /** Says goodbye (`offline`), notes what was delivered, ends. */
  close(): Promise<void>;
}

/** Passes grow too old to be kept at a gate to which nobody comes: what is told of the last one goes within this time. */
const REVIEW_MS = 3_600_000;

/** Tells the world what happens at the gate, and the gate what the world asks for. */
export function createReport(deps: ReportDeps): Report {
  const { clock, log, outbox } = deps;
  const overflow = createOverflow({ outbox, most: deps.config.report.maxQueued, clock, log });
  let running: Awaited<ReturnType<typeof createSinks>> | null = null;
  let cancelReview = () => {};

  return {
    async start() {
      running = await createSinks(deps);
      for (const sink of running.sinks) sink.start();
      overflow.start();
      cancelReview = clock.after(REVIEW_MS, reviewOften);
    },
    poke() {
      for (const sink of running?.sinks ?? []) sink.poke();
    },
    review,
    status: () => ({
      sinks: (running?.sinks ?? []).map((s) => s.status()),
      ...overflow.status(),
      commands: running?.intake.status() ?? { accepted: 0, refused: {} },
    }),
    async close() {
      overflow.close();
      cancelReview();
      const old = running;
      running = null;
      if (old === null) return;
      await Promise.all(old.sinks.map((s) => s.close()));
      await old.ledger.settled();
    },
  };
  function review(): void {
    for (const sink of running?.sinks ?? []) sink.review?.();
  }

  function reviewOften(): void {
    review();
    cancelReview = clock.after(REVIEW_MS, reviewOften);
  }
}
