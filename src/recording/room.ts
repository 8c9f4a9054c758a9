import { readdir, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CLIP_FOLDER } from "../core/records.js";
import type { Log } from "../system/log.js";
import { removeFiles } from "./files.js";

import { startInName } from "./segment-name.js";

/**
 * Removes the oldest video of the ring until `bytes` are free, one file at least, without asking the store: that one
 * cannot be opened on a card this full. The repair drops the rows. Never a clip. Gives whether anything was removed.
 */
export async function removeOldestVideo(folder: string, bytes: number, log: Log): Promise<boolean> {
  if (!(await isOnSameCard(folder))) return false;
  let removed = 0;
  for (const path of await oldestFirst(folder)) {
    removed += (await removeFiles([path])).length;
    const { bavail, bsize } = await statfs(folder);
    if (removed > 0 && bavail * bsize >= bytes) break;
  }
  if (removed > 0)
    log.error({ files: removed }, "The card is too full to start; the oldest video was removed.");
  return removed > 0;
}

/** Video on another card than the store's is no use to it. */
async function isOnSameCard(folder: string): Promise<boolean> {
  const [its, stores] = await Promise.all(
    [folder, dirname(folder)].map((path) => stat(path).catch(() => null)),
  );
  return its != null && its.dev === stores?.dev;
}

async function oldestFirst(folder: string): Promise<string[]> {
  const cameras = (await readdir(folder, { withFileTypes: true })).filter(
    (entry) => entry.isDirectory() && entry.name !== CLIP_FOLDER,
  );
  const files = await Promise.all(
    cameras.map(async ({ name }) =>
      (await readdir(join(folder, name))).map((file) => join(folder, name, file)),
    ),
  );
  return files
    .flat()
    .filter((path) => startInName(path) !== null)
    .sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
}
