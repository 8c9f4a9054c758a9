import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { removeFiles } from "./files.js";
import { readVideo, VideoError } from "./mp4-read.js";
import { type RepairParts, repairFolder } from "./repair.js";

export interface CheckParts extends Omit<RepairParts, "dryRun"> {
  /** Repairs instead of only telling. */
  repair: boolean;
}

export interface RecordingsReport {
  segments: number;
  clips: number;
  /** One sentence each. */
  problems: readonly string[];
}

/** Looks whether every row has its file, every file its row, and every file can be played. */
export async function checkRecordings(parts: CheckParts): Promise<RecordingsReport> {
  const found = await repairFolder({ ...parts, dryRun: !parts.repair });
  const problems = [
    ...(found.unread === "" ? [] : [`${parts.folder} cannot be read (${found.unread}).`]),
    ...(found.adopted > 0 ? [`${found.adopted} files of video had no row.`] : []),
    ...(found.removedFiles > 0
      ? [`${found.removedFiles} files had no row and nothing that could be played.`]
      : []),
    ...(found.droppedRows > 0 ? [`${found.droppedRows} rows had lost their file.`] : []),
    ...(found.tornBytes > 0 ? [`${found.tornBytes} bytes of torn ends.`] : []),
  ];
  const segments = await parts.repositories.segments.all();
  const clips = await parts.repositories.clips.all();
  for (const row of [...segments, ...clips]) {
    const path = join(parts.folder, row.path);
    try {
      const video = await readVideo(path);
      const { size } = await stat(path);
      if (size === row.bytes) continue;
      problems.push(`${path}: has ${size} bytes, its row says ${row.bytes}.`);
      if (parts.repair && segments.includes(row)) {
        await parts.repositories.segments.add({
          ...row,
          bytes: size,
          endedAt: Math.round(row.startedAt + video.durationMs),
        });
      }
    } catch (error) {
      // A lost file was told of above.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      problems.push((error as Error).message);
      if (parts.repair && error instanceof VideoError) await drop(parts, row.id, path);
    }
  }
  return { segments: segments.length, clips: clips.length, problems };
}

/** Of what cannot be played nothing is kept. */
async function drop({ repositories, folder }: CheckParts, id: string, path: string): Promise<void> {
  await repositories.segments.discard([id]);
  await repositories.clips.remove(id);
  await removeFiles([path]);
  await repositories.segments.forget([relative(folder, path)]);
}
