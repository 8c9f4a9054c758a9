import type { BarrierView, Figures, HealthView, Identity, StorageView } from "./ports.js";
import type { Metric } from "./sparkplug-codec.js";

/** What the node knows when it publishes. */
export interface Snapshot {
  identity: Identity;
  barrier: BarrierView;
  inputs: Readonly<Record<string, boolean>>;
  health: readonly HealthView[];
  figures: Figures;
  storage: StorageView | null;
  /** The newest event that was reported, as its receiver may see it. */
  last: LastEvent;
  counts: Counts;
  /** Sentence about the newest command. */
  result: string;
}

export interface LastEvent {
  plate: string | null;
  probability: number | null;
  verdict: string | null;
  reason: string | null;
  passId: string | null;
  /** The whole message on the plain topic, as JSON text. */
  json: string | null;
}

export interface Counts {
  passes: number;
  granted: number;
  denied: number;
  ask: number;
}

/** A metric under its full name; the alias is given out by the node. */
export type NamedMetric = Metric & { name: string };

export const REBIRTH = "Node Control/Rebirth";

/** Metrics of the node itself, besides bdSeq and Rebirth. */
export function nodeMetrics(s: Snapshot): NamedMetric[] {
  const { figures, storage, last, counts } = s;
  const worst = ["bad", "warning", "unknown"].find((w) => s.health.some((p) => p.state === w)) ?? "good";
  const problem = s.health.find((p) => p.state === "bad") ?? s.health.find((p) => p.state === "warning");
  return [
    text("Properties/Software", s.identity.version),
    text("Properties/Serial", s.identity.serial),
    text("Properties/Hardware", s.identity.model ?? null),
    text("Health/State", worst),
    text("Health/Problem", problem?.sentence ?? ""),
    measured({ name: "Health/Temperature", type: "Float", value: rounded(figures.temperatureC), unit: "°C" }),
    measured({ name: "Health/ReadRate", type: "Float", value: percent(figures.readRate), unit: "%" }),
    measured({ name: "Storage/FreeBytes", type: "Int64", value: storage?.freeBytes ?? null, unit: "B" }),
    measured({ name: "Storage/RingBytes", type: "Int64", value: storage?.ringBytes ?? null, unit: "B" }),
    { name: "Storage/OldestVideo", type: "DateTime", value: storage?.oldestAt ?? null },
    // On the node, not on the gate's device: they go on when the gate's lines are away.
    text("Event/LastPlate", last.plate),
    { name: "Event/LastProbability", type: "Float", value: last.probability },
    text("Event/LastVerdict", last.verdict),
    text("Event/LastReason", last.reason),
    text("Event/LastPassId", last.passId),
    text("Event/Json", last.json),
    count("Count/Passes", counts.passes),
    count("Count/Granted", counts.granted),
    count("Count/Denied", counts.denied),
    count("Count/Ask", counts.ask),
  ];
}

const ALARMS = [
  ["ForcedOpen", "forced-open"],
  ["HeldOpen", "held-open"],
  ["HoldLost", "hold-lost"],
  ["StuckInput", "stuck-input"],
  ["Fire", "fire"],
] as const;

/** Metrics of the device that is the gate. */
export function gateMetrics(s: Snapshot): NamedMetric[] {
  const { barrier } = s;
  const alarms = barrier.alarms ?? [];
  return [
    { ...text("Barrier/State", barrier.state), quality: barrier.state === "unknown" ? "bad" : "good" },
    text("Barrier/Sentence", barrier.sentence),
    flag("Barrier/Fault", barrier.state === "fault"),
    flag("Barrier/DryRun", barrier.dryRun),
    { name: "Barrier/HeldUntil", type: "DateTime", value: barrier.heldUntilAt ?? null },
    ...ALARMS.map(([name, code]) =>
      flag(
        `Alarm/${name}`,
        alarms.some((alarm) => alarm.code === code),
      ),
    ),
    ...Object.entries(s.inputs).map(([name, active]) => flag(`Input/${name}`, active)),
    flag("Control/Open", false),
    flag("Control/Close", false),
    flag("Control/Hold", barrier.state === "held-open"),
    text("Control/Mode", barrier.mode ?? "normal"),
    // Take the id of a pass whose verdict is ask, such as Event/LastPassId.
    text("Control/Approve", ""),
    text("Control/Refuse", ""),
    text("Control/Result", s.result),
  ];
}

/** Metrics of a device that is a camera. */
export function cameraMetrics(s: Snapshot, camera: string): NamedMetric[] {
  const part = s.health.find((p) => p.part === `eye:${camera}`);
  const fps = s.figures.fps?.[camera];
  return [
    text("Camera/State", part?.state ?? "unknown"),
    // While it is well, it only repeats figures that have metrics of their own.
    text("Camera/Sentence", part?.state === "good" ? "" : (part?.sentence ?? "")),
    measured({ name: "Camera/PicturesPerSecond", type: "Float", value: rounded(fps), unit: "1/s" }),
  ];
}

/** Devices and whether they are there: the gate while its lines are, a camera while pictures come. */
export function devices(s: Snapshot): { id: string; camera: string | null; alive: boolean }[] {
  // A barrier in fault is still there and says so; only lost lines make its values worthless.
  const gateWell = !(s.barrier.alarms ?? []).some((alarm) => alarm.code === "lines");
  const cameras = s.health.filter((p) => p.part.startsWith("eye:"));
  return [
    { id: deviceId(s.identity.gate), camera: null, alive: gateWell },
    ...cameras.map((p) => {
      const camera = p.part.slice(4);
      return { id: deviceId(`camera-${camera}`), camera, alive: p.state === "good" || p.state === "warning" };
    }),
  ];
}

/** Ids are parts of topics: `/`, `+` and `#` may not be in them. */
export function deviceId(name: string): string {
  return name.replace(/[/+#]/g, "-");
}

/** A figure that is not there is one that could not be measured. */
function measured(metric: NamedMetric): NamedMetric {
  return { ...metric, quality: metric.value === null ? "bad" : "good" };
}

function text(name: string, value: string | null): NamedMetric {
  return { name, type: "String", value };
}

function flag(name: string, value: boolean): NamedMetric {
  return { name, type: "Boolean", value };
}

function count(name: string, value: number): NamedMetric {
  return { name, type: "Int64", value };
}

function percent(share: number | undefined): number | null {
  return rounded(share === undefined ? undefined : share * 100);
}

/** Whole numbers, so that noise is no news. */
function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
