/** Limits of the colour scale: where they are set by themselves, and what lies beyond them. */

import {
  type CellExtent,
  type ColourScale,
  colourScale,
  inverses,
  type Quantity,
  quantityToShare,
  rowDivisor,
  shareToQuantity,
} from "./normalise";
import type { CellGrid } from "./rebin";
import type { Columns } from "./tile";

/** Of the occupied cells, this share at either end of the scale is left saturated by the limits set by themselves. */
export const SATURATED_SHARE = 0.005;

/** Quantities are told apart by sign, exponent and 9 bits of the mantissa (0.2 %), as colours are. */
const BUCKET_SHIFT = 14;
const BUCKETS = 1 << (31 - BUCKET_SHIFT);
const WORD = new Uint32Array(1);
const FLOAT = new Float32Array(WORD.buffer);

/** Extent of the occupied cells without the lowest and the highest 0.5 % of them. */
export function contrastExtent(grid: CellGrid, columns: Columns, quantity: Quantity): CellExtent {
  const inverse = inverses(grid, columns, quantity);
  const buckets = new Uint32Array(BUCKETS);
  let [cells, least, most] = [0, Number.POSITIVE_INFINITY, 0];
  for (let row = 0; row < grid.rows; row++) {
    const from = row * grid.columns;
    const width = rowDivisor(grid, row, quantity);
    for (let c = 0; c < grid.columns; c++) {
      const count = grid.counts[from + c]!;
      if (count === 0) continue;
      const value = (count * inverse[c]!) / width;
      if (value < least) least = value;
      if (value > most) most = value;
      FLOAT[0] = value;
      buckets[WORD[0]! >>> BUCKET_SHIFT]!++;
      cells++;
    }
  }
  if (cells === 0) return { least: 0, most: 0 };
  const beyond = Math.floor((cells - 1) * SATURATED_SHARE);
  let [first, last] = [0, BUCKETS - 1];
  for (let seen = buckets[0]!; seen <= beyond; seen += buckets[first]!) first++;
  for (let seen = buckets[BUCKETS - 1]!; seen <= beyond; seen += buckets[last]!) last--;
  // The lower end of the first bucket and the upper end of the last, so that no more than meant is beyond.
  return { least: Math.max(least, bucketStart(first)), most: Math.min(most, bucketStart(last + 1)) };
}

function bucketStart(bucket: number): number {
  WORD[0] = bucket << BUCKET_SHIFT;
  return FLOAT[0]!;
}

/** Occupied cells, and how many of them lie beyond either end of a scale. */
export interface Saturation {
  readonly cells: number;
  readonly below: number;
  readonly above: number;
}

export function saturation(grid: CellGrid, columns: Columns, { quantity, lo, hi }: ColourScale): Saturation {
  const inverse = inverses(grid, columns, quantity);
  let [cells, below, above] = [0, 0, 0];
  for (let row = 0; row < grid.rows; row++) {
    const from = row * grid.columns;
    const width = rowDivisor(grid, row, quantity);
    // Ends that were taken from the cells are not beyond themselves.
    const [low, high] = [lo * width * (1 - 1e-9), hi * width * (1 + 1e-9)];
    for (let c = 0; c < grid.columns; c++) {
      const count = grid.counts[from + c]!;
      if (count === 0) continue;
      const value = count * inverse[c]!;
      cells++;
      if (value < low) below++;
      else if (value > high) above++;
    }
  }
  return { cells, below, above };
}

/** What the colour bar spans: all cells, and the limits where they reach further. */
export function barScale(scale: ColourScale, extent: CellExtent): ColourScale {
  const { quantity, curve, lo, hi } = scale;
  const whole = colourScale(quantity, curve, { least: extent.least, most: Math.max(extent.most, hi) });
  return { ...whole, lo: Math.min(whole.lo, lo) };
}

/** Place on the bar to place among the colours; both 0..1. */
export function barToColour(bar: ColourScale, scale: ColourScale, share: number): number {
  return quantityToShare(scale, shareToQuantity(bar, share));
}
