import { type FileHandle, open } from "node:fs/promises";
import { box, boxesIn, fullBox, u32, u64 } from "./mp4-boxes.js";
import type { Sample, Video } from "./mp4-read.js";

/** A run of samples of one file. All parts of a film have the same description. */
export interface Part {
  path: string;
  video: Video;
  samples: readonly Sample[];
  /** Time that passes between the end of this part and the next one: the last picture stands still. */
  gapMs: number;
}

/** The bytes of a part cannot be had from here on: a bad sector, or the file is shorter than it was. */
export class UnreadableError extends Error {
  readonly path: string;
  readonly at: number;
  constructor(path: string, at: number, why: string) {
    super(`${path}: cannot be read from byte ${at} on (${why}).`);
    this.path = path;
    this.at = at;
  }
}

const MOVIE_TICKS = 1000;
const COPY_BYTES = 1_000_000;

/**
 * Writes the parts one after the other as one plain MP4 with its index in front, without touching the pictures:
 * every player seeks in it, a browser by byte ranges. The file is on the card when this fulfils; gives its size.
 * Rejects with `UnreadableError` when pictures of a part cannot be read.
 */
export async function writeFilm(target: string, parts: readonly Part[]): Promise<number> {
  const out = await open(target, "w");
  try {
    const dataBytes = parts.flatMap((p) => p.samples).reduce((n, s) => n + s.bytes, 0);
    const head = filmHead(parts, dataBytes);
    await out.write(head);
    for (const part of parts) await copySamples(part, out);
    await out.sync();
    return head.length + dataBytes;
  } finally {
    await out.close();
  }
}

/** Everything in front of the pictures. */
function filmHead(parts: readonly Part[], dataBytes: number): Buffer {
  const type = box("ftyp", Buffer.from("isom"), u32(512), Buffer.from("isomiso2avc1mp41"));
  const data = Buffer.concat([u32(1), Buffer.from("mdat"), u64(dataBytes + 16)]);
  const length = type.length + movie(parts, 0).length + data.length;
  return Buffer.concat([type, movie(parts, length), data]);
}

function movie(parts: readonly Part[], dataAt: number): Buffer {
  const first = parts[0]!.video;
  const ticks = first.ticksPerSecond;
  const timed = parts.flatMap((part) => timedSamples(part, ticks));
  const duration = timed.reduce((n, s) => n + s.duration, 0);
  const movieDuration = Math.round((duration / ticks) * MOVIE_TICKS);
  const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const movieHead = fullBox(
    "mvhd",
    0,
    0,
    u32(0, 0, MOVIE_TICKS, movieDuration, 0x10000, 0x0100_0000, 0, 0),
    matrix,
    u32(0, 0, 0, 0, 0, 0, 2),
  );
  // Undetermined language; the handler is video.
  const mediaHead = fullBox("mdhd", 1, 0, u64(0), u64(0), u32(ticks), u64(duration), u32(0x55c4_0000));
  const handler = fullBox("hdlr", 0, 0, u32(0), Buffer.from("vide"), u32(0, 0, 0), Buffer.from("video\0"));
  const information = box(
    "minf",
    fullBox("vmhd", 0, 1, u32(0, 0)),
    box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
    sampleTable(first.description, timed, parts, dataAt),
  );
  const track = box(
    "trak",
    trackHead(first.trackHead, movieDuration),
    edit(timed, movieDuration),
    box("mdia", mediaHead, handler, information),
  );
  return box("moov", movieHead, track);
}

