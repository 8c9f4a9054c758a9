import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditRecord, EdgeRecord } from "../../src/core/records.js";
import { type Clock, systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { createMetrics } from "../../src/system/metrics.js";
import type { CameraView, GateView, HealthItem, StorageStatus, WebDeps } from "../../src/web/ports.js";
import { fakeRepositories } from "./fake-repositories.js";

/** Everything the web part asks for, in memory and in the hands of a test. */
export function fakeAppliance(
  options: { clock?: Clock; host?: string; port?: number; hosts?: string[]; manual?: boolean } = {},
) {
  const clock = options.clock ?? systemClock;
  const folder = mkdtempSync(join(tmpdir(), "plategate-web-"));
  const { passes, clips } = fakeRepositories();
  const frameListeners = new Map<string, Set<(jpeg: Uint8Array, atMs: number) => void>>();
  const cleared: string[] = [];
  const gateListeners = new Set<(view: GateView) => void>();
  const wishes: { camera: string; forMs: number }[] = [];
  const manual: { camera: string; startedAt: number }[] = [];
  const edges: EdgeRecord[] = [];
  const audit: AuditRecord[] = [];
  const state = {
    registeredPlate: "",
    gate: {
      state: "closed",
      sinceAt: clock.wallMs(),
      sentence: "The arm is down and the contact says so.",
      dryRun: false,
      lines: { lift: false, red: true, green: false, loop: false, closed: true },
    } as GateView,
    cameras: [{ name: "front", state: "running", awaySinceAt: null, problem: "", fps: 14.8 }] as CameraView[],
    health: [
      { part: "store", name: "Store", state: "good", sentence: "SQLite writes in 4 ms." },
    ] as HealthItem[],
    storage: {
      ringBytes: 1_200_000_000,
      ringMaxBytes: 4_000_000_000,
      segments: 800,
      oldestAt: clock.wallMs() - 30 * 3_600_000,
      clips: 12,
      clipBytes: 84_000_000,
      freeBytes: 21_300_000_000,
      minFreeBytes: 500_000_000,
    } as StorageStatus,
  };

  const deps: WebDeps = {
    config: { host: options.host ?? "127.0.0.1", port: options.port ?? 0, hosts: options.hosts ?? [] },
    about: { version: "0.1.0", site: "demo", gate: "main", startedAt: clock.wallMs() - 3 * 86_400_000 },
    clock,
    log: silentLog,
    metrics: createMetrics(),
    passes,
    clips,
    register: {
      findVehicle: async (plate) =>
        plate === state.registeredPlate
          ? { id: "v", plate, personId: "q", make: "Skoda", colour: "red", note: "" }
          : null,
      people: async () => [{ id: "q", name: "Ann", unit: "Flat 3", phone: "1", note: "" }],
    },
    edges: {
      list: async ({ line }) => ({
        items: edges.filter((e) => line === undefined || e.line === line),
        next: null,
      }),
    },
    audit: { list: async () => ({ items: audit, next: null }) },
    rules: { all: async () => [] },
    recording: {
      folder,
      storage: async () => state.storage,
      removeClip: (id) => clips.remove(id),
      ...(options.manual === true ? { manual: byHand() } : {}),
    },
    live: {
      cameras: () => state.cameras,
      subscribe(camera, listener) {
        const listeners = frameListeners.get(camera) ?? new Set();
        frameListeners.set(camera, listeners.add(listener));
        return () => listeners.delete(listener);
      },
      keepAlive: (camera, wish) => wishes.push({ camera, forMs: wish.forMs }),
    },
    gate: {
      view: () => state.gate,
      confirmAreaClear: (by) => void cleared.push(by),
      subscribe(listener) {
        gateListeners.add(listener);
        return () => gateListeners.delete(listener);
      },
    },
    health: () => state.health,
  };

  return {
    deps,
    folder,
    passes,
    clips,
    state,
    edges,
    audit,
    /** Every wish for live pictures so far. */
    wishes,
    watchers: (camera = "front") => frameListeners.get(camera)?.size ?? 0,
    showFrame(jpeg: Uint8Array, camera = "front", atMs = clock.monotonicMs()) {
      for (const listener of [...(frameListeners.get(camera) ?? [])]) listener(jpeg, atMs);
    },
    /** Who has said that nobody is under the barrier. */
    cleared,
    moveGate(view: Partial<GateView>) {
      state.gate = { ...state.gate, sinceAt: clock.wallMs(), ...view };
      for (const listener of gateListeners) listener(state.gate);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };

  function byHand(): NonNullable<WebDeps["recording"]["manual"]> {
    return {
      active: () => manual,
      async start(camera) {
        const recording = { camera, startedAt: clock.wallMs() };
        manual.push(recording);
        return recording;
      },
      async stop(camera) {
        const index = manual.findIndex((m) => m.camera === camera);
        const [recording] = index < 0 ? [] : manual.splice(index, 1);
        if (recording === undefined) return null;
        const clip = {
          id: `clip-by-hand-${recording.startedAt}`,
          passId: null,
          camera,
          path: "by-hand.mp4",
          startedAt: recording.startedAt,
          endedAt: clock.wallMs(),
          bytes: 1000,
          pinned: true,
        };
        await clips.add(clip, []);
        return clip;
      },
    };
  }
}
