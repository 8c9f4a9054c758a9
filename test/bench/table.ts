/** Value at a share of the sorted numbers, 0.5 for the median. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return (sorted[low] ?? Number.NaN) + ((sorted[Math.ceil(at)] ?? 0) - (sorted[low] ?? 0)) * (at - low);
}

/** 95 % interval of a share after Wilson (1927), as percent. */
export function wilson(right: number, all: number): [number, number] {
  if (all === 0) return [0, 0];
  const [p, z] = [right / all, 1.96];
  const d = 1 + (z * z) / all;
  const middle = (p + (z * z) / (2 * all)) / d;
  const half = (z * Math.sqrt((p * (1 - p)) / all + (z * z) / (4 * all * all))) / d;
  return [100 * Math.max(0, middle - half), 100 * Math.min(1, middle + half)];
}

/** Prints rows as a Markdown table. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  console.log(`\n${title}\n`);
  console.log(`| ${head.join(" | ")} |`);
  console.log(`|${head.map((_, i) => (i === 0 ? "---" : "---:")).join("|")}|`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}

export function percent(right: number, all: number): string {
  return all === 0 ? "–" : ((100 * right) / all).toFixed(1);
}
