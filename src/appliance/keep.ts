import type { Config } from "../config.js";
import { accepts } from "../core/plate-pattern.js";
import type { AccessRule, OutboxEvent, PassRecord } from "../core/records.js";
import type { OutboxRepository, PassEntry, PassRepository } from "../core/repositories.js";
import type { Clips } from "../recording/clips.js";
import { stretchOf } from "../recording/stretch.js";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";

export interface KeepDeps {
  config: Config;
  clock: Clock;
  log: Log;
  store: { passes: PassRepository; outbox: OutboxRepository };
  /** What happens at the barrier before the store is begun waits for this; later the store itself holds what waits. */
  whenStoreOpen: Promise<void>;
  clips: Clips;
  rules: () => readonly AccessRule[];
  /** A pass is committed: now it may be told. */
  committed: (pass: PassRecord | null) => void;
}

/** What the gate has done is written down: never awaited by the gate, and told to nobody before it is committed. */
export function createKeeper({
  config,
  clock,
  log,
  store,
  whenStoreOpen,
  clips,
  rules,
  committed,
}: KeepDeps) {
  let unsaved = 0;

  return {
    async pass(entry: PassEntry): Promise<void> {
      try {
        await store.passes.save(entry);
        committed(entry.pass);
      } catch (error) {
        unsaved++;
        log.error({ pass: entry.pass.id, error: String(error) }, "A pass could not be kept.");
      }
    },
    async event(event: Omit<OutboxEvent, "seq">): Promise<void> {
      await whenStoreOpen;
      try {
        await store.outbox.add([event]);
        committed(null);
      } catch (error) {
        unsaved++;
        log.error({ event: event.id, error: String(error) }, "An event of the barrier could not be kept.");
      }
    },
    /** Promises the clip of a pass that has ended; it is cut when its post-roll has been recorded. */
    async clip(pass: PassRecord): Promise<void> {
      if (config.cameras.find((c) => c.name === pass.camera)?.record !== true) return;
      const listed = rules().some((rule) =>
        accepts({ text: rule.plate, tolerance: rule.tolerance }, pass.plate),
      );
      // A clip would tie the hash of a plate to a film that shows it.
      if (!listed && config.store.unknownPlates === "hash") return;
      try {
        await clips.request({
          passId: pass.id,
          camera: pass.camera,
          ...stretchOf(pass, config.recording, clock.wallMs()),
          kind: listed ? "known" : "unknown",
        });
      } catch (error) {
        log.error({ pass: pass.id, error: String(error) }, "A clip could not be promised.");
      }
    },
    /** Passes and events that the store refused. */
    unsaved: () => unsaved,
  };
}
