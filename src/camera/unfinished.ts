import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { bootId } from "../system/boot.js";
import type { SegmentFile } from "./camera.js";
import { segmentStart } from "./segment-name.js";

/** The segment that an earlier process left unfinished at `path`, with the note beside it; null: nothing can be played there. */
export async function unfinishedAt(path: string): Promise<SegmentFile | null> {
  const startedAt = segmentStart(basename(path));
  const file = await fileAt(path);
  if (startedAt === null || file === null || file.size === 0) return null;
  const startedMonotonicMs = startInNote(await readFile(`${path}.open`, "latin1"));
  return {
    path,
    startedAt,
    endedAt: Math.max(startedAt, Math.round(file.mtimeMs)),
    ...(startedMonotonicMs === null ? {} : { startedMonotonicMs }),
  };
}

/** What stands in the note beside a file that is being written: when it began, in monotonic ms of this boot. */
export function noteOf(startedMonotonicMs: number): string {
  return `${bootId()} ${startedMonotonicMs}`;
}

/** null: it is not there; rejects where nobody can tell. */
export async function fileAt(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** null: in another boot, or nobody knows. */
function startInNote(note: string): number | null {
  const [boot, ms = ""] = note.split(" ");
  return boot === bootId() && /^\d+(\.\d+)?$/.test(ms) ? Number(ms) : null;
}
