import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { box, fullBox, u32, u64 } from "../../src/recording/mp4-boxes.js";
import { segmentName } from "../../src/recording/segment-name.js";

export interface SegmentShape {
  /** One picture after the other, each a second's fraction. */
  fps: number;
  seconds: number;
  /** Fragments of this many pictures, each beginning with a key picture. */
  perFragment: number;
  bytesPerPicture: number;
  /** Goes into the codec configuration: another one is another format. */
  format: string;
  /** First byte of every picture, to tell files apart. */
  mark: number;
}

const TICKS = 1000;

/** A fragmented MP4 as the recorder writes it, with made-up pictures: whatever does not decode can work with it. */
export function segmentBytes(part: Partial<SegmentShape> = {}): Buffer {
  return Buffer.concat(segmentPieces(part));
}

/** The same, header and fragments apart. */
export function segmentPieces(part: Partial<SegmentShape> = {}): Buffer[] {
  const shape = { fps: 10, seconds: 4, perFragment: 10, bytesPerPicture: 500, format: "A", mark: 1, ...part };
  const pictures = shape.fps * shape.seconds;
  const pieces: Buffer[] = [Buffer.concat([box("ftyp", Buffer.from("iso6"), u32(0)), header(shape.format)])];
  for (let at = 0, number = 1; at < pictures; at += shape.perFragment, number++) {
    pieces.push(fragment(number, at, Math.min(shape.perFragment, pictures - at), shape));
  }
  return pieces;
}

/** Writes a segment into `folder/camera` under the name that the recorder would give it; gives the absolute path. */
export function writeSegment(
  folder: string,
  camera: string,
  startedAt: number,
  shape: Partial<SegmentShape> = {},
): string {
  const path = join(folder, camera, segmentName(startedAt));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, segmentBytes(shape));
  return path;
}

function header(format: string): Buffer {
  const entry = box(
    "avc1",
    Buffer.alloc(24),
    u32((640 << 16) | 360),
    Buffer.alloc(50),
    box("avcC", Buffer.from(format)),
  );
  const empty = (type: string, numbers: number[]) => fullBox(type, 0, 0, u32(...numbers));
  const table = box(
    "stbl",
    fullBox("stsd", 0, 0, u32(1), entry),
    empty("stts", [0]),
    empty("stsc", [0]),
    empty("stsz", [0, 0]),
    empty("stco", [0]),
  );
  const media = box(
    "mdia",
    fullBox("mdhd", 0, 0, u32(0, 0, TICKS, 0, 0)),
    fullBox("hdlr", 0, 0, u32(0), Buffer.from("vide"), u32(0, 0, 0), Buffer.from("v\0")),
    box("minf", table),
  );
  const trackHead = fullBox("tkhd", 0, 7, u32(0, 0, 1, 0, 0), Buffer.alloc(60));
  return box(
    "moov",
    fullBox("mvhd", 0, 0, Buffer.alloc(96)),
    box("trak", trackHead, media),
    box("mvex", fullBox("trex", 0, 0, u32(1, 1, 0, 0, 0))),
  );
}

function fragment(number: number, from: number, count: number, shape: SegmentShape): Buffer {
  const duration = TICKS / shape.fps;
  const samples = Array.from({ length: count }, (_, i) =>
    u32(duration, shape.bytesPerPicture, i === 0 ? 0 : 0x10000),
  );
  const moof = (dataAt: number) =>
    box(
      "moof",
      fullBox("mfhd", 0, 0, u32(number)),
      box(
        "traf",
        fullBox("tfhd", 0, 0x020000, u32(1)),
        fullBox("tfdt", 1, 0, u64(from * duration)),
        fullBox("trun", 0, 0x701, u32(count, dataAt), ...samples),
      ),
    );
  const pictures = Array.from({ length: count }, (_, i) => {
    const bytes = Buffer.alloc(shape.bytesPerPicture, shape.mark);
    bytes.writeUInt32BE(shape.bytesPerPicture - 4);
    bytes.writeUInt32BE(from + i, 4);
    return bytes;
  });
  return Buffer.concat([moof(moof(0).length + 8), box("mdat", ...pictures)]);
}
