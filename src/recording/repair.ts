import type { Dirent } from "node:fs";
import { readdir, rename, stat, truncate } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CLIP_FOLDER, type ClipRecord, clipPath, type SegmentRecord } from "../core/records.js";
import type { ClipRepository, PassRepository, SegmentRepository } from "../core/repositories.js";
import type { Log } from "../system/log.js";
import { type AdoptionParts, adoptClip, cameraOf } from "./adoption.js";
import { removeFiles, syncFile, syncFolder } from "./files.js";
import { readVideo, VideoError } from "./mp4-read.js";
import { segmentId, segmentName, startInName } from "./segment-name.js";

export interface RepairReport {
  /** Files that had no row and were taken up as segments or clips. */
  adopted: number;
  /** Files that had no row and nothing playable, and left-overs of unfinished work: removed. */
  removedFiles: number;
  /** Rows whose file was gone: dropped. */
  droppedRows: number;
  /** Bytes cut off torn ends. */
  tornBytes: number;
  /** Newest wall time of anything recorded; null when there is nothing. */
  newestAt: number | null;
  /** Why the folder could not be listed, so that nothing was looked at; empty when it could. */
  unread: string;
}

export interface RepairParts {
  folder: string;
  repositories: { segments: SegmentRepository; clips: ClipRepository; passes: Pick<PassRepository, "list"> };
  config: AdoptionParts["config"];
  log: Log;
  /** Only says what it would do. */
  dryRun?: boolean;
  /** Files that changed within this time are in somebody's hands and are left alone. */
  ignoreYoungerThanMs?: number;
  /**
   * How long to look whether a fresh file still grows: an eye that has lost its gate may be finishing it, and cutting
   * it short under its hands would tear it. 0: nobody can be writing.
   */
  settleMs?: number;
}

// Where the folder is a disk of its own: only root may look into it, and what lies there is of no camera.
const FILE_SYSTEMS_OWN = "lost+found";

/** Makes rows and files of the recording folder agree; run when nobody records into it. */
export async function repairFolder({
  folder,
  repositories,
  config,
  log,
  dryRun = false,
  ignoreYoungerThanMs = 0,
  settleMs = 0,
}: RepairParts): Promise<RepairReport> {
  const { segments, clips, passes } = repositories;
  const counts = { adopted: 0, removedFiles: 0, droppedRows: 0, tornBytes: 0 };
  const report: RepairReport = { ...counts, newestAt: null, unread: "" };
  const rows = await segments.all();
  const clipRows = await clips.all();
  report.newestAt = [...rows, ...clipRows].reduce<number | null>(
    (n, r) => Math.max(n ?? r.endedAt, r.endedAt),
    null,
  );
  let files: Set<string>;
  try {
    files = await filesIn(folder);
  } catch (error) {
    // What cannot be seen is not gone: rows without a file take the file with them.
    log.error({ err: String(error) }, "The recordings cannot be read now; they are left to the next start.");
    return { ...report, unread: (error as Error).message };
  }
  const garbage = await segments.garbage();

  const condemned = new Set(garbage);
  const unlisted = new Set([...files].filter((path) => !condemned.has(path)));
  for (const row of [...rows, ...clipRows]) unlisted.delete(row.path);
  const lost = rows.filter((row) => !files.has(row.path));
  const lostClips = clipRows.filter((row) => !files.has(row.path));
  report.droppedRows = lost.length + lostClips.length;

  const growing = await growingFiles(folder, unlisted, settleMs);
  // A cut that was not entered in time is made anew; any other clip has lost its row with the database.
  const unfinished = new Set((await clips.wanted()).map((request) => clipPath(request.id)));
  const found: SegmentRecord[] = [];
  const foundClips: ClipRecord[] = [];
  for (const path of unlisted) {
    if (growing.has(path)) continue;
    if (ignoreYoungerThanMs > 0 && (await isYounger(join(folder, path), ignoreYoungerThanMs))) continue;
    try {
      if (!path.endsWith(".mp4") || unfinished.has(path)) throw new VideoError(`${path}: is not finished.`);
      if (isClip(path)) {
        foundClips.push(await adoptClip(path, cameraOf(files, isClip), { folder, passes, config }));
      } else {
        const { row, tornBytes } = await adopt(folder, path, dryRun);
        found.push(row);
        report.tornBytes += tornBytes;
      }
    } catch (error) {
      if (error instanceof VideoError) {
        report.removedFiles++;
        if (!dryRun) await removeFiles([join(folder, path)]);
      } else
        log.warn({ err: String(error), path }, "A file cannot be read now; it is left to the next start.");
    }
  }
  report.adopted = found.length + foundClips.length;
  for (const { endedAt } of [...found, ...foundClips])
    report.newestAt = Math.max(report.newestAt ?? endedAt, endedAt);
  if (dryRun) return report;

  // Rows stand in order of arrival: the oldest of all cameras are the first to go.
  for (const row of found.sort((a, b) => a.startedAt - b.startedAt)) await segments.add(row);
  const joined = new Set<string>();
  for (const row of foundClips.sort((a, b) => a.endedAt - b.endedAt)) {
    // Two files that show the same pass: it keeps the link to the first.
    const passId = row.passId === null || joined.has(row.passId) ? null : row.passId;
    if (passId !== null) joined.add(passId);
    await clips.add({ ...row, passId }, []);
  }
  await segments.discard(lost.map((row) => row.id));
  for (const clip of lostClips) await clips.remove(clip.id);
  const gone = await removeFiles((await segments.garbage()).map((path) => join(folder, path)));
  await segments.forget(gone.map((path) => relative(folder, path)));
  if (report.adopted + report.removedFiles + report.droppedRows > 0) {
    log.warn({ ...report }, "Recordings and their rows did not agree; they do now.");
  }
  return report;
}

