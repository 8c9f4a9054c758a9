import type { Page } from "../../core/repositories.js";

/** Newest first, page by page: what fits the filter, as records. */
export function newest<S extends { seq: number }, T>(
  rows: Iterable<S>,
  fits: (row: S) => boolean,
  { limit = 50, before }: { limit?: number; before?: string },
  record: (row: S) => T,
): Page<T> {
  const count = Math.min(Math.max(limit, 1), 1000);
  const found = [...rows].filter((row) => (before === undefined || row.seq < Number(before)) && fits(row));
  found.sort((a, b) => b.seq - a.seq);
  const items = found.slice(0, count);
  return { items: items.map(record), next: found.length > count ? String(items.at(-1)!.seq) : null };
}

/** Whether a plate fits a pattern of `?` (one character) and `*` (any run). */
export function matches(pattern: string, plate: string): boolean {
  const clean = pattern.toUpperCase().replace(/[^A-Z0-9?*#]/g, "");
  return new RegExp(`^${clean.replaceAll("?", ".").replaceAll("*", ".*")}$`).test(plate);
}
