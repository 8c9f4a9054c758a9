/** Name of a segment: its first moment in UTC, so that names sort by time and a lost row can be made anew. */
export function segmentName(startedAt: number): string {
  return `${new Date(startedAt).toISOString().replace(/[-:.]/g, "")}.mp4`;
}

/** The wall time in a segment's name in ms; null for any other file. */
export function segmentStart(name: string): number | null {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.mp4$/.exec(name);
  if (m === null) return null;
  const at = Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}.${m[7]}Z`);
  return Number.isNaN(at) ? null : at;
}
