import { type FileHandle, mkdir, open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import type { SegmentFile } from "./camera.js";
import { createFragmentReader, Mp4Error, type Mp4Part, moveFragment } from "./fragments.js";
import { segmentName } from "./segment-name.js";
import { fileAt, noteOf, unfinishedAt } from "./unfinished.js";

/** The segment that is being written; `path` stays the same when it is finished. */
export interface OpenSegment {
  path: string;
  startedAt: number;
}

export interface RecorderOptions {
  /** Folder of this camera alone; made where it is missing. */
  folder: string;
  /** A file ends at the first key frame after this time. */
  segmentSeconds: number;
}

export interface RecorderDeps {
  clock: Clock;
  log: Log;
  onSegment(segment: SegmentFile): void;
  onSegmentOpened?(segment: OpenSegment): void;
}

/** What waits for a card that has stalled; beyond it fragments are left out and counted. */
const maxWaitingBytes = 32 * 1024 * 1024;
/** Work that the card has not done after this time is told: what waits for it may be lost. */
const patienceMs = 10_000;
/** A camera's clock runs off by less than this from one file to the next. */
const maxSlewMs = 20;

/**
 * Writes the fragmented MP4 stream of a pipeline into segments: each file a header and whole fragments of at most a
 * second, each fragment on the card before the next is written, so that a power cut costs the last one. Beside a file
 * that is being written lies `NAME.open`; `recover` reports what an earlier process left like that.
 */
export function createRecorder({ folder, segmentSeconds }: RecorderOptions, deps: RecorderDeps) {
  const { clock, log, onSegment, onSegmentOpened } = deps;
  let reader = createFragmentReader();
  let header: Extract<Mp4Part, { kind: "header" }> | null = null;
  let writing: Writing | null = null;
  let work: Promise<void> = Promise.resolve();
  /** Monotonic time of the stream's zero. */
  let streamStartedMs: number | null = null;
  let waitingBytes = 0;
  /** The stream is no MP4 any more; nothing of it is taken until it ends. */
  let broken = false;
  /** Of the pictures in this stream, and whether it became another one: the header does not fit any more. */
  let format = "";
  let changed = false;
  let problem = "";
  let left = 0;
  /** Since when the card has been at the piece of work that it does now. */
  let busySinceMs = Number.POSITIVE_INFINITY;

  return {
    /**
     * Fulfils when what was pushed before is written and the folder can be; rejects where it cannot. Reports the segments
     * that were never finished.
     */
    recover(): Promise<void> {
      const recovered = work.then(async () => {
        await mkdir(folder, { recursive: true });
        const probe = join(folder, ".writable");
        await writeFile(probe, "");
        await rm(probe);
        for (const name of (await readdir(folder)).sort()) {
          if (name.endsWith(".open") && name !== openName()) await adopt(name.slice(0, -".open".length));
        }
        problem = "";
      });
      work = recovered.catch(() => {});
      return recovered;
    },
    /** Bytes of the muxer, in their order. Never waits; what the card does not take is told by `problem`. */
    push(bytes: Buffer): void {
      const arrivedMs = clock.monotonicMs();
      for (const part of partsOf(bytes)) {
        if (changes(part)) return;
        if (waitingBytes + part.data.length > maxWaitingBytes) {
          left++;
          tell("the card is too slow");
          // Behind what still waits for the card: a fragment is missing there, so the file ends.
          then(endFile);
          continue;
        }
        waitingBytes += part.data.length;
        then(() => write(part, arrivedMs));
        then(() => {
          waitingBytes -= part.data.length;
        });
      }
    },
    /** The stream has ended: finishes the file and is ready for the next stream. */
    finish(): Promise<void> {
      then(endFile);
      then(() => {
        reader = createFragmentReader();
        header = null;
        broken = false;
        changed = false;
        format = "";
      });
      return work;
    },
    /** Everything that was pushed is written, or known not to be. */
    idle: (): Promise<void> => work,
    /** The pictures have another format than the header says: a new stream is needed, nothing of this one is taken. */
    changed: () => changed,
    current: (): OpenSegment | null => writing?.segment ?? null,
    /** What is wrong with the card, without a full stop; empty while all is well. */
    problem: () =>
      problem === "" && clock.monotonicMs() - busySinceMs > patienceMs ? "the card does not answer" : problem,
    /** Fragments that were not written. */
    left: () => left,
  };

  /** Work on the card, one piece after the other. */
  function then(task: () => void | Promise<void>): void {
    work = work
      .then(() => {
        busySinceMs = clock.monotonicMs();
        return task();
      })
      .catch((error) => fail(reasonOf(error)))
      .then(() => {
        busySinceMs = Number.POSITIVE_INFINITY;
      });
  }

  function changes(part: Mp4Part): boolean {
    if (part.kind === "fragment" && part.format !== "") {
      changed ||= format !== "" && part.format !== format;
      format = part.format;
    }
    return changed;
  }

  function partsOf(bytes: Buffer): Mp4Part[] {
    if (broken) return [];
    try {
      return reader.push(bytes);
    } catch (error) {
      broken = true;
      tell(reasonOf(error));
      then(endFile);
      return [];
    }
  }

  async function write(part: Mp4Part, arrivedMs: number): Promise<void> {
    if (part.kind === "header") {
      await endFile();
      header = part;
      streamStartedMs = null;
      return;
    }
    if (header === null) return;
    const long = writing !== null && part.startMs - writing.baseMs >= segmentSeconds * 1000 - 50;
    if (long && part.key) await endFile();
    if (writing === null && !part.key) return;
    writing ??= await beginFile(startOf(part, arrivedMs), part.startMs, header);
    const shownMs = part.startMs - writing.baseMs;
    moveFragment(part.data, shownMs, header.timescale);
    await writing.file.appendFile(part.data);
    await writing.file.datasync();
    writing.lengthMs = shownMs + part.durationMs;
    problem = "";
  }

  /**
   * Monotonic ms at which a fragment began. It is complete when the first picture after it arrives, so it began its own
   * length ago. That is only as exact as the arrival, and the last one before a silence arrives late: so files follow each
   * other on the stream's own scale, which is brought in line with the clock a little at a time.
   */
  function startOf(part: { startMs: number; durationMs: number }, arrivedMs: number): number {
    const seenMs = arrivedMs - part.durationMs - part.startMs;
    streamStartedMs =
      streamStartedMs === null
        ? seenMs
        : streamStartedMs + Math.min(maxSlewMs, Math.max(-maxSlewMs, seenMs - streamStartedMs));
    return streamStartedMs + part.startMs;
  }

  async function beginFile(startedMs: number, baseMs: number, header: { data: Buffer }): Promise<Writing> {
    let at = Math.round(clock.wallMs() - clock.monotonicMs() + startedMs);
    // Two files of one millisecond: the clock was set back.
    while ((await fileAt(join(folder, segmentName(at)))) !== null) at++;
    const path = join(folder, segmentName(at));
    await writeFile(`${path}.open`, noteOf(startedMs));
    let file: FileHandle | null = null;
    try {
      file = await open(path, "ax");
      await file.appendFile(header.data);
      await syncFolder();
    } catch (error) {
      await file?.close();
      for (const useless of [path, `${path}.open`]) await rm(useless, { force: true });
      throw error;
    }
    const segment = { path, startedAt: at };
    onSegmentOpened?.(segment);
    return { segment, file, startedMs, baseMs, lengthMs: 0 };
  }

  async function endFile(): Promise<void> {
    if (writing === null) return;
    const ended = writing;
    const { file } = ended;
    writing = null;
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await done(finished(ended));
  }

  function finished({ segment, startedMs, lengthMs }: Writing): SegmentFile {
    return {
      ...segment,
      endedAt: Math.round(segment.startedAt + lengthMs),
      startedMonotonicMs: startedMs,
    };
  }

  async function done(segment: SegmentFile): Promise<void> {
    await syncFolder();
    onSegment(segment);
    await rm(`${segment.path}.open`, { force: true });
  }

  async function adopt(name: string): Promise<void> {
    const path = join(folder, name);
    const segment = await unfinishedAt(path);
    if (segment !== null) onSegment(segment);
    await rm(`${path}.open`, { force: true });
  }

  async function syncFolder(): Promise<void> {
    const directory = await open(folder, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  function openName(): string {
    return writing === null ? "" : `${segmentName(writing.segment.startedAt)}.open`;
  }

  function tell(why: string): void {
    if (why !== problem) log.warn({ folder, left }, `Video is not recorded: ${why}.`);
    problem = why;
  }

  /** A file that could not be written further is finished as it is; the next key frame begins a new one. */
  function fail(why: string): void {
    tell(why);
    const broken = writing;
    writing = null;
    if (broken === null) return;
    void broken.file.close().catch(() => {});
    void done(finished(broken)).catch(() => {});
  }
}

export type Recorder = ReturnType<typeof createRecorder>;

interface Writing {
  segment: OpenSegment;
  file: FileHandle;
  /** Monotonic ms of its first picture. */
  startedMs: number;
  /** Where the file begins on the scale of the stream, and how much of it is written. */
  baseMs: number;
  lengthMs: number;
}

function reasonOf(error: unknown): string {
  if (error instanceof Mp4Error) return `the muxer wrote ${error.message}`;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT") return "there is no space left";
  if (code === "EROFS") return "the card has become read-only";
  return error instanceof Error ? error.message : String(error);
}
