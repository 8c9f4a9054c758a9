import { readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { defaultConfig } from "../../src/config.js";
import { clipEvent } from "../../src/core/events.js";
import { createClips } from "../../src/recording/clips.js";
import { createManual } from "../../src/recording/manual.js";
import { createRing } from "../../src/recording/ring.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { fakeClock } from "./fake-clock.js";
import { temporaryFolder } from "./folder.js";
import { noon } from "./records.js";
import { type SegmentShape, writeSegment } from "./segments.js";

export type RecordingStation = Awaited<ReturnType<typeof recordingStation>>;

/** Ring, clips and recordings by hand over a real store, with made-up video and a clock that is moved by hand. */
export async function recordingStation(
  settings: object = {},
  folder = temporaryFolder(),
  bootId = "boot-1",
  { kind = "sql" as "sql" | "json", clock = fakeClock(noon), event = clipEvent } = {},
) {
  const log = silentLog;
  const store = createStore({ config: { kind }, folder, clock: systemClock, log });
  await store.start();
  const recordings = join(folder, "recording");
  const config = { ...defaultConfig().recording, segmentSeconds: 4, minFreeBytes: 0, ...settings };
  const free: { bytes: number | null } = { bytes: 1e12 };
  const ring = createRing({
    folder: recordings,
    repositories: store,
    config,
    clock,
    log,
    bootId,
    settleMs: 0,
    freeBytes: async () => free.bytes ?? statfsSync(folder).bavail * statfsSync(folder).bsize,
  });
  const repaired = await ring.repair();
  const clips = createClips({ ring, repositories: store, config, clock, log, event });
  const manual = createManual({ ring, clips, repository: store.clips, clock, log });

  return { clock, store, ring, clips, manual, folder, recordings, free, repaired, record, close };

  /** Some seconds, four unless the shape says otherwise, pass and are recorded. */
  async function record(shape: Partial<SegmentShape> = {}, camera = "front") {
    const startedAt = clock.wallMs();
    clock.advance((shape.seconds ?? 4) * 1000);
    const path = writeSegment(recordings, camera, startedAt, shape);
    await ring.addSegment(camera, { path, startedAt, endedAt: clock.wallMs() });
    return path;
  }

  async function close() {
    manual.close();
    await clips.close();
    await ring.close();
    await store.close();
  }
}

/** Paths of the MP4 files in a folder, relative to it. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((f) => f.endsWith(".mp4"))
    .sort();
}
