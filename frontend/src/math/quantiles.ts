/** Percentile lines: the same method as `HistogramSeries.quantile`. */

import { pointLower } from "./rebin";
import type { Tile } from "./tile";

/** What the page draws as lines. */
export const PERCENTILES: readonly number[] = [0.05, 0.25, 0.5, 0.75, 0.95];

/**
 * Value below which each share of a column's finite values lies, one array of C values per share.
 * shares: ascending, 0..1. Linear inside a bin, kept within the column's [min, max]; NaN where a column
 * has no finite value.
 */
export function quantiles(tile: Tile, shares: readonly number[] = PERCENTILES): readonly Float64Array[] {
  const { columns, counts, lower, upper } = tile;
  const width = columns.length;
  const values = shares.map(() => new Float64Array(width).fill(Number.NaN));
  const totals = columnTotals(tile);
  const { min, max } = columns;
  const targets = Float64Array.of(...shares, Number.POSITIVE_INFINITY);
  const done = new Uint8Array(width);
  const sums = new Float64Array(width);
  // The sum at which a column's next share is reached; most bins reach none, so this is all they compare.
  const wanted = totals.map((total) => (total > 0 ? targets[0]! * total : Infinity));
  for (let bin = 0; bin < lower.length; bin++) {
    const low = pointLower(lower[bin]!, upper[bin]!);
    const high = low === lower[bin]! ? upper[bin]! : 0;
    const from = bin * width;
    for (let c = 0; c < width; c++) {
      const count = counts[from + c]!;
      const below = sums[c]!;
      const sum = below + count;
      sums[c] = sum;
      if (sum < wanted[c]! || count === 0) continue;
      while (sum >= wanted[c]!) {
        const part = (wanted[c]! - below) / count;
        const value = low * (1 - part) + high * part;
        const next = done[c]!;
        values[next]![c] = Math.min(Math.max(value, min[c]!), max[c]!);
        done[c] = next + 1;
        wanted[c] = targets[next + 1]! * totals[c]!;
      }
    }
  }
  return values;
}

/** Number of finite values of each column. */
export function columnTotals(tile: Pick<Tile, "columns">): Float64Array {
  const { n, nans, posInfs, negInfs, length } = tile.columns;
  const totals = new Float64Array(length);
  for (let c = 0; c < length; c++) totals[c] = n[c]! - nans[c]! - posInfs[c]! - negInfs[c]!;
  return totals;
}
