import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SegmentRecord } from "../core/records.js";
import { syncFolder } from "./files.js";
import { readVideo, type Sample, type Video, VideoError } from "./mp4-read.js";
import { type Part, UnreadableError, writeFilm } from "./mp4-write.js";

export interface Film {
  startedAt: number;
  endedAt: number;
  bytes: number;
  /** What of the wanted time is missing or was left out; empty when nothing is. */
  notes: readonly string[];
}

interface Take {
  segment: SegmentRecord;
  video: Video;
  startedAt: number;
}

/**
 * Cuts [from, to] out of these segments, oldest first, into one MP4 without re-encoding: it begins at the last key
 * picture before `from`. Where the camera changed its format in between, the stretch of one format that shows most of that time is kept;
 * what cannot be read is left out. null: there is no picture of that time. The file appears under `target` complete and
 * durable, or not at all.
 */
export async function joinFilm(
  folder: string,
  segments: readonly SegmentRecord[],
  from: number,
  to: number,
  target: string,
): Promise<Film | null> {
  const notes: string[] = [];
  let takes: Take[] = [];
  let failure: Error | null = null;
  for (const segment of segments) {
    try {
      const video = await readVideo(join(folder, segment.path));
      takes.push({ segment, video, startedAt: segment.startedAt });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!(error instanceof VideoError) && code !== "ENOENT" && code !== "EIO") throw error;
      if (code === "EIO") failure = error as Error;
      notes.push(`${segment.path} cannot be used`);
    }
  }
  for (;;) {
    try {
      const film = await writeTakes(folder, takes, from, to, target);
      // Nothing can be read at all: perhaps the card is not there at the moment.
      if (film === null && failure !== null) throw failure;
      return film === null ? null : { ...film, notes: [...notes, ...film.notes] };
    } catch (error) {
      if (!(error instanceof UnreadableError) || error === failure) throw error;
      failure = error;
      notes.push(error.message);
      takes = takes.flatMap((take) =>
        join(folder, take.segment.path) === error.path ? upTo(take, error.at) : take,
      );
    }
  }
}

/** What lies in front of this byte of the file. */
function upTo(take: Take, at: number): Take[] {
  const samples = take.video.samples.filter((s) => s.offset + s.bytes <= at);
  return samples.length === 0 ? [] : [{ ...take, video: { ...take.video, samples } }];
}

async function writeTakes(
  folder: string,
  takes: readonly Take[],
  from: number,
  to: number,
  target: string,
): Promise<Film | null> {
  const found = takes.flatMap((take) => cut(take, from, to));
  const cuts = fullestStretch(found, from, to);
  if (cuts.length === 0) return null;
  const notes =
    cuts.length < found.length
      ? ["the camera changed its format; the part of one format that shows most was kept"]
      : [];
  const parts = cuts.map((c, i): Part => {
    const gapMs = i + 1 < cuts.length ? Math.max(0, cuts[i + 1]!.startedAt - c.endedAt) : 0;
    // Neighbours never meet to the millisecond; only a real hole is shown as one.
    return {
      path: join(folder, c.take.segment.path),
      video: c.take.video,
      samples: c.samples,
      gapMs: gapMs > 250 ? gapMs : 0,
    };
  });
  const unfinished = `${target}.part`;
  try {
    const bytes = await writeFilm(unfinished, parts);
    await rename(unfinished, target);
    await syncFolder(dirname(target));
    return { startedAt: cuts[0]!.startedAt, endedAt: cuts.at(-1)!.endedAt, bytes, notes };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** The cuts of one format that show most of the wanted time: how long their segments are says nothing about that. */
function fullestStretch(cuts: readonly Cut[], from: number, to: number): Cut[] {
  const stretches: Cut[][] = [];
  for (const cut of cuts) {
    const current = stretches.at(-1);
    if (current?.[0]?.take.video.format === cut.take.video.format) current.push(cut);
    else stretches.push([cut]);
  }
  const shownMs = (stretch: readonly Cut[]) =>
    stretch.reduce((n, c) => n + Math.max(0, Math.min(c.endedAt, to) - Math.max(c.startedAt, from)), 0);
  return stretches.sort((a, b) => shownMs(b) - shownMs(a))[0] ?? [];
}

interface Cut {
  take: Take;
  samples: Sample[];
  startedAt: number;
  endedAt: number;
}

function cut(take: Take, from: number, to: number): Cut[] {
  const { samples, ticksPerSecond } = take.video;
  const zero = samples[0]!.at;
  const wall = (ticks: number) => take.startedAt + ((ticks - zero) / ticksPerSecond) * 1000;
  let first = -1;
  samples.forEach((s, i) => {
    if (s.isKey && (first < 0 || wall(s.at) <= from)) first = i;
  });
  if (first < 0) return [];
  const beyond = samples.findIndex((s) => wall(s.at) >= to);
  const chosen = samples.slice(first, beyond < 0 ? undefined : beyond);
  const last = chosen.at(-1);
  if (last === undefined) return [];
  return [
    {
      take,
      samples: chosen,
      startedAt: Math.round(wall(chosen[0]!.at)),
      endedAt: Math.round(wall(last.at + last.duration)),
    },
  ];
}