/** A file that nobody finished: its torn end goes, the rest is a segment like any other. */
async function adopt(
  folder: string,
  path: string,
  dryRun: boolean,
): Promise<{ row: SegmentRecord; tornBytes: number }> {
  const camera = dirname(path).split("/")[0]!;
  if (camera === ".") throw new VideoError(`${path}: belongs to no camera.`);
  const absolute = join(folder, path);
  const before = await stat(absolute);
  const whole = await readVideo(absolute);
  const tornBytes = whole.isFragmented ? before.size - whole.intactBytes : 0;
  if (tornBytes > 0 && !dryRun) {
    await truncate(absolute, whole.intactBytes);
    await syncFile(absolute);
  }
  const video = tornBytes > 0 && !dryRun ? await readVideo(absolute) : whole;
  const startedAt = startInName(path) ?? Math.round(before.mtimeMs - video.durationMs);
  const named = dryRun ? path : await giveName(folder, path, startedAt);
  const row = {
    id: segmentId(named),
    camera,
    path: named,
    startedAt,
    endedAt: Math.round(startedAt + video.durationMs),
    bytes: before.size - tornBytes,
  };
  return { row, tornBytes };
}

function isClip(path: string): boolean {
  return path.startsWith(`${CLIP_FOLDER}/`);
}

async function growingFiles(folder: string, paths: Iterable<string>, settleMs: number): Promise<Set<string>> {
  const sizes = new Map<string, number>();
  for (const path of paths) {
    if (settleMs > 0 && (await isYounger(join(folder, path), 3000)))
      sizes.set(path, await sizeOf(join(folder, path)));
  }
  if (sizes.size > 0) await setTimeout(settleMs);
  const growing = new Set<string>();
  for (const [path, size] of sizes) if ((await sizeOf(join(folder, path))) !== size) growing.add(path);
  return growing;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

/** A file whose proper name never came gets one, so that its time is not lost with the date of the file. */
async function giveName(folder: string, path: string, startedAt: number): Promise<string> {
  if (startInName(path) !== null) return path;
  const named = join(dirname(path), segmentName(startedAt));
  if (await stat(join(folder, named)).catch(() => null)) return path;
  await rename(join(folder, path), join(folder, named));
  await syncFolder(join(folder, dirname(path)));
  return named;
}

/** By the clock that the file system keeps: both times come from the same one. */
async function isYounger(path: string, thanMs: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found === null || Date.now() - found.mtimeMs < thanMs;
}

async function filesIn(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error): Dirent[] => {
    if (error.code === "ENOENT" && error.path === folder) return [];
    throw error;
  });
  for (const { name } of entries.filter((e) => e.isDirectory() && e.name !== FILE_SYSTEMS_OWN))
    entries.push(...(await readdir(join(folder, name), { recursive: true, withFileTypes: true })));
  return new Set(entries.filter((e) => e.isFile()).map((e) => relative(folder, join(e.parentPath, e.name))));
}
