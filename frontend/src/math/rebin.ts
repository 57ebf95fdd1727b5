/** Counts over other bins, by overlap: the page's side of `cumulative.rebin`, with the same results. */

import { reuseBuffer } from "./reused_buffer";
import type { Tile } from "./tile";

/** Half the width of the zero bin (grid.ZERO_EDGE). */
export const ZERO_EDGE = 2 ** -130;

/** What re-binning reads of a tile. */
export type Counts = Pick<Tile, "lower" | "upper" | "counts"> & {
  readonly columns: { readonly length: number };
};

/** Counts of C columns over rows of given edges. */
export interface CellGrid {
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
  /** Of the edges on the axis, 0 at its low end and 1 at its high end; without it rows are equally high. */
  readonly places?: Float64Array | null;
  /** Height of each row beside the usual one; without it all are equal. */
  readonly heights?: Float64Array | null;
}

/** Where a row ends on the axis: 0 at its low end, 1 at its high end. */
export function rowEnd({ places, rows }: Pick<CellGrid, "places" | "rows">, row: number): number {
  return Math.min(1, places?.[row + 1] ?? (row + 1) / rows);
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
export function rebin(tile: Counts, edges: Float64Array, reuse?: CellGrid): CellGrid {
  const rows = Math.max(0, edges.length - 1);
  const columns = tile.columns.length;
  const counts = cleared(reuse?.counts, rows * columns);
  const below = cleared(reuse?.below, columns);
  const above = cleared(reuse?.above, columns);
  const parts = overlaps(tile, edges);
  addParts(tile.counts, columns, parts.below, below, 0);
  parts.rows.forEach((row, i) => {
    addParts(tile.counts, columns, row, counts, i * columns);
  });
  addParts(tile.counts, columns, parts.above, above, 0);
  return { edges, rows, columns, counts, below, above, split: parts.split };
}

/** Takes exact zeros, given per column, out of a grid that was just made: they lie where the point 0 does. */
export function takeZeros(grid: CellGrid, zeros: ArrayLike<number>): void {
  const { edges, rows, columns } = grid;
  const row = edges.findIndex((edge) => edge > 0) - 1;
  const inside = row >= 0 && rows > 0;
  const counts = inside ? grid.counts : edges[0]! > 0 ? grid.below : grid.above;
  const from = inside ? row * columns : 0;
  for (let c = 0; c < columns; c++) counts[from + c] = Math.max(0, counts[from + c]! - zeros[c]!);
}

/** Bins that a row is made of, with the share of each. */
interface Parts {
  readonly bins: number[];
  readonly shares: number[];
}

interface Overlaps {
  readonly below: Parts;
  readonly rows: readonly Parts[];
  readonly above: Parts;
  readonly split: boolean;
}

function overlaps(tile: Counts, edges: Float64Array): Overlaps {
  const none = (): Parts => ({ bins: [], shares: [] });
  const rows = Array.from({ length: Math.max(0, edges.length - 1) }, none);
  const below = none();
  const above = none();
  let split = false;
  let row = 0;
  for (let bin = 0; bin < tile.lower.length; bin++) {
    const upper = tile.upper[bin]!;
    const lower = pointLower(tile.lower[bin]!, upper);
    while (row < rows.length && edges[row + 1]! <= lower) row++;
    let done = shareBelow(lower, upper, edges[0]!);
    push(below, bin, done);
    for (let next = row; next < rows.length && done < 1; next++) {
      const share = shareBelow(lower, upper, edges[next + 1]!) - done;
      push(rows[next]!, bin, share);
      split ||= share > 0 && share < 1;
      done += Math.max(0, share);
    }
    push(above, bin, 1 - done);
  }
  return { below, rows, above, split };
}

function push(parts: Parts, bin: number, share: number): void {
  if (!(share > 0)) return;
  parts.bins.push(bin);
  parts.shares.push(share);
}

/** Share of a bin's mass below an edge. A bin without width is a point: it lies below larger edges only. */
function shareBelow(lower: number, upper: number, edge: number): number {
  if (edge <= lower) return 0;
  if (edge >= upper) return 1;
  // Halves first: the outermost bins are wide enough that a difference could overflow.
  return (edge / 2 - lower / 2) / (upper / 2 - lower / 2);
}

/** Add a row's parts to target[to ...], four bins at a time, since writing costs more than reading. */
function addParts(
  counts: Uint32Array | Float64Array,
  columns: number,
  { bins, shares }: Parts,
  target: Float64Array,
  to: number,
): void {
  let i = 0;
  for (; i + 4 <= bins.length; i += 4) {
    const a = bins[i]! * columns;
    const b = bins[i + 1]! * columns;
    const c = bins[i + 2]! * columns;
    const d = bins[i + 3]! * columns;
    const p = shares[i]!;
    const q = shares[i + 1]!;
    const r = shares[i + 2]!;
    const s = shares[i + 3]!;
    for (let x = 0; x < columns; x++) {
      target[to + x]! += p * counts[a + x]! + q * counts[b + x]! + r * counts[c + x]! + s * counts[d + x]!;
    }
  }
  for (; i < bins.length; i++) {
    const from = bins[i]! * columns;
    const share = shares[i]!;
    for (let x = 0; x < columns; x++) target[to + x]! += share * counts[from + x]!;
  }
}

function cleared(array: Float64Array | undefined, length: number): Float64Array {
  const room = reuseBuffer(array?.buffer, length * Float64Array.BYTES_PER_ELEMENT);
  return new Float64Array(room, 0, length).fill(0);
}
