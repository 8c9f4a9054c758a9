import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { defaultConfig } from "../../src/config.js";
import { createClips } from "../../src/recording/clips.js";
import { readVideo } from "../../src/recording/mp4-read.js";
import { repairFolder } from "../../src/recording/repair.js";
import { createRing } from "../../src/recording/ring.js";
import { openDatabase } from "../../src/store/database.js";
import { createStore, type Store } from "../../src/store/store.js";
import { verifyLog } from "../../src/store/verify.js";
import { systemClock } from "../../src/system/clock.js";
import { silentLog } from "../../src/system/log.js";
import { hurriedClock } from "./hurried-clock.js";

/** What the writer said it had done, over all its runs. */
export function promised() {
  const facts = {
    pass: new Set<string>(),
    frames: new Set<string>(),
    audit: new Set<string>(),
    acknowledged: new Set<string>(),
  };
  const clips = new Map<string, { path: string; startedAt: number; endedAt: number }>();
  const wanted = new Map<string, { from: number; to: number }>();
  const synced = new Map<string, number>();
  const told: Record<string, number> = {};
  return {
    ...facts,
    clips,
    wanted,
    /** Bytes of a segment that were on the card, by absolute path; only of the newest run. */
    synced,
    hear(line: string): void {
      const [kind = "", first = "", second = "", third = "", fourth = ""] = line.split(" ");
      told[kind] = (told[kind] ?? 0) + 1;
      if (kind === "up") synced.clear();
      else if (kind === "clip")
        clips.set(first, { path: second, startedAt: Number(third), endedAt: Number(fourth) });
      else if (kind === "wanted") wanted.set(first, { from: Number(second), to: Number(third) });
      else if (kind === "synced") synced.set(first, Number(second));
      else facts[kind as keyof typeof facts]?.add(first);
    },
    summary: () =>
      Object.entries(told)
        .map(([kind, n]) => `${n} × ${kind}`)
        .join(", "),
  };
}

export type Promises = ReturnType<typeof promised>;

/** Starts on what is left after a cut and gives one sentence for everything that is not as promised. */
export async function inspect(folder: string, promises: Promises, epoch: number): Promise<string[]> {
  const problems: string[] = [];
  const recordings = join(folder, "recordings");
  const file = join(folder, "plategate.db");
  if (!existsSync(file)) return promises.pass.size > 0 ? ["the database is gone"] : [];
  const store = createStore({ config: { kind: "sql" }, folder, clock: systemClock, log: silentLog });
  await store.start();
  try {
    if (store.status().problem !== "") problems.push(`the store says: ${store.status().problem}`);
    problems.push(...integrity(file));
    problems.push(...(await rows(store, promises)));
    const clock = hurriedClock(epoch);
    const config = { ...defaultConfig().recording, segmentSeconds: 4, maxBytes: 10_000_000, minFreeBytes: 0 };
    const ring = createRing({
      folder: recordings,
      repositories: store,
      config,
      clock,
      log: silentLog,
      bootId: "inspector",
      settleMs: 0,
    });
    await ring.repair();
    const again = await repairFolder({
      folder: recordings,
      repositories: store,
      config,
      log: silentLog,
      dryRun: true,
    });
    const { adopted, removedFiles, droppedRows } = again;
    if (adopted + removedFiles + droppedRows > 0)
      problems.push(`files and rows do not agree after the start: ${JSON.stringify(again)}`);
    problems.push(...(await video(store, recordings, promises)));
    problems.push(...(await promisedClips(store, promises)));
    await finishClips(store, ring, config, clock);
    await ring.close();
  } finally {
    await store.close();
  }
  return problems;
}

function integrity(file: string): string[] {
  const db = openDatabase(file, { readonly: true });
  const found = db.pragma("integrity_check(1)", { simple: true });
  const orphans = db.pragma("foreign_key_check") as unknown[];
  db.close();
  const log = verifyLog(file);
  return [
    ...(found === "ok" ? [] : [String(found)]),
    ...(orphans.length === 0 ? [] : [`${orphans.length} rows without parent`]),
    ...log.problems,
  ];
}

