/** From counts to colour: the quantity a cell shows, its place on the colour bar, the bar's ticks. */

import { formatCount, formatShare, formatTick, formatValue } from "./format";
import type { CellGrid } from "./rebin";
import { linearTicks, logTicks, spread } from "./ticks";
import type { Columns } from "./tile";
import type { Tick } from "./value_scale";

/**
 * share: count / all values of the step, 0..1. count: values per record. density: share per unit of value.
 * peak: count / count of the step's fullest cell, 0..1 (each step scaled by itself).
 */
export type Quantity = "share" | "count" | "density" | "peak";
export type Curve = "linear" | "sqrt" | "log";

/** Smallest positive and largest quantity of some cells; [0, 0] when all are empty. */
export interface CellExtent {
  readonly least: number;
  readonly most: number;
}

/** Immutable. Quantities from lo to hi spread over the colour map; those outside take its end colours. */
export interface ColourScale {
  readonly quantity: Quantity;
  readonly curve: Curve;
  readonly lo: number;
  readonly hi: number;
}

/** A log scale shows at most this many decades, so that single values do not take half of the colours. */
const LOG_DECADES = 5;

const LABELS: Readonly<Record<Quantity, string>> = {
  share: "share of the step's values",
  count: "values per step",
  density: "share per unit of value",
  peak: "share of the step's fullest cell",
};

/** Words for the colour bar. */
export function quantityToLabel(quantity: Quantity): string {
  return LABELS[quantity];
}

/** A quantity as text with its unit. */
export function formatQuantity(quantity: Quantity, value: number): string {
  if (quantity === "count") return formatCount(value);
  return quantity === "density" ? formatValue(value) : formatShare(value);
}

/** An end of a colour scale, where small shares matter: 0.00012 %. */
export function formatEnd(quantity: Quantity, value: number): string {
  if (quantity === "count") return formatCount(value);
  return isPercent(quantity) ? `${formatValue(value * 100, 2)} %` : formatValue(value);
}

/** Whether a quantity is written in percent. */
export function isPercent(quantity: Quantity): boolean {
  return quantity === "share" || quantity === "peak";
}

/** What counts of a column are divided by; `peak` is scaled by its step's fullest cell instead. */
export function divisors(columns: Columns, quantity: Quantity): ArrayLike<number> {
  return quantity === "count" ? columns.records : columns.n;
}

/**
 * What a row's shares are divided by: its width for density, else its height beside the usual one, so that a row made
 * of three bins is not brighter than its neighbour made of two.
 */
export function rowDivisor({ edges, heights }: CellGrid, row: number, quantity: Quantity): number {
  return quantity === "density" ? edges[row + 1]! - edges[row]! : (heights?.[row] ?? 1);
}

/** Extent of a panel's cells, column by column (before pixels pool them). */
export function cellExtent(grid: CellGrid, columns: Columns, quantity: Quantity): CellExtent {
  const inverse = inverses(grid, columns, quantity);
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let row = 0; row < grid.rows; row++) {
    const from = row * grid.columns;
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let c = 0; c < grid.columns; c++) {
      const value = grid.counts[from + c]! * inverse[c]!;
      if (value > high) high = value;
      if (value > 0 && value < low) low = value;
    }
    const divisor = rowDivisor(grid, row, quantity);
    if (low / divisor < least) least = low / divisor;
    if (high / divisor > most) most = high / divisor;
  }
  return most > 0 ? { least, most } : { least: 0, most: 0 };
}

/** One extent for panels that are compared. */
export function joinExtents(extents: readonly CellExtent[]): CellExtent {
  const some = extents.filter((extent) => extent.most > 0);
  if (some.length === 0) return { least: 0, most: 0 };
  return {
    least: Math.min(...some.map((extent) => extent.least)),
    most: Math.max(...some.map((extent) => extent.most)),
  };
}

/** The scale for an extent; limits (same unit as the quantity) override either end. */
export function colourScale(
  quantity: Quantity,
  curve: Curve,
  extent: CellExtent,
  limits: readonly [number | null, number | null] = [null, null],
): ColourScale {
  const low = Math.max(0, limits[0] ?? 0);
  const most = extent.most > 0 ? extent.most : 1;
  // A lower limit above all cells leaves them in the lowest colour.
  const auto = most > low ? most : 10 * low;
  const hi = limits[1] !== null && limits[1] > 0 ? limits[1] : auto;
  if (curve !== "log") return { quantity, curve, lo: low < hi ? low : 0, hi };
  const least = Math.max(extent.least, hi * 10 ** -LOG_DECADES);
  const lo = low > 0 ? low : least;
  return { quantity, curve, lo: lo < hi ? lo : hi / 10, hi };
}

/** Place on the colour bar, 0..1, clamped. */
export function quantityToShare(scale: ColourScale, value: number): number {
  const { lo, hi, curve } = scale;
  if (!(value > lo)) return 0;
  if (value >= hi) return 1;
  const linear = (value - lo) / (hi - lo);
  if (curve === "linear") return linear;
  return curve === "sqrt" ? Math.sqrt(linear) : Math.log(value / lo) / Math.log(hi / lo);
}

/** Inverse of `quantityToShare` for 0..1. */
export function shareToQuantity(scale: ColourScale, share: number): number {
  const { lo, hi, curve } = scale;
  if (curve === "log") return lo * (hi / lo) ** share;
  return lo + (hi - lo) * (curve === "sqrt" ? share * share : share);
}

/** About `count` round ticks of the colour bar, in real units. */
export function colourTicks(scale: ColourScale, count: number): readonly Tick[] {
  const percent = isPercent(scale.quantity) ? 100 : 1;
  const lo = scale.lo * percent;
  const hi = scale.hi * percent;
  const values = scale.curve === "log" ? logTicks(lo, hi, count) : linearTicks(lo, hi, count);
  const valueToFraction = (value: number): number => quantityToShare(scale, value / percent);
  return spread(values, 0.5 / Math.max(1, count), valueToFraction).map((value) => ({
    value: value / percent,
    share: valueToFraction(value),
    label: percent === 100 ? `${formatTick(value)} %` : tickLabel(scale.quantity, value),
  }));
}

function tickLabel(quantity: Quantity, value: number): string {
  return quantity === "count" ? formatCount(value) : formatTick(value);
}

/** What turns each column's counts into quantities, rows' widths apart. */
export function inverses(grid: CellGrid, columns: Columns, quantity: Quantity): Float64Array {
  const divisor = quantity === "peak" ? peaks(grid) : divisors(columns, quantity);
  const inverse = new Float64Array(divisor.length);
  for (let c = 0; c < inverse.length; c++) inverse[c] = divisor[c]! > 0 ? 1 / divisor[c]! : 0;
  return inverse;
}

/** Count of each column's fullest cell, in rows of the usual height. */
function peaks(grid: CellGrid): Float64Array {
  const most = new Float64Array(grid.columns);
  for (let row = 0; row < grid.rows; row++) {
    const from = row * grid.columns;
    const height = rowDivisor(grid, row, "peak");
    for (let c = 0; c < grid.columns; c++) {
      const count = grid.counts[from + c]! / height;
      if (count > most[c]!) most[c] = count;
    }
  }
  return most;
}
