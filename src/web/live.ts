import type { Writable } from "node:stream";
import type { Clock } from "../system/clock.js";
import type { Metrics } from "../system/metrics.js";
import type { LivePort } from "./ports.js";
import { Refusal } from "./route.js";

const BOUNDARY = "plategate-frame";
const WISH = { forMs: 6000, maxFps: 12, widthPx: 960 };
const RENEW_MS = 2000;
/** A viewer that took nothing for so long is let go; it comes back when it can. */
const STUCK_MS = 15_000;

interface Viewer {
  camera: string;
  out: Writable;
  /** The newest frame that did not go out yet; an older one is dropped for it. */
  waiting: { jpeg: Uint8Array; atMs: number } | null;
  busySinceMs: number | null;
}

export const mjpegType = `multipart/x-mixed-replace; boundary=${BOUNDARY}`;

/**
 * Hands live pictures to viewers. The eye draws pictures only while somebody watches. A slow viewer costs one reference
 * to the newest frame: its frames are dropped and counted, those of the others are not.
 */
export function createLive(deps: { live: LivePort; clock: Clock; metrics: Metrics; maxViewers: number }) {
  const { live, clock } = deps;
  const viewers = new Set<Viewer>();
  const sources = new Map<string, () => void>();
  const dropped = deps.metrics.counter(
    "live_frames_dropped_total",
    "Live pictures not sent to a slow viewer",
  );
  const sent = deps.metrics.counter("live_frames_sent_total", "Live pictures sent to viewers");
  const refused = deps.metrics.counter(
    "live_viewers_refused_total",
    "Viewers refused because there were too many",
  );
  deps.metrics.gauge("live_viewers", "Live pictures being watched", [], () => viewers.size);
  let cancelRenewal: (() => void) | null = null;

  return {
    count: () => viewers.size,

    /** Throws a refusal when the camera is unknown or too many watch. */
    admit(camera: string | undefined): string {
      const cameras = live.cameras();
      const name = camera ?? cameras[0]?.name;
      if (name === undefined || !cameras.some((c) => c.name === name))
        throw new Refusal(404, `There is no camera "${name ?? ""}".`);
      if (viewers.size >= deps.maxViewers) {
        refused.add();
        throw new Refusal(503, `${viewers.size} live pictures are already being watched; close one of them.`);
      }
      return name;
    },

    /** Sends pictures of the camera until `out` closes. */
    attach(camera: string, out: Writable): void {
      const viewer: Viewer = { camera, out, waiting: null, busySinceMs: null };
      viewers.add(viewer);
      out.on("drain", () => drained(viewer));
      out.on("error", () => leave(viewer));
      out.on("close", () => leave(viewer));
      wantPictures();
    },

    /** The next picture of the camera; null when none comes within `withinMs`. */
    next(camera: string, withinMs: number): Promise<Uint8Array | null> {
      live.keepAlive(camera, { ...WISH, forMs: withinMs });
      return new Promise((resolve) => {
        const done = (jpeg: Uint8Array | null) => {
          cancel();
          unsubscribe();
          resolve(jpeg);
        };
        const unsubscribe = live.subscribe(camera, (jpeg) => done(jpeg));
        const cancel = clock.after(withinMs, () => done(null));
      });
    },

    close(): void {
      for (const viewer of [...viewers]) leave(viewer);
    },
  };

  function wantPictures(): void {
    cancelRenewal?.();
    cancelRenewal = null;
    for (const viewer of [...viewers]) {
      if (viewer.busySinceMs !== null && clock.monotonicMs() - viewer.busySinceMs > STUCK_MS) leave(viewer);
    }
    const watched = new Set([...viewers].map((v) => v.camera));
    for (const [camera, unsubscribe] of sources) {
      if (watched.has(camera)) continue;
      sources.delete(camera);
      unsubscribe();
    }
    for (const camera of watched) {
      if (!sources.has(camera))
        sources.set(
          camera,
          live.subscribe(camera, (jpeg, atMs) => spread(camera, jpeg, atMs)),
        );
      live.keepAlive(camera, WISH);
    }
    if (watched.size > 0) cancelRenewal = clock.after(RENEW_MS, wantPictures);
  }

  function spread(camera: string, jpeg: Uint8Array, atMs: number): void {
    for (const viewer of viewers) {
      if (viewer.camera !== camera) continue;
      if (viewer.busySinceMs === null) {
        write(viewer, jpeg, atMs);
        continue;
      }
      if (viewer.waiting !== null) dropped.add();
      viewer.waiting = { jpeg, atMs };
    }
  }

  function drained(viewer: Viewer): void {
    viewer.busySinceMs = null;
    const next = viewer.waiting;
    viewer.waiting = null;
    if (next !== null) write(viewer, next.jpeg, next.atMs);
  }

  function write(viewer: Viewer, jpeg: Uint8Array, atMs: number): void {
    const ageMs = Math.max(0, Math.round(clock.monotonicMs() - atMs));
    const head = `--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.byteLength}\r\nX-Age-Ms: ${ageMs}\r\nX-Sent-At: ${Math.round(clock.wallMs())}\r\n\r\n`;
    viewer.out.write(head);
    viewer.out.write(jpeg);
    sent.add();
    if (!viewer.out.write("\r\n")) viewer.busySinceMs = clock.monotonicMs();
  }

  function leave(viewer: Viewer): void {
    if (!viewers.delete(viewer)) return;
    viewer.out.destroy();
    wantPictures();
  }
}
