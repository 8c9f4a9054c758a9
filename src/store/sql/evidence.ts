import { ALPHABET } from "../../core/plate.js";

/** Probabilities as one byte each: 0..1 becomes 0..255, rounded. Fine enough to search by, small enough for a card. */
export function unitToBytes(values: readonly number[]): Buffer {
  return Buffer.from(values.map((v) => Math.round(Math.min(Math.max(v, 0), 1) * 255)));
}

export function bytesToUnit(bytes: Uint8Array): number[] {
  return Array.from(bytes, (b) => b / 255);
}

/** Evidence, slots of 37 probabilities, as 37 bytes a slot. */
export function rowsToBytes(rows: readonly (readonly number[])[]): Buffer {
  for (const row of rows) {
    if (row.length !== ALPHABET.length)
      throw new RangeError(
        `An evidence slot has ${row.length} probabilities, ${ALPHABET.length} are needed.`,
      );
  }
  return Buffer.concat(rows.map(unitToBytes));
}

export function bytesToRows(bytes: Uint8Array): number[][] {
  const rows: number[][] = [];
  for (let at = 0; at + ALPHABET.length <= bytes.length; at += ALPHABET.length) {
    rows.push(bytesToUnit(bytes.subarray(at, at + ALPHABET.length)));
  }
  return rows;
}

/** The integers of a vector that was stored as signed bytes. */
export function numbersOf(vector: Buffer): number[] {
  return [...new Int8Array(vector.buffer, vector.byteOffset, vector.byteLength)];
}
