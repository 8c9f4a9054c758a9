import { boxesIn, findBox } from "./mp4-boxes.js";
import type { Sample } from "./mp4-read.js";

/** What holds for a sample that a fragment says nothing else of (`trex`). */
export interface TrackDefaults {
  trackId: number;
  duration: number;
  bytes: number;
  flags: number;
}

// Fragments are a second long; a larger number is damage and must not fill the memory.
const MAX_SAMPLES = 10_000;
// Bit of the sample flags: this one needs others to be decoded.
const IS_NOT_KEY = 0x0001_0000;

/** The samples of one `moof` box that begins at `start` of its file (ISO/IEC 14496-12, 8.8). */
export function fragmentSamples(moof: Buffer, start: number, track: TrackDefaults): Sample[] {
  const inside = boxesIn(moof)[0];
  const samples: Sample[] = [];
  if (inside === undefined) return samples;
  for (const traf of boxesIn(moof, inside.content, inside.end)) {
    if (traf.type !== "traf") continue;
    const head = findBox(moof, "tfhd", traf.content, traf.end);
    const time = findBox(moof, "tfdt", traf.content, traf.end);
    if (head === undefined || moof.readUInt32BE(head.content + 4) !== track.trackId) continue;
    const flags = moof.readUInt32BE(head.content);
    const base = fragmentDefaults(moof, head.content + 8, flags, start, track);
    let at = 0;
    if (time !== undefined) {
      at =
        moof[time.content] === 1
          ? Number(moof.readBigUInt64BE(time.content + 4))
          : moof.readUInt32BE(time.content + 4);
    }
    for (const run of boxesIn(moof, traf.content, traf.end)) {
      if (run.type !== "trun") continue;
      for (const sample of runSamples(moof, run.content, base)) {
        samples.push({ ...sample, at });
        at += sample.duration;
      }
    }
  }
  return samples;
}

interface FragmentDefaults {
  /** Where the data of the next run begins unless it says so itself. */
  offset: number;
  base: number;
  duration: number;
  bytes: number;
  flags: number;
}

function fragmentDefaults(
  moof: Buffer,
  from: number,
  flags: number,
  start: number,
  track: TrackDefaults,
): FragmentDefaults {
  let at = from;
  const next = () => {
    at += 4;
    return moof.readUInt32BE(at - 4);
  };
  let base = start;
  if (flags & 0x01) {
    base = Number(moof.readBigUInt64BE(at));
    at += 8;
  }
  if (flags & 0x02) next();
  const duration = flags & 0x08 ? next() : track.duration;
  const bytes = flags & 0x10 ? next() : track.bytes;
  return { base, offset: base, duration, bytes, flags: flags & 0x20 ? next() : track.flags };
}

function runSamples(moof: Buffer, content: number, base: FragmentDefaults): Omit<Sample, "at">[] {
  const flags = moof.readUInt32BE(content);
  const count = moof.readUInt32BE(content + 4);
  if (count > MAX_SAMPLES) throw new RangeError("a fragment of too many pictures");
  let at = content + 8;
  const next = () => {
    at += 4;
    return moof.readUInt32BE(at - 4);
  };
  if (flags & 0x01) {
    base.offset = base.base + moof.readInt32BE(at);
    at += 4;
  }
  const firstFlags = flags & 0x04 ? next() : null;
  const samples: Omit<Sample, "at">[] = [];
  for (let i = 0; i < count && at <= moof.length; i++) {
    const duration = flags & 0x100 ? next() : base.duration;
    const bytes = flags & 0x200 ? next() : base.bytes;
    const own = flags & 0x400 ? next() : i === 0 && firstFlags !== null ? firstFlags : base.flags;
    const displayOffset = flags & 0x800 ? next() | 0 : 0;
    samples.push({ offset: base.offset, bytes, duration, displayOffset, isKey: (own & IS_NOT_KEY) === 0 });
    base.offset += bytes;
  }
  return samples;
}
