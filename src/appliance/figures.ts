import type { Lane } from "../gate/lane.js";
import { noLaneFigures } from "../gate/lane-figures.js";
import type { RingStatus } from "../recording/ring.js";
import { exposeReport } from "../report/figures.js";
import type { Figures, ReportStatus } from "../report/ports.js";
import type { StoreStatus } from "../store/store.js";
import type { Clock } from "../system/clock.js";
import type { HealthEntry } from "../system/health.js";
import type { Metrics } from "../system/metrics.js";
import type { Cameras } from "./cameras.js";

export interface FigureSources {
  cameras: Cameras;
  /** null: there is none yet, and nothing has come. */
  lane: () => Pick<Lane, "figures"> | null;
  store: () => StoreStatus;
  ring: () => RingStatus;
  clips: () => { open: number; written: number; failed: number };
  report: () => ReportStatus;
  health: () => readonly HealthEntry[];
  freeBytes: () => number;
  /** Writes of passes that the store refused. */
  unsaved: () => number;
  wear: () => { bytes: Readonly<Record<string, number>> };
}

/** The same metrics with what the parts count among them; they are asked whenever the text is. */
export function exposeFigures(metrics: Metrics, s: FigureSources): Metrics {
  const gauge = (name: string, help: string, labels: readonly string[] = []) =>
    metrics.gauge(name, help, labels);
  const cameraUp = gauge("camera_up", "1 while pictures of the camera come", ["camera"]);
  const cameraFps = gauge("camera_fps", "Frames looked at per second", ["camera"]);
  const cameraFrames = gauge("camera_frames", "Frames since the eye was started", ["camera"]);
  const cameraDropped = gauge(
    "camera_frames_dropped",
    "Frames overtaken by a newer one before they were looked at",
    ["camera"],
  );
  const cameraReconnects = gauge("camera_reconnects", "Times the source had to be opened again", ["camera"]);
  const eyeRestarts = gauge("eye_restarts", "Times the eye process was started again", ["camera"]);
  const eyeRss = gauge("eye_rss_bytes", "Memory of the eye process", ["camera"]);
  const stage = gauge("stage_ms", "Time of a step of the eye over the last minute", [
    "camera",
    "stage",
    "quantile",
  ]);
  const health = gauge("health", "1 for the state that the part is in", ["part", "state"]);
  const wearToday = gauge("card_written_bytes_today", "Bytes written to the card today (UTC)", ["subsystem"]);
  const lane = () => s.lane()?.figures() ?? noLaneFigures;
  const plain = (name: string, help: string, read: () => number) => metrics.gauge(name, help, [], read);
  plain("passes", "Vehicles since the start", () => lane().passes);
  plain("passes_granted", "Passes granted since the start", () => lane().granted);
  plain("passes_denied", "Passes denied since the start", () => lane().denied);
  plain("sightings_dropped", "Sightings without plate or of an unknown camera", () => lane().dropped);
  plain(
    "frame_to_relay_ms",
    "Newest frame to relay of the last grant",
    () => lane().lastFrameToRelayMs ?? Number.NaN,
  );
  plain("store_waiting", "Calls to the store that are not durable yet", () => s.store().waiting);
  plain("store_refused", "Calls that the store refused because too much waited", () => s.store().refused);
  plain(
    "store_pictures_dropped",
    "Pictures left out of passes while the disk could not be written",
    () => s.store().picturesDropped,
  );
  plain("store_written_bytes", "Bytes that the store wrote", () => s.store().writtenBytes);
  plain("ring_bytes", "Bytes of video in the ring", () => s.ring().bytes);
  plain("ring_segments_rotated", "Segments removed to make room", () => s.ring().rotated);
  plain("ring_segments_unusable", "Files without a usable picture, removed", () => s.ring().unusable);
  plain("ring_written_bytes", "Bytes of video written", () => s.ring().writtenBytes);
  plain("clips_open", "Clips promised and not written yet", () => s.clips().open);
  plain("clips_failed", "Clips for which there was no video", () => s.clips().failed);
  plain("outbox_queued", "Events that not every receiver has", () => s.report().queued);
  plain("outbox_overflowed", "Events given up because the outbox was full", () => s.report().overflowed);
  plain("passes_unsaved", "Writes of passes that the store refused", s.unsaved);
  plain("disk_free_bytes", "Free space of the card", () => s.freeBytes());

  const report = exposeReport(metrics, s.report);

  return {
    ...metrics,
    text() {
      refresh();
      return metrics.text();
    },
  };

  function refresh(): void {
    report.refresh();
    for (const camera of s.cameras.cameras()) {
      const by = { camera: camera.name };
      cameraUp.set(camera.state === "running" ? 1 : 0, by);
      cameraFps.set(camera.fps, by);
      eyeRestarts.set(s.cameras.restarts()[camera.name] ?? 0, by);
      const figures = s.cameras.figures()[camera.name];
      if (figures === undefined) continue;
      cameraFrames.set(figures.camera.frames, by);
      cameraDropped.set(figures.camera.dropped, by);
      cameraReconnects.set(figures.camera.reconnects, by);
      eyeRss.set(figures.rssBytes, by);
      for (const [name, { p50Ms, p95Ms }] of Object.entries(figures.stages)) {
        stage.set(p50Ms, { ...by, stage: name, quantile: "0.5" });
        stage.set(p95Ms, { ...by, stage: name, quantile: "0.95" });
      }
    }
    for (const [subsystem, bytes] of Object.entries(s.wear().bytes)) wearToday.set(bytes, { subsystem });
    for (const entry of s.health())
      for (const state of ["good", "warning", "bad", "unknown"])
        health.set(entry.state === state ? 1 : 0, { part: entry.part, state });
  }
}

/** The figures that go out with the reports, taken anew with every call. */
export function figuresToReport(s: {
  clock: Clock;
  temperature: { celsius(): number | null };
  cameras: Pick<Cameras, "cameras">;
  readRate: { rate(): number | undefined };
}): () => Figures {
  const startedAtMs = s.clock.monotonicMs();
  return () => {
    const temperatureC = s.temperature.celsius();
    const readRate = s.readRate.rate();
    return {
      ...(temperatureC === null ? {} : { temperatureC }),
      fps: Object.fromEntries(s.cameras.cameras().map((c) => [c.name, c.fps])),
      ...(readRate === undefined ? {} : { readRate }),
      rssBytes: process.memoryUsage.rss(),
      uptimeSeconds: Math.round((s.clock.monotonicMs() - startedAtMs) / 1000),
    };
  };
}
