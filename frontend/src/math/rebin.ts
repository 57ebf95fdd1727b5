/** Counts over other bins, by overlap: the page's side of `grid.rebin`, with the same results. */

import type { Tile } from "../data/types";

/** Half the width of the zero bin (grid.ZERO_EDGE). */
export const ZERO_EDGE = 2 ** -130;

/** What re-binning reads of a tile. */
export type Counts = Pick<Tile, "lower" | "upper" | "counts"> & {
  readonly columns: { readonly length: number };
};

/** Counts of C columns over rows of given edges. */
export interface Grid {
  /** rows + 1 ascending edges. */
  readonly edges: Float64Array;
  readonly rows: number;
  /** Number of columns, C. */
  readonly columns: number;
  /** Row-major from the lowest value up: counts[row * columns + column]. */
  readonly counts: Float64Array;
  /** Finite values below the first and above the last edge, per column. */
  readonly below: Float64Array;
  readonly above: Float64Array;
  /** Whether a stored bin was cut by an edge, so that counts are not all exact ("split counts"). */
  readonly split: boolean;
}

/** Lower edge of a bin, 0 for the zero bin, where nearly all of its mass lies. */
export function pointLower(lower: number, upper: number): number {
  return lower < 0 && upper > 0 && upper <= ZERO_EDGE ? 0 : lower;
}

/**
 * Spread counts over rows in proportion to the overlap; no mass is lost: what lies outside is in
 * `below` and `above`. A bin inside one row moves there whole, so only cut bins are approximate: they
 * count as uniform over their width. The zero bin is the point 0, so an edge at 0 has all zeros above it.
 *
 * reuse: an earlier grid that is no longer needed; its arrays are overwritten when they fit.
 */
export function rebin(tile: Counts, edges: Float64Array, reuse?: Grid): Grid {
  const rows = Math.max(0, edges.length - 1);
  const columns = tile.columns.length;
  const counts = cleared(reuse?.counts, rows * columns);
  const below = cleared(reuse?.below, columns);
  const above = cleared(reuse?.above, columns);
  let split = false;
  let row = 0;
  for (let bin = 0; bin < tile.lower.length; bin++) {
    const upper = tile.upper[bin]!;
    const lower = pointLower(tile.lower[bin]!, upper);
    while (row < rows && edges[row + 1]! <= lower) row++;
    let done = shareBelow(lower, upper, edges[0]!);
    if (done > 0) add(tile.counts, bin, columns, done, below, 0);
    let last = row;
    for (; last < rows && done < 1; last++) {
      const part = shareBelow(lower, upper, edges[last + 1]!);
      if (part > done) add(tile.counts, bin, columns, part - done, counts, last);
      split ||= part > done && part - done < 1;
      done = Math.max(done, part);
    }
    if (done < 1) add(tile.counts, bin, columns, 1 - done, above, 0);
  }
  return { edges, rows, columns, counts, below, above, split };
}

/** Share of a bin's mass below an edge. */
function shareBelow(lower: number, upper: number, edge: number): number {
  if (edge >= upper) return 1;
  if (edge <= lower) return 0;
  // Halves first: the outermost bins are wide enough that a difference could overflow.
  return (edge / 2 - lower / 2) / (upper / 2 - lower / 2);
}

/** target[row] += share * counts[bin], for all columns. */
function add(
  counts: Uint32Array | Float64Array,
  bin: number,
  columns: number,
  share: number,
  target: Float64Array,
  row: number,
): void {
  const from = bin * columns;
  const to = row * columns;
  if (share === 1) for (let c = 0; c < columns; c++) target[to + c]! += counts[from + c]!;
  else for (let c = 0; c < columns; c++) target[to + c]! += share * counts[from + c]!;
}

function cleared(array: Float64Array | undefined, length: number): Float64Array {
  return array?.length === length ? array.fill(0) : new Float64Array(length);
}
