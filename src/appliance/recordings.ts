import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config.js";
import { clipEvent } from "../core/events.js";
import type { ClipRecord } from "../core/records.js";
import { createClips } from "../recording/clips.js";
import { createManual } from "../recording/manual.js";
import { createPoster } from "../recording/poster.js";
import { createRing } from "../recording/ring.js";
import { storageStatus } from "../recording/storage.js";
import { createWear } from "../recording/wear.js";
import type { Store } from "../store/store.js";
import { bootId } from "../system/boot.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { WebDeps } from "../web/ports.js";
import type { Logbook } from "./logbook.js";

/** There are no accounts: all that is known of a person is the way they came. */
const PAGE = "somebody (page)";

/** Everything about video: the ring, the clips cut from it, recordings by hand, and what all this writes to the card. */
export function createRecordings({
  config,
  folder,
  store,
  clock,
  log,
  note,
}: {
  config: Config;
  /** Absolute path of the data folder. */
  folder: string;
  store: Store;
  clock: Clock;
  log: Log;
  /** Writes down what people do with recordings. */
  note: Logbook["note"];
}) {
  const shared = {
    repositories: store,
    config: config.recording,
    clock,
    log: log.child({ part: "recording" }),
  };
  const ring = createRing({ ...shared, folder: join(folder, "recordings"), bootId: bootId() });
  const clips = createClips({ ...shared, ring, event: clipEvent });
  const manual = createManual({ ring, clips, repository: store.clips, clock, log: shared.log });
  const wear = createWear({
    repository: store.wear,
    sources: {
      video: () => ring.status().writtenBytes,
      clips: () => clips.status().writtenBytes,
      database: () => store.status().writtenBytes,
    },
    limitBytes: config.recording.dailyWriteBytes,
    clock,
    log: shared.log,
  });
  const firstPicture = createPoster(ring.folder);

  const storage = () => storageStatus(ring, store.clips, config.recording);

  return {
    ring,
    clips,
    wear,
    storage,
    /** What the page may ask for; who pins, removes or records is written down. */
    page: {
      clips: {
        find: (id) => store.clips.find(id),
        list: (filter) => store.clips.list(filter),
        async pin(id, pinned) {
          const isThere = await store.clips.pin(id, pinned);
          if (isThere) note(PAGE, pinned ? "clip.pin" : "clip.unpin", id);
          return isThere;
        },
      },
      recording: {
        folder: ring.folder,
        storage,
        async removeClip(id) {
          const clip = await clips.remove(id);
          if (clip !== null)
            note(PAGE, "clip.remove", id, { camera: clip.camera, startedAt: clip.startedAt });
          return clip;
        },
        poster,
        manual: {
          ...manual,
          start(camera) {
            note(PAGE, "recording.start", camera);
            return manual.start(camera);
          },
          stop(camera) {
            note(PAGE, "recording.stop", camera);
            return manual.stop(camera);
          },
        },
      },
    } satisfies Pick<WebDeps, "clips" | "recording">,
    /** Makes rows and files agree after the last end, whatever it was; then the eyes may start. */
    async start(): Promise<void> {
      await mkdir(ring.folder, { recursive: true });
      await ring.repair();
      await clips.start();
      await wear.start();
    },
    async close(): Promise<void> {
      manual.close();
      await clips.close();
      await ring.close();
      await wear.close();
    },
  };

  /** The very frame that was read; a clip without one shows its first picture. */
  async function poster(clip: ClipRecord): Promise<Uint8Array | null> {
    const frame = clip.passId === null ? null : await store.passes.picture(clip.passId, "frame");
    return frame ?? firstPicture(clip);
  }
}
