import { parseConfig } from "../../src/config.js";
import type { BarrierView, GateCommand, HealthView, StatePort } from "../../src/report/ports.js";
import { createReport, type Report, type ReportDeps } from "../../src/report/report.js";
import { systemClock } from "../../src/system/clock.js";
import type { Log } from "../../src/system/log.js";
import { type FakeOutbox, fakeOutbox } from "./fake-outbox.js";

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  facts: Record<string, unknown>;
  sentence: string;
}

export interface ReportFixture {
  report: Report;
  outbox: FakeOutbox;
  /** What reached the gate. */
  commands: GateCommand[];
  lines: LogLine[];
  barrier: BarrierView;
  inputs: Record<string, boolean>;
  health: HealthView[];
  /** Tells the report that the state changed. */
  changed(): void;
}

/** A report part with everything around it in memory; `yaml` is its configuration. */
export function reportFixture(
  yaml: string,
  { newestPass, isKept, ...more }: Partial<ReportDeps> & Pick<StatePort, "newestPass" | "isKept"> = {},
): ReportFixture {
  const outbox = fakeOutbox();
  const listeners = new Set<() => void>();
  const lines: LogLine[] = [];
  const fixture = {
    outbox,
    lines,
    commands: [] as GateCommand[],
    barrier: {
      state: "closed",
      sinceAt: 1_700_000_000_000,
      sentence: "closed",
      dryRun: false,
    } as BarrierView,
    inputs: { loop: false, beam: false } as Record<string, boolean>,
    health: [
      { part: "eye:front", name: "Camera front", state: "good", sentence: "15 pictures/s" },
    ] as HealthView[],
    changed: () => {
      for (const listener of listeners) listener();
    },
  };
  const report = createReport({
    config: parseConfig(yaml),
    clock: systemClock,
    log: listingLog(lines),
    outbox,
    identity: { site: "demo", gate: "main", serial: "10000000abcdef01", version: "0.1.0" },
    state: {
      barrier: () => fixture.barrier,
      inputs: () => fixture.inputs,
      health: () => fixture.health,
      figures: () => ({
        temperatureC: 51.2,
        fps: { front: 14.7 },
        readRate: 0.97,
        rssBytes: 99_000_000,
        uptimeSeconds: 3700,
      }),
      storage: async () => ({
        ringBytes: 1_000_000,
        ringMaxBytes: 4_000_000_000,
        segments: 12,
        oldestAt: 1_700_000_000_000,
        clips: 3,
        clipBytes: 300_000,
        freeBytes: 9_000_000_000,
        minFreeBytes: 500_000_000,
      }),
      ...(newestPass === undefined ? {} : { newestPass }),
      ...(isKept === undefined ? {} : { isKept }),
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    commands: async (command) => {
      fixture.commands.push(command);
      return { accepted: true, sentence: "The barrier opens." };
    },
    ...more,
  });
  return {
    ...fixture,
    report,
    get barrier() {
      return fixture.barrier;
    },
    set barrier(b) {
      fixture.barrier = b;
    },
  };
}

export function listingLog(lines: LogLine[]): Log {
  const say = (level: LogLine["level"]) => (facts: object, sentence: string) =>
    void lines.push({ level, facts: { ...facts }, sentence });
  const log: Log = {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: () => log,
  };
  return log;
}
