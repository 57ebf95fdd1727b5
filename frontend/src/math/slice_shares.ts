/** The histogram of one step: shares of its values in the rows of a grid, lowest first. */

import type { CellGrid } from "./rebin";
import { lastAtMost } from "./value_scale";

/** `n`: all values of the column, also those that lie in no row; at least 1. */
export function columnShares(grid: CellGrid, column: number, n: number): Float64Array {
  const shares = new Float64Array(grid.rows);
  for (let at = 0; at < grid.rows; at++) shares[at] = grid.counts[at * grid.columns + column]! / n;
  return shares;
}

/** Up to the top of each row. `zeros`: those that the grid does not count, since they have a band of their own. */
export function cumulativeShares(grid: CellGrid, column: number, n: number, zeros: number): Float64Array {
  const shares = columnShares(grid, column, n);
  const zeroRow = lastAtMost(grid.edges, 0);
  let sum = grid.below[column]! / n;
  if (zeroRow < 0) sum += zeros / n;
  else if (zeroRow < grid.rows) shares[zeroRow]! += zeros / n;
  return shares.map((share) => {
    sum += share;
    return sum;
  });
}
