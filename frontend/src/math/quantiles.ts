/** Percentile lines: the same method as `HistogramSeries.quantile`. */

import type { Tile } from "../data/types";
import { pointLower } from "./rebin";

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
  const below = new Float64Array(width);
  const next = new Uint8Array(width);
  for (let bin = 0; bin < lower.length; bin++) {
    const low = pointLower(lower[bin]!, upper[bin]!);
    const high = low === lower[bin]! ? upper[bin]! : 0;
    const from = bin * width;
    for (let c = 0; c < width; c++) {
      const count = counts[from + c]!;
      if (count === 0) continue;
      let k = next[c]!;
      for (; k < shares.length; k++) {
        const target = shares[k]! * totals[c]!;
        if (target > below[c]! + count) break;
        const part = (target - below[c]!) / count;
        const value = low * (1 - part) + high * part;
        values[k]![c] = Math.min(Math.max(value, columns.min[c]!), columns.max[c]!);
      }
      next[c] = k;
      below[c]! += count;
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
