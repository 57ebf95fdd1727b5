/** Shares of special values per column: near zero, exactly zero, saturated, not finite. */

import { columnTotals } from "./quantiles";
import { rebin } from "./rebin";
import type { Tile } from "./tile";

/** |x| up to this is near zero, as in fastai's charts (which count every negative value as well). */
export const NEAR_ZERO = 0.05;

/** Within 1 % of its bound an activation function passes less than 2 % (tanh) of the gradient. */
const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  Tanh: [-0.99, 0.99],
  Sigmoid: [0.01, 0.99],
  Hardtanh: [-0.99, 0.99],
  Hardsigmoid: [0.01, 0.99],
  Softsign: [-0.99, 0.99],
};
/** Half-precision values from here on are one doubling away from infinity. */
const HALF_LIMIT = 32_752;

/** Share of a column's finite values with |x| <= eps; NaN where there are none. */
export function shareNearZero(tile: Tile, eps: number = NEAR_ZERO): Float64Array {
  const inside = rebin(tile, Float64Array.of(-eps, eps)).counts;
  return divided(inside, columnTotals(tile));
}

/** Share of a column's finite values that are exactly 0; NaN for histograms of other tools, of which it is not known. */
export function shareZero(tile: Tile): Float64Array {
  const totals = columnTotals(tile);
  return divided(tile.columns.zeros, tile.source === "blocks" ? totals : totals.fill(0));
}

/** Share of a column's finite values below lo or from hi on. */
export function shareOutside(tile: Tile, lo: number, hi: number): Float64Array {
  const { below, above } = rebin(tile, Float64Array.of(lo, hi));
  return divided(
    below.map((count, c) => count + above[c]!),
    columnTotals(tile),
  );
}

/** Bounds beyond which a layer counts as saturated; null for types without any. */
export function saturationBounds(type: string, dtype: string): readonly [number, number] | null {
  return BOUNDS[type] ?? (dtype === "float16" ? [-HALF_LIMIT, HALF_LIMIT] : null);
}

function divided(counts: Float64Array, totals: Float64Array): Float64Array {
  return counts.map((count, c) => (totals[c]! > 0 ? count / totals[c]! : Number.NaN));
}
