/**
 * Weights for scaling one axis from `source` to `target` positions: for each target position the first source position
 * and then weights that sum to 256, always the same number of them. Shrinking averages the covered area, enlarging is
 * bilinear; the centres of the pixels are kept.
 */
export function weightTable(source: number, target: number): Uint16Array {
  const ratio = source / target;
  const taps = Math.min(source, ratio > 1 ? Math.ceil(ratio) + (Number.isInteger(ratio) ? 0 : 1) : 2);
  const table = new Uint16Array(target * (taps + 1));
  for (let i = 0; i < target; i++) {
    const shares = ratio > 1 ? covered(i * ratio, (i + 1) * ratio) : between((i + 0.5) * ratio - 0.5);
    const first = Math.max(0, Math.min(source - taps, shares.first));
    const row = new Float64Array(taps);
    for (const [n, share] of shares.weights.entries()) {
      const at = Math.min(taps - 1, Math.max(0, shares.first + n - first));
      row[at]! += share;
    }
    table[i * (taps + 1)] = first;
    table.set(inWholeNumbers(row), i * (taps + 1) + 1);
  }
  return table;
}

/** How much of each source pixel lies between two places. */
function covered(from: number, to: number): { first: number; weights: number[] } {
  const first = Math.floor(from + 1e-6);
  const weights: number[] = [];
  for (let at = first; at < to - 1e-6; at++) weights.push(Math.min(at + 1, to) - Math.max(at, from));
  return { first, weights };
}

function between(place: number): { first: number; weights: number[] } {
  const first = Math.floor(place);
  return { first, weights: [1 - (place - first), place - first] };
}

/** Shares as whole numbers that sum to 256 exactly: the largest remainders are rounded up. */
function inWholeNumbers(shares: Float64Array): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  const exact = Array.from(shares, (s) => (s / sum) * 256);
  const whole = exact.map(Math.floor);
  const order = exact.map((e, i) => ({ i, rest: e - whole[i]! })).sort((a, b) => b.rest - a.rest);
  for (let missing = 256 - whole.reduce((a, b) => a + b, 0), n = 0; missing > 0; missing--, n++)
    whole[order[n]!.i]!++;
  return whole;
}
