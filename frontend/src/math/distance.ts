/**
 * Earth mover's distance between columns: how far mass must be moved along the shown value axis, as a
 * share of the axis (0: equal; 1: all from one end to the other). In one dimension it is the area between
 * the two cumulative distributions (Vallender 1974). Rows must be equally high, as `ValueScale.edges` makes them.
 */

import { formatShare, formatValue } from "./format";
import type { CellGrid } from "./rebin";
import type { ValueScale } from "./value_scale";

/** Distance of two columns of grids with equal edges; NaN when either is empty. */
export function columnDistance(a: CellGrid, columnA: number, b: CellGrid, columnB: number): number {
  const totalA = columnTotal(a, columnA);
  const totalB = columnTotal(b, columnB);
  if (!(totalA > 0 && totalB > 0)) return Number.NaN;
  // What lies outside of the axis counts as lying one row beyond its end.
  let difference = a.below[columnA]! / totalA - b.below[columnB]! / totalB;
  let area = Math.abs(difference);
  for (let row = 0; row < a.rows; row++) {
    difference +=
      a.counts[row * a.columns + columnA]! / totalA - b.counts[row * b.columns + columnB]! / totalB;
    area += Math.abs(difference);
  }
  return Math.min(1, area / a.rows);
}

/** Distance of each column to the one before; NaN for the first. */
export function distanceToPrevious(grid: CellGrid): Float64Array {
  return Float64Array.from({ length: grid.columns }, (_, c) =>
    c === 0 ? Number.NaN : columnDistance(grid, c - 1, grid, c),
  );
}

/** Distance of each column of `a` to its partner in `b` (see align.ts); NaN without a partner. */
export function distanceBetween(a: CellGrid, b: CellGrid, partners: Int32Array): Float64Array {
  return Float64Array.from(partners, (partner, c) =>
    partner < 0 ? Number.NaN : columnDistance(a, c, b, partner),
  );
}

/** A distance in words: in units of the value on a linear axis, else as a share of the axis. */
export function formatDistance(scale: ValueScale, distance: number): string {
  if (scale.kind === "linear") return formatValue(distance * (scale.hi - scale.lo));
  return `${formatShare(distance)} of the axis`;
}

function columnTotal(grid: CellGrid, column: number): number {
  let total = grid.below[column]! + grid.above[column]!;
  for (let row = 0; row < grid.rows; row++) total += grid.counts[row * grid.columns + column]!;
  return total;
}
