/** Boxes of an MP4 file (ISO/IEC 14496-12): length, four letters, content. */

export interface BoxAt {
  type: string;
  /** Where the box begins and where its content begins and ends, in bytes of the buffer or file. */
  start: number;
  content: number;
  end: number;
}

/** The boxes that lie one after the other in `bytes[from, to)`; stops at the first one that does not fit. */
export function boxesIn(bytes: Buffer, from = 0, to = bytes.length): BoxAt[] {
  const boxes: BoxAt[] = [];
  for (let at = from; at + 8 <= to; ) {
    const head = boxHead(bytes, at);
    if (head === null || at + head.length > to) break;
    boxes.push({ type: head.type, start: at, content: at + head.headLength, end: at + head.length });
    at += head.length;
  }
  return boxes;
}

/** Type and length of the box that begins at `at`; null when these bytes begin none. A length of 0 (to the end) is not accepted. */
export function boxHead(
  bytes: Buffer,
  at: number,
): { type: string; headLength: number; length: number } | null {
  if (at + 8 > bytes.length) return null;
  const short = bytes.readUInt32BE(at);
  const type = bytes.toString("latin1", at + 4, at + 8);
  if (!/^[a-zA-Z0-9 ]{4}$/.test(type)) return null;
  if (short !== 1) return short < 8 ? null : { type, headLength: 8, length: short };
  if (at + 16 > bytes.length) return null;
  const long = Number(bytes.readBigUInt64BE(at + 8));
  return long < 16 || !Number.isSafeInteger(long) ? null : { type, headLength: 16, length: long };
}

/** The first box along a path such as `mdia/minf/stbl` within `bytes[from, to)`. */
export function findBox(bytes: Buffer, path: string, from = 0, to = bytes.length): BoxAt | undefined {
  const [first, ...rest] = path.split("/");
  for (const box of boxesIn(bytes, from, to)) {
    if (box.type !== first) continue;
    if (rest.length === 0) return box;
    const found = findBox(bytes, rest.join("/"), box.content, box.end);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A box of these contents. */
export function box(type: string, ...contents: Uint8Array[]): Buffer {
  const length = contents.reduce((n, c) => n + c.byteLength, 8);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, ...contents], length);
}

/** A box with version and flags in front. */
export function fullBox(type: string, version: number, flags: number, ...contents: Uint8Array[]): Buffer {
  return box(type, u32((version << 24) | flags), ...contents);
}

/** Unsigned 32-bit numbers, big end first. A long list is given as one: spread over arguments it overflows the stack. */
export function u32(...values: (number | readonly number[])[]): Buffer {
  const all = values.flat();
  const bytes = Buffer.alloc(all.length * 4);
  for (const [i, value] of all.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.round(value)));
  return bytes;
}