async function rows(store: Store, promises: Promises): Promise<string[]> {
  const problems: string[] = [];
  const waiting = new Set((await store.outbox.pending(0, 1_000_000)).map((e) => e.id));
  for (const id of promises.pass) {
    const pass = await store.passes.find(id);
    if (pass === null) problems.push(`pass ${id} is gone`);
    else if (promises.frames.has(id) && pass.frames !== 99) problems.push(`the change of pass ${id} is gone`);
    if ((await store.passes.decisions(id)).length !== 1)
      problems.push(`the decision of pass ${id} is gone or double`);
    if ((await store.passes.picture(id, "crop")) === null) problems.push(`the crop of pass ${id} is gone`);
    // Kept passes are looked at once: looking at all of them after every cut would take longer and longer.
    promises.pass.delete(id);
    promises.frames.delete(id);
  }
  for (const id of promises.acknowledged)
    if (waiting.has(id)) problems.push(`event ${id} would be reported twice`);
  promises.acknowledged.clear();
  const audits = new Set<string>();
  for (let before: string | undefined; ; ) {
    const page = await store.audit.list({ limit: 1000, ...(before === undefined ? {} : { before }) });
    for (const entry of page.items) audits.add(entry.id);
    if (page.next === null) break;
    before = page.next;
  }
  for (const id of promises.audit) if (!audits.has(id)) problems.push(`the change ${id} is gone`);
  return problems;
}

async function video(store: Store, folder: string, promises: Promises): Promise<string[]> {
  const problems: string[] = [];
  const all = await store.segments.all();
  const oldest = all[0]?.path ?? "";
  for (const [path, bytes] of promises.synced) {
    const relative = path.slice(folder.length + 1);
    const row = all.find((s) => s.path === relative);
    if (row === undefined) {
      // Older than the oldest kept: rotated away. A header alone is no video yet.
      if (relative > oldest && bytes > 2000)
        problems.push(`${relative} is gone, of which ${bytes} bytes were on the card`);
      continue;
    }
    const { samples } = await readVideo(path);
    if (row.bytes < bytes) problems.push(`${relative}: ${row.bytes} of ${bytes} bytes are left`);
    if (samples.length === 0) problems.push(`${relative}: cannot be played`);
    if (statSync(path).size !== row.bytes)
      problems.push(`${relative}: has ${statSync(path).size} bytes, its row says ${row.bytes}`);
  }
  promises.synced.clear();
  for (const [id, clip] of promises.clips) {
    const found = await readVideo(join(folder, clip.path)).catch(() => null);
    if (found === null || (await store.clips.find(id)) === null)
      problems.push(`clip ${id} is gone or cannot be played`);
    else if (Math.abs(found.durationMs - (clip.endedAt - clip.startedAt)) > 300)
      problems.push(`clip ${id} is shorter than it was`);
  }
  promises.clips.clear();
  return problems;
}

async function promisedClips(store: Store, promises: Promises): Promise<string[]> {
  const open = new Set((await store.clips.wanted()).map((r) => r.id));
  const problems: string[] = [];
  for (const [id, { from, to }] of promises.wanted) {
    if (open.has(id) || (await store.clips.find(id)) !== null) continue;
    // Of a time that was not recorded there is no clip.
    if ((await store.segments.overlapping("front", from, to)).length > 0)
      problems.push(`the promise of ${id} was forgotten`);
  }
  promises.wanted.clear();
  return problems;
}

/** What was promised before the cut is written after it, from the video that is left. */
async function finishClips(
  store: Store,
  ring: ReturnType<typeof createRing>,
  config: ReturnType<typeof defaultConfig>["recording"],
  clock: ReturnType<typeof hurriedClock>,
): Promise<void> {
  const event = (clip: { id: string }) => ({
    id: `clip:${clip.id}`,
    kind: "clip" as const,
    at: 0,
    payload: "{}",
  });
  const clips = createClips({ ring, repositories: store, config, clock, log: silentLog, event });
  await clips.start();
  while (clips.status().open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await clips.close();
}
