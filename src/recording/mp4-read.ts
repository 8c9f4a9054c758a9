import { type FileHandle, open } from "node:fs/promises";
import { type BoxAt, boxesIn, boxHead, findBox } from "./mp4-boxes.js";
import { fragmentSamples, type TrackDefaults } from "./mp4-fragment.js";
import { tableSamples } from "./mp4-tables.js";

export interface Sample {
  /** Where its bytes are in the file. */
  offset: number;
  bytes: number;
  /** Decoding time, duration and distance of display from decoding, in ticks. */
  at: number;
  duration: number;
  displayOffset: number;
  isKey: boolean;
}

/** The video of one file, as far as it is really there. */
export interface Video {
  ticksPerSecond: number;
  /** The sample description (`avc1`, `hvc1` …) with its codec configuration, verbatim. */
  description: Buffer;
  /** What has to be equal for two videos to be decoded as one: codec, size and codec configuration. */
  format: string;
  /** The `tkhd` box, verbatim: size and rotation. */
  trackHead: Buffer;
  samples: Sample[];
  durationMs: number;
  /** The file up to the end of its last complete fragment; what follows is the torn rest of a power cut. */
  intactBytes: number;
  isFragmented: boolean;
}

/** No usable video in the file: one sentence. */
export class VideoError extends Error {}

// Headers of a segment are some kilobytes; a larger one is damage and must not fill the memory.
const MAX_HEADER_BYTES = 16_000_000;

/**
 * Reads where the pictures of an MP4 file lie: fragmented, also with a torn end, or plain. The video itself is not read.
 * Throws `VideoError` when not a single picture can be used.
 */
