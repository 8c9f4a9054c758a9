/**
 * The victim of test/torture/power.ts: store, ring, clips and recorder at work as fast as they can, in hurried time.
 * Every promise that was kept is told on standard output, one line each, after it was kept.
 */
import { statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createRecorder } from "../../src/camera/recorder.js";
import { defaultConfig } from "../../src/config.js";
import { createClips } from "../../src/recording/clips.js";
import { createRing } from "../../src/recording/ring.js";
import { createStore } from "../../src/store/store.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { passEntry } from "../support/records.js";
import { segmentPieces } from "../support/segments.js";
import { hurriedClock } from "./hurried-clock.js";

const [folder = "", run = "0", epoch = "0"] = process.argv.slice(2);
const clock = hurriedClock(Number(epoch));
const tell = (...words: (string | number)[]) => writeSync(1, `${words.join(" ")}\n`);
const recordings = join(folder, "recordings");
const config = { ...defaultConfig().recording, segmentSeconds: 4, maxBytes: 10_000_000, minFreeBytes: 0 };

const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
await store.start();
const ring = createRing({
  folder: recordings,
  repositories: store,
  config,
  clock,
  log: silentLog,
  bootId: run,
  settleMs: 0,
});
await ring.repair();
const event = (clip: { id: string; endedAt: number }) => ({
  id: `clip:${clip.id}`,
  kind: "clip" as const,
  at: Math.round(clip.endedAt),
  payload: "{}",
});
const clips = createClips({ ring, repositories: store, config, clock, log: silentLog, event });
clips.onClip((clip) => tell("clip", clip.id, clip.path, clip.startedAt, clip.endedAt));
await clips.start();
tell("up");

void record();
void keepPasses();
void keepEdges();

/** The recorder of the camera, fed with fragments instead of a pipeline's. */
async function record(): Promise<never> {
  const camera = await ring.cameraFolder("front");
  const onSegment = (segment: { path: string; startedAt: number; endedAt: number }) =>
    void ring.addSegment("front", segment);
  const recorder = createRecorder(
    { folder: camera, segmentSeconds: 4 },
    { clock, log: silentLog, onSegment },
  );
  await recorder.recover();
  const pieces = segmentPieces({ seconds: 600 });
  for (;;) {
    for (const piece of pieces) {
      recorder.push(piece);
      await recorder.idle();
      const path = recorder.current()?.path;
      if (path !== undefined) tell("synced", path, statSync(path).size);
      await hurriedSecond();
    }
    await recorder.finish();
  }
}

async function keepPasses(): Promise<never> {
  for (let n = 0; ; n++) {
    const id = `run${run}-pass${n}`;
    const now = Math.round(clock.wallMs());
    const entry = passEntry(id, `R${run}N${n}`, { startedAt: now });
    const saves = [store.passes.save(entry).then(() => tell("pass", id))];
    if (n % 3 === 0)
      saves.push(
        store.passes.save({ ...entry, pass: { ...entry.pass, frames: 99 } }).then(() => tell("frames", id)),
      );
    await Promise.all(saves);
    if (n % 20 === 0) {
      const wish = {
        id: `${id}-clip`,
        passId: id,
        camera: "front",
        from: now - 3000,
        to: now + 3000,
        kind: "known" as const,
      };
      void clips.request(wish);
      await store.clips.wanted();
      tell("wanted", wish.id, wish.from, wish.to);
    }
    if (n % 5 === 4) {
      const [oldest] = await store.outbox.pending(0, 1);
      if (oldest !== undefined)
        await store.outbox.acknowledge([oldest.seq]).then(() => tell("acknowledged", oldest.id));
    }
  }
}

async function keepEdges(): Promise<never> {
  for (let n = 0; ; n++) {
    await store.audit.add({
      id: `run${run}-audit${n}`,
      at: n,
      actor: "torture",
      action: "rule.save",
      subject: "x",
      detail: "{}",
    });
    tell("audit", `run${run}-audit${n}`);
    await hurriedSecond();
  }
}

function hurriedSecond(): Promise<void> {
  return new Promise((resolve) => {
    clock.after(1000, resolve);
  });
}
