import { type BoxAt, findBox } from "./mp4-boxes.js";
import type { Sample } from "./mp4-read.js";

// Five hours of 50 pictures a second; a larger number is damage and must not fill the memory.
const MAX_SAMPLES = 1_000_000;

/** The samples of a plain MP4 file from its tables (`stbl`); empty for a fragmented one. */
export function tableSamples(moov: Buffer, table: BoxAt): Sample[] {
  const find = (type: string) => findBox(moov, type, table.content, table.end);
  const sizes = find("stsz");
  const toChunk = find("stsc");
  const offsets = find("stco") ?? find("co64");
  const times = find("stts");
  if (!sizes || !toChunk || !offsets || !times) return [];
  const number = (at: number) => moov.readUInt32BE(at);
  const count = number(sizes.content + 8);
  const same = number(sizes.content + 4);
  if (count > MAX_SAMPLES) throw new RangeError("a file of too many pictures");
  if (count === 0 || sizes.content + 12 + (same === 0 ? count * 4 : 0) > sizes.end) return [];

  const durations = runs(moov, times, 2);
  const shifts = runs(moov, find("ctts"), 2);
  const keys = keySet(moov, find("stss"));
  const chunks = runs(moov, toChunk, 3);
  const chunkCount = number(offsets.content + 4);
  const chunkAt = (i: number) =>
    offsets.type === "stco"
      ? number(offsets.content + 8 + i * 4)
      : Number(moov.readBigUInt64BE(offsets.content + 8 + i * 8));

  const duration = stepper(durations);
  const shift = stepper(shifts);
  const samples: Sample[] = [];
  let at = 0;
  let group = 0;
  for (let chunk = 0; chunk < chunkCount && samples.length < count; chunk++) {
    while (chunks[group + 1] !== undefined && chunks[group + 1]![0]! <= chunk + 1) group++;
    let offset = chunkAt(chunk);
    for (let i = 0; i < (chunks[group]?.[1] ?? 0) && samples.length < count; i++) {
      const index = samples.length;
      const bytes = same || number(sizes.content + 12 + index * 4);
      const ticks = duration();
      samples.push({
        offset,
        bytes,
        at,
        duration: ticks,
        displayOffset: shift() | 0,
        isKey: keys === null || keys.has(index + 1),
      });
      offset += bytes;
      at += ticks;
    }
  }
  return samples;
}

/** Entries of `width` numbers after version, flags and count. */
function runs(moov: Buffer, box: BoxAt | undefined, width: number): number[][] {
  if (box === undefined) return [];
  const count = Math.min(
    moov.readUInt32BE(box.content + 4),
    Math.floor((box.end - box.content - 8) / (4 * width)),
  );
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: width }, (_, n) => moov.readUInt32BE(box.content + 8 + (i * width + n) * 4)),
  );
}

/** Gives the value of sample after sample from pairs of count and value. */
function stepper(pairs: readonly (readonly number[])[]): () => number {
  let index = 0;
  let used = 0;
  return () => {
    while (pairs[index] !== undefined && used >= pairs[index]![0]!) {
      index++;
      used = 0;
    }
    used++;
    return pairs[index]?.[1] ?? 0;
  };
}

/** Numbers of the key samples, from 1; null: all are. */
function keySet(moov: Buffer, box: BoxAt | undefined): Set<number> | null {
  return box === undefined ? null : new Set(runs(moov, box, 1).map(([n]) => n!));
}
