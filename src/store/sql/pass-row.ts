import type { PassRecord } from "../../core/records.js";

/** A row of `pass` as `passColumns` selects it. */
export interface PassRow extends Omit<PassRecord, "looks" | "letThrough"> {
  looksCompared: number | null;
  looksLikeness: number | null;
  looksOdd: number | null;
  letThrough: number | null;
}

/** The columns of a pass; `passOf` makes a record of them. */
export const passColumns = `id, site, gate, camera, track_id as trackId, started_at as startedAt, ended_at as endedAt, plate, probability,
  direction, frames, verdict, reason, sentence, clip_id as clipId,
  looks_compared as looksCompared, looks_likeness as looksLikeness, looks_odd as looksOdd, let_through as letThrough`;

export function passOf(row: PassRow): PassRecord {
  const { looksCompared, looksLikeness, looksOdd, letThrough, ...pass } = row;
  return {
    ...pass,
    ...(looksCompared === null || looksLikeness === null
      ? {}
      : { looks: { compared: looksCompared, likeness: looksLikeness, isOdd: looksOdd === 1 } }),
    ...(letThrough === null ? {} : { letThrough: letThrough === 1 }),
  };
}

/** What `passOf` takes apart again. */
export function rowOf({ looks, letThrough, ...pass }: PassRecord): PassRow {
  return {
    ...pass,
    looksCompared: looks?.compared ?? null,
    looksLikeness: looks?.likeness ?? null,
    looksOdd: looks ? Number(looks.isOdd) : null,
    letThrough: letThrough === undefined ? null : Number(letThrough),
  };
}