function sampleTable(
  description: Buffer,
  samples: readonly Sample[],
  parts: readonly Part[],
  dataAt: number,
): Buffer {
  const isShifted = samples.some((s) => s.displayOffset !== 0);
  const keys = samples.flatMap((s, i) => (s.isKey ? [i + 1] : []));
  let offset = dataAt;
  const chunkOffsets = parts.map((part) => {
    const here = offset;
    offset += part.samples.reduce((n, s) => n + s.bytes, 0);
    return u64(here);
  });
  const chunks = parts.flatMap((part, i) => [i + 1, part.samples.length, 1]);
  const times = runLengths(samples.map((s) => s.duration));
  const shifts = runLengths(samples.map((s) => s.displayOffset));
  return box(
    "stbl",
    fullBox("stsd", 0, 0, u32(1), description),
    fullBox("stts", 0, 0, u32(times.length / 2, times)),
    // Version 1: a picture may be shown before it was decoded in the order of time.
    ...(isShifted ? [fullBox("ctts", 1, 0, u32(shifts.length / 2, shifts))] : []),
    fullBox("stss", 0, 0, u32(keys.length, keys)),
    fullBox("stsc", 0, 0, u32(parts.length, chunks)),
    fullBox(
      "stsz",
      0,
      0,
      u32(
        0,
        samples.length,
        samples.map((s) => s.bytes),
      ),
    ),
    fullBox("co64", 0, 0, u32(chunkOffsets.length), Buffer.concat(chunkOffsets)),
  );
}

/** Starts the showing with the first picture, which lies later than zero where pictures are reordered. */
function edit(samples: readonly Sample[], movieDuration: number): Buffer {
  const start = samples.reduce(
    (least, s, i) => (i < 32 ? Math.min(least, timeOf(samples, i) + s.displayOffset) : least),
    Number.MAX_SAFE_INTEGER,
  );
  return box("edts", fullBox("elst", 0, 0, u32(1, movieDuration, Math.max(0, start), 0x10000)));
}

function timeOf(samples: readonly Sample[], index: number): number {
  return samples.slice(0, index).reduce((n, s) => n + s.duration, 0);
}

/** The camera's own track head (size, rotation) with the film's duration and number. */
function trackHead(original: Buffer, duration: number): Buffer {
  const head = Buffer.from(original);
  const at = boxesIn(head)[0]!.content;
  const isLong = head[at] === 1;
  head.writeUInt32BE(1, at + (isLong ? 20 : 12));
  if (isLong) head.writeBigUInt64BE(BigInt(duration), at + 28);
  else head.writeUInt32BE(duration, at + 20);
  return head;
}

/** Samples with the film's ticks; the last one of a part lasts until the next part begins. */
function timedSamples(part: Part, ticks: number): Sample[] {
  const scale = ticks / part.video.ticksPerSecond;
  const samples = part.samples.map((s) => ({
    ...s,
    duration: Math.max(1, Math.round(s.duration * scale)),
    displayOffset: Math.round(s.displayOffset * scale),
  }));
  const last = samples.at(-1);
  if (last !== undefined) last.duration += Math.round((part.gapMs / 1000) * ticks);
  return samples;
}

/** `[count, value, count, value …]` */
function runLengths(values: readonly number[]): number[] {
  const out: number[] = [];
  for (const value of values) {
    if (out.at(-1) === value && out.length > 0) out[out.length - 2]!++;
    else out.push(1, value);
  }
  return out;
}

/** Copies the bytes in as few pieces as they lie in. */
async function copySamples(part: Part, out: FileHandle): Promise<void> {
  const source = await open(part.path, "r");
  const buffer = Buffer.alloc(COPY_BYTES);
  try {
    for (const [from, to] of stretches(part.samples)) {
      for (let at = from; at < to; ) {
        const bytesRead = await readAt(part.path, source, buffer.subarray(0, to - at), at);
        await out.write(buffer, 0, bytesRead);
        at += bytesRead;
      }
    }
  } finally {
    await source.close();
  }
}

async function readAt(path: string, source: FileHandle, buffer: Buffer, at: number): Promise<number> {
  try {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, at);
    if (bytesRead > 0) return bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EIO") throw error;
    throw new UnreadableError(path, at, (error as Error).message);
  }
  throw new UnreadableError(path, at, "it became shorter");
}

function stretches(samples: readonly Sample[]): [number, number][] {
  const all: [number, number][] = [];
  for (const sample of samples) {
    const last = all.at(-1);
    if (last !== undefined && last[1] === sample.offset) last[1] += sample.bytes;
    else all.push([sample.offset, sample.offset + sample.bytes]);
  }
  return all;
}
