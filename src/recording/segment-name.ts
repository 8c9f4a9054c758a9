import { basename } from "node:path";

/** The recorder names a segment by its first moment in UTC, so that a lost row can be made anew. */
export function segmentName(startedAt: number): string {
  return `${new Date(startedAt).toISOString().replace(/[-:.]/g, "")}.mp4`;
}

/** The wall time in a segment's name; null for any other file. */
export function startInName(path: string): number | null {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.mp4$/.exec(basename(path));
  return m === null ? null : Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}.${m[7]}Z`);
}

/** The same file gives the same id, so that entering it twice changes nothing. */
export function segmentId(path: string): string {
  return path.replace(/\.mp4$/, "").replaceAll("/", "-");
}