export async function readVideo(path: string): Promise<Video> {
  const file = await open(path, "r");
  try {
    return await read(file, path);
  } catch (error) {
    // A box that says it is longer than it is.
    if (error instanceof RangeError) throw new VideoError(`${path}: its header is damaged.`);
    throw error;
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, path: string): Promise<Video> {
  const { size } = await file.stat();
  let track: Track | null = null;
  const samples: Sample[] = [];
  let intactBytes = 0;
  let fragment: { samples: Sample[]; endOfHead: number } | null = null;
  for await (const top of topBoxes(file, size)) {
    if (top.type === "moov") {
      track = trackOf(await load(file, top));
      if (track === null) break;
      for (const sample of track.samples) if (sample.offset + sample.bytes <= size) samples.push(sample);
    } else if (top.type === "moof" && track !== null) {
      const bytes = await load(file, top);
      const found = samplesOf(bytes, top.start, track);
      if (found === null) break;
      fragment = { samples: found, endOfHead: top.end };
    } else if (top.type === "mdat" && fragment !== null) {
      const whole = await wholeOnes(file, fragment.samples, top.content, Math.min(top.end, size));
      for (const sample of whole) samples.push(sample);
      if (whole.length < fragment.samples.length) break;
      fragment = null;
    }
    if (top.end <= size && fragment === null) intactBytes = top.end;
  }
  if (track === null) throw new VideoError(`${path}: there is no header, so nothing in it can be played.`);
  // Where pictures were lost between two fragments, the one before stands until the next.
  samples.forEach((sample, i) => {
    const next = samples[i + 1];
    if (next !== undefined && next.at > sample.at) sample.duration = next.at - sample.at;
  });
  const last = samples.at(-1);
  const first = samples[0];
  if (first === undefined || last === undefined)
    throw new VideoError(`${path}: there is not one whole picture in it.`);
  return {
    ticksPerSecond: track.ticksPerSecond,
    description: track.description,
    format: formatOf(track.description),
    trackHead: track.trackHead,
    samples,
    durationMs: ((last.at + last.duration - first.at) / track.ticksPerSecond) * 1000,
    intactBytes,
    isFragmented: track.samples.length === 0,
  };
}

/** null: the head of the fragment is damaged, and nothing after it can be trusted. */
function samplesOf(moof: Buffer, start: number, track: Track): Sample[] | null {
  try {
    return fragmentSamples(moof, start, track.defaults);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A description also holds what differs from file to file and matters to nobody, such as the mean bit rate. */
function formatOf(description: Buffer): string {
  const configuration = boxesIn(description, 8 + 78).find((b) => /^(avcC|hvcC|av1C|vpcC)$/.test(b.type));
  const size = description.toString("hex", 8 + 24, 8 + 28);
  const setup =
    configuration === undefined
      ? description
      : description.subarray(configuration.content, configuration.end);
  return `${description.toString("latin1", 4, 8)} ${size} ${setup.toString("hex")}`;
}

/** Pictures whose bytes are in the file: a card that lost its last writes gives zeros, which no picture begins with. */
async function wholeOnes(
  file: FileHandle,
  samples: readonly Sample[],
  from: number,
  end: number,
): Promise<Sample[]> {
  const whole: Sample[] = [];
  const head = Buffer.alloc(4);
  for (const sample of samples) {
    if (sample.offset < from || sample.offset + sample.bytes > end) break;
    await file.read(head, 0, 4, sample.offset);
    const length = head.readUInt32BE();
    if (sample.bytes < 5 || length === 0 || length > sample.bytes - 4) break;
    whole.push(sample);
  }
  return whole;
}

async function* topBoxes(file: FileHandle, size: number): AsyncGenerator<BoxAt> {
  const head = Buffer.alloc(16);
  for (let at = 0; at + 8 <= size; ) {
    const { bytesRead } = await file.read(head, 0, 16, at);
    const found = boxHead(head.subarray(0, bytesRead), 0);
    if (found === null) return;
    yield { type: found.type, start: at, content: at + found.headLength, end: at + found.length };
    at += found.length;
  }
}

async function load(file: FileHandle, at: BoxAt): Promise<Buffer> {
  const length = at.end - at.start;
  if (length > MAX_HEADER_BYTES) return Buffer.alloc(0);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, at.start);
  // A torn header is none: its numbers could be anything.
  return bytesRead === length ? bytes : Buffer.alloc(0);
}

interface Track {
  ticksPerSecond: number;
  description: Buffer;
  trackHead: Buffer;
  defaults: TrackDefaults;
  samples: Sample[];
}

function trackOf(moov: Buffer): Track | null {
  const inside = boxesIn(moov)[0];
  if (inside === undefined) return null;
  for (const trak of boxesIn(moov, inside.content, inside.end)) {
    if (trak.type !== "trak") continue;
    const find = (path: string) => findBox(moov, path, trak.content, trak.end);
    const kind = find("mdia/hdlr");
    const mediaHead = find("mdia/mdhd");
    const trackHead = find("tkhd");
    const descriptions = find("mdia/minf/stbl/stsd");
    const table = find("mdia/minf/stbl");
    if (!kind || !mediaHead || !trackHead || !descriptions || !table) continue;
    if (moov.toString("latin1", kind.content + 8, kind.content + 12) !== "vide") continue;
    const entry = boxesIn(moov, descriptions.content + 8, descriptions.end)[0];
    if (entry === undefined) continue;
    const isLong = moov[mediaHead.content] === 1;
    const id = moov.readUInt32BE(trackHead.content + (moov[trackHead.content] === 1 ? 20 : 12));
    return {
      ticksPerSecond: moov.readUInt32BE(mediaHead.content + (isLong ? 20 : 12)),
      description: Buffer.from(moov.subarray(entry.start, entry.end)),
      trackHead: Buffer.from(moov.subarray(trackHead.start, trackHead.end)),
      defaults: defaultsOf(moov, inside, id),
      samples: tableSamples(moov, table),
    };
  }
  return null;
}

function defaultsOf(moov: Buffer, inside: BoxAt, id: number): TrackDefaults {
  const extends_ = findBox(moov, "mvex", inside.content, inside.end);
  const all = extends_ === undefined ? [] : boxesIn(moov, extends_.content, extends_.end);
  const mine = all.find((b) => b.type === "trex" && moov.readUInt32BE(b.content + 4) === id);
  const at = (n: number) => (mine === undefined ? 0 : moov.readUInt32BE(mine.content + 4 * n));
  return { trackId: id, duration: at(3), bytes: at(4), flags: at(5) };
}
