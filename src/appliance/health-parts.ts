import type { Clock } from "../system/clock.js";
import type { ClockTrust } from "../system/clock-trust.js";
import type { Condition } from "../system/health.js";
import type { CameraView } from "../web/ports.js";

/** What the health list asks of each part: its state in a few words. */
export interface HealthSources {
  clock: Clock;
  trust: ClockTrust;
  disk: { read(): Condition };
  temperature: { read(): Condition };
  loop: { take(): { p99Ms: number; maxMs: number } };
  gate: {
    view(): {
      state: string;
      sentence: string;
      dryRun: boolean;
      driver: string;
      alarms: readonly { sentence: string }[];
    };
  };
  cameras: () => readonly CameraView[];
  models: (camera: string) => Readonly<Record<string, string>>;
  eyeProblem: (camera: string) => string;
  store: { status(): { state: string; problem: string; waiting: number; searchOff: string } };
  ring: { status(): { problem: string; segments: number; bytes: number } };
  clips: { status(): { problem: string; open: number } };
  wear: { status(): { totalBytes: number; limitBytes: number; isOver: boolean } };
  report: {
    status(): {
      sinks: readonly { name: string; state: string; sentence: string; isLimited?: boolean }[];
      queued: number;
    };
  };
  page: { read(): Condition };
  recording: boolean;
}

/** The list of the page: one entry a part, each with a sentence that says what to do when it is not well. */
export function healthParts(s: HealthSources): { part: string; name: string; read: () => Condition }[] {
  const eyes = s.cameras().map(({ name }) => ({
    part: `eye:${name}`,
    name: `Camera ${name}`,
    read: () => cameraCondition(s.cameras().find((c) => c.name === name)),
  }));
  return [
    { part: "gate", name: "Barrier", read: () => gateCondition(s.gate.view()) },
    ...eyes,
    { part: "models", name: "Models", read: () => modelsCondition(s) },
    { part: "store", name: "Database", read: () => storeCondition(s.store.status()) },
    { part: "recording", name: "Recording", read: () => recordingCondition(s) },
    { part: "disk", name: "Card", read: () => s.disk.read() },
    { part: "temperature", name: "Temperature", read: () => s.temperature.read() },
    { part: "broker", name: "Reporting", read: () => reportCondition(s.report.status()) },
    { part: "page", name: "Page", read: () => s.page.read() },
    { part: "clock", name: "Clock", read: () => s.trust.read() },
    { part: "loop", name: "Response", read: loopReader(s) },
  ];
}

function gateCondition(view: ReturnType<HealthSources["gate"]["view"]>): Condition {
  const alarm = view.alarms[0];
  if (view.state === "fault") return { state: "bad", sentence: view.sentence };
  if (alarm !== undefined) return { state: "warning", sentence: alarm.sentence };
  if (view.dryRun)
    return {
      state: "warning",
      sentence: "Dry run: everything is decided and reported, nothing is energised.",
    };
  return { state: "good", sentence: `${view.sentence} Lines: ${view.driver}.` };
}

function cameraCondition(camera: CameraView | undefined): Condition {
  if (camera === undefined) return { state: "unknown", sentence: "Not started yet." };
  if (camera.state === "running")
    return { state: "good", sentence: `${camera.fps.toFixed(1)} frames looked at per second.` };
  if (camera.state === "starting") return { state: "unknown", sentence: camera.problem || "Starting." };
  if (camera.state === "ended")
    return { state: "warning", sentence: camera.problem || "The source has ended." };
  return { state: "bad", sentence: camera.problem || "No pictures come." };
}

function modelsCondition(s: HealthSources): Condition {
  // An eye that cannot read still watches and records; while its camera is away, that is what is told.
  const running = s.cameras().filter((c) => c.state === "running");
  const problem = running.map((c) => s.eyeProblem(c.name)).find((text) => text !== "");
  if (problem !== undefined) return { state: "bad", sentence: problem };
  const known = s.cameras().flatMap((c) => Object.entries(s.models(c.name)));
  if (known.length === 0) return { state: "unknown", sentence: "No eye has loaded them yet." };
  const names = [...new Map(known)].map(([name, version]) => `${name} ${version}`);
  return { state: "good", sentence: `${names.join(", ")}.` };
}

function storeCondition(status: ReturnType<HealthSources["store"]["status"]>): Condition {
  if (status.state === "ready" && status.problem === "") {
    return {
      state: "good",
      sentence: status.searchOff === "" ? "Writing." : `Writing. Search is off: ${status.searchOff}`,
    };
  }
  const state = status.state === "ready" || status.state === "starting" ? "warning" : "bad";
  return { state, sentence: status.problem || `The store is ${status.state}.` };
}

function recordingCondition(s: HealthSources): Condition {
  if (!s.recording) return { state: "good", sentence: "No camera is set to record." };
  const ring = s.ring.status();
  const problem = ring.problem || s.clips.status().problem;
  if (problem !== "") return { state: "warning", sentence: problem };
  const { isOver, limitBytes, totalBytes } = s.wear.status();
  if (isOver) {
    const budget = `${(totalBytes / 1e9).toFixed(1)} of ${(limitBytes / 1e9).toFixed(1)} GB`;
    return {
      state: "warning",
      sentence: `Today's writing budget is used up (${budget}): video rests until midnight UTC, pictures are kept.`,
    };
  }
  return {
    state: "good",
    sentence: `${ring.segments} files in the ring, ${(ring.bytes / 1e6).toFixed(0)} MB.`,
  };
}

function reportCondition(status: ReturnType<HealthSources["report"]["status"]>): Condition {
  const waiting = status.queued > 0 ? ` ${status.queued} events wait.` : "";
  const away = status.sinks.filter((sink) => sink.state !== "up" && sink.state !== "off");
  if (away.length > 0) {
    const several = status.sinks.length > 1;
    const told = away.map((sink) => (several ? `${sink.name}: ${sink.sentence}` : sink.sentence));
    return {
      state: away.every((sink) => sink.state === "connecting") ? "unknown" : "warning",
      sentence: `${told.join(" ")}${waiting}`,
    };
  }
  if (status.sinks.length === 0) return { state: "unknown", sentence: "Not started yet." };
  const limited = status.sinks.find((sink) => sink.isLimited === true);
  if (limited !== undefined) return { state: "warning", sentence: `${limited.sentence}${waiting}` };
  return { state: "good", sentence: `Connected.${waiting}` };
}

/** The event loop is what an input edge waits for; the figures are those since the last look, at most every 5 s. */
function loopReader(s: HealthSources): () => Condition {
  let figures = s.loop.take();
  let takenAtMs = s.clock.monotonicMs();
  return () => {
    if (s.clock.monotonicMs() - takenAtMs >= 5000) {
      figures = s.loop.take();
      takenAtMs = s.clock.monotonicMs();
    }
    const late = figures.maxMs;
    if (!Number.isFinite(late) || late === 0) return { state: "unknown", sentence: "Not measured yet." };
    const sentence = `The gate's loop was at most ${late.toFixed(0)} ms late in the last seconds.`;
    return late > 200 ? { state: "warning", sentence } : { state: "good", sentence };
  };
}
