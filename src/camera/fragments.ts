import { pictureFormat } from "./picture-format.js";

/** A part of a fragmented MP4 stream: the header, or one fragment (`moof` and `mdat`) that can be appended to it. */
export type Mp4Part =
  | { kind: "header"; data: Buffer; timescale: number }
  | {
      kind: "fragment";
      data: Buffer;
      /** It begins with a key frame: a file may begin here. */
      key: boolean;
      /** Of the pictures, where a key frame begins the fragment and tells it; else empty. */
      format: string;
      /** Start and length on the stream's own scale. */
      startMs: number;
      durationMs: number;
    };

/** The stream is no fragmented MP4 with one track. */
export class Mp4Error extends Error {}

/**
 * Cuts the byte stream of a fragmenting muxer into header and fragments (ISO/IEC 14496-12: `ftyp moov`, then `moof mdat`
 * again and again; other boxes are left out). Bytes may come in pieces of any size. Throws `Mp4Error`.
 */
export function createFragmentReader() {
  let pieces: Buffer[] = [];
  let waiting = 0;
  let needed = 8;
  let ftyp: Buffer | null = null;
  let moof: Buffer | null = null;
  let timescale = 0;
  let codec: "h264" | "h265" = "h264";
  let defaults: TrackDefaults = { duration: 0, flags: 0 };

  return {
    push(bytes: Buffer): Mp4Part[] {
      pieces.push(bytes);
      waiting += bytes.length;
      const parts: Mp4Part[] = [];
      while (waiting >= needed) {
        if (pieces.length > 1) pieces = [Buffer.concat(pieces)];
        const all = pieces[0]!;
        const size = all.readUInt32BE(0);
        if (size < 8 || size > 256 * 1024 * 1024) throw new Mp4Error(`a box of ${size} bytes`);
        needed = size;
        if (waiting < size) break;
        const part = take(all.toString("latin1", 4, 8), all.subarray(0, size));
        if (part !== null) parts.push(part);
        pieces = all.length > size ? [all.subarray(size)] : [];
        waiting -= size;
        needed = 8;
      }
      return parts;
    },
  };

  function take(type: string, box: Buffer): Mp4Part | null {
    if (type === "ftyp") ftyp = box;
    else if (type === "moov") {
      const media = inside(box, "trak", "mdia", "mdhd");
      if (media === null) throw new Mp4Error("a header without a track");
      timescale = media.readUInt32BE(media[8] === 1 ? 28 : 20);
      codec = box.includes("hvcC") ? "h265" : "h264";
      const trex = inside(box, "mvex", "trex");
      if (trex !== null) defaults = { duration: trex.readUInt32BE(20), flags: trex.readUInt32BE(28) };
      return { kind: "header", data: Buffer.concat(ftyp === null ? [box] : [ftyp, box]), timescale };
    } else if (type === "moof") moof = Buffer.from(box);
    else if (type === "mdat" && moof !== null) {
      const { start, duration, key } = readMoof(moof, defaults);
      const data = Buffer.concat([moof, box]);
      moof = null;
      return {
        kind: "fragment",
        data,
        key,
        format: key ? pictureFormat(box, codec) : "",
        startMs: (start * 1000) / timescale,
        durationMs: (duration * 1000) / timescale,
      };
    }
    return null;
  }
}

/** Moves a fragment in time, in place: `startMs` becomes its beginning on a scale of `timescale` a second. */
export function moveFragment(fragment: Buffer, startMs: number, timescale: number): void {
  const tfdt = inside(fragment.subarray(0, fragment.readUInt32BE(0)), "traf", "tfdt");
  if (tfdt === null) return;
  const start = Math.max(0, Math.round((startMs * timescale) / 1000));
  if (tfdt[8] === 1) tfdt.writeBigUInt64BE(BigInt(start), 12);
  else tfdt.writeUInt32BE(start, 12);
}

/** The box at a path inside another one; null where there is none. It shares the memory of its parent. */
export function inside(box: Buffer, ...path: string[]): Buffer | null {
  let found = box;
  for (const type of path) {
    let next: Buffer | null = null;
    for (let at = 8; at + 8 <= found.length; ) {
      const size = found.readUInt32BE(at);
      if (size < 8) break;
      if (found.toString("latin1", at + 4, at + 8) === type) {
        next = found.subarray(at, at + size);
        break;
      }
      at += size;
    }
    if (next === null) return null;
    found = next;
  }
  return found;
}

interface TrackDefaults {
  duration: number;
  flags: number;
}

function readMoof(moof: Buffer, track: TrackDefaults): { start: number; duration: number; key: boolean } {
  const tfhd = inside(moof, "traf", "tfhd");
  const tfdt = inside(moof, "traf", "tfdt");
  const trun = inside(moof, "traf", "trun");
  if (tfhd === null || tfdt === null || trun === null)
    throw new Mp4Error("a fragment without tfhd, tfdt or trun");
  const start = tfdt[8] === 1 ? Number(tfdt.readBigUInt64BE(12)) : tfdt.readUInt32BE(12);

  const has = tfhd.readUInt32BE(8);
  let at = 16 + (has & 0x01 ? 8 : 0) + (has & 0x02 ? 4 : 0);
  const sampleDuration = has & 0x08 ? tfhd.readUInt32BE(at) : track.duration;
  at += (has & 0x08 ? 4 : 0) + (has & 0x10 ? 4 : 0);
  const sampleFlags = has & 0x20 ? tfhd.readUInt32BE(at) : track.flags;

  const run = trun.readUInt32BE(8);
  const samples = trun.readUInt32BE(12);
  at = 16 + (run & 0x001 ? 4 : 0);
  let firstFlags = run & 0x004 ? trun.readUInt32BE(at) : sampleFlags;
  at += run & 0x004 ? 4 : 0;
  const row = [0x100, 0x200, 0x400, 0x800].reduce((bytes, flag) => bytes + (run & flag ? 4 : 0), 0);
  if (run & 0x400 && samples > 0)
    firstFlags = trun.readUInt32BE(at + (run & 0x100 ? 4 : 0) + (run & 0x200 ? 4 : 0));
  let duration = sampleDuration * samples;
  if (run & 0x100) {
    duration = 0;
    for (let n = 0; n < samples; n++) duration += trun.readUInt32BE(at + n * row);
  }
  return { start, duration, key: (firstFlags & 0x0001_0000) === 0 };
}
