/** The value range of panels: automatic, full or chosen; and what it leaves out. */

import { commonRange, type ValueRange } from "./common_range";
import { formatShare } from "./format";
import { type CellGrid, pointLower } from "./rebin";
import type { Tile } from "./tile";

export type RangeMode = "auto" | "full" | "manual";

/** Room beyond the central values, as a share of the range. */
const RANGE_MARGIN = 0.02;

/**
 * One range for all tiles that are compared. auto: the central 99.9 % of the values of each, joined, with
 * 2 % of room; full: from the lowest to the highest bin; null when there are no finite values.
 */
export function rangeOf(tiles: readonly Tile[], mode: "auto" | "full"): ValueRange | null {
  const ranges = tiles
    .map(mode === "auto" ? (tile) => tile.range : binRange)
    .filter((range) => range !== null);
  if (ranges.length === 0) return null;
  const lo = Math.min(...ranges.map((range) => range[0]));
  const hi = Math.max(...ranges.map((range) => range[1]));
  return mode === "auto" ? padded(lo, hi) : widened(lo, hi);
}

/**
 * The range to show: a manual one when it is valid, else the full one or the one that fits the runs though one of
 * them explodes.
 */
export function chosenRange(tiles: readonly Tile[], mode: RangeMode, manual: ValueRange | null): ValueRange {
  const valid =
    manual !== null && Number.isFinite(manual[0]) && Number.isFinite(manual[1]) && manual[0] < manual[1];
  if (mode === "manual" && valid) return manual;
  if (mode === "full") return rangeOf(tiles, "full") ?? [0, 1];
  const common = commonRange(tiles);
  return common === null ? [0, 1] : padded(common.lo, common.hi);
}

/** Shares of all values that a grid leaves out below and above. */
export interface ClippedFractions {
  readonly below: number;
  readonly above: number;
}

export function clippedFractions(grid: CellGrid, n: Float64Array): ClippedFractions {
  const total = sumOf(n);
  if (total === 0) return { below: 0, above: 0 };
  return { below: sumOf(grid.below) / total, above: sumOf(grid.above) / total };
}

/** "0.3 % above, 0.1 % below"; "" when nothing is left out. */
export function clippedToText(clipped: ClippedFractions): string {
  const parts: string[] = [];
  if (clipped.above > 0) parts.push(`${formatShare(clipped.above)} above`);
  if (clipped.below > 0) parts.push(`${formatShare(clipped.below)} below`);
  return parts.join(", ");
}

function binRange(tile: Tile): ValueRange | null {
  const last = tile.lower.length - 1;
  return last < 0 ? null : [pointLower(tile.lower[0]!, tile.upper[0]!), tile.upper[last]!];
}

/** An end at 0 stays there, except that zeros need a row above the upper end. */
function padded(lo: number, hi: number): ValueRange {
  const [low, high] = widened(lo, hi);
  const margin = (high - low) * RANGE_MARGIN;
  return [low === 0 ? 0 : low - margin, high + margin];
}

function widened(lo: number, hi: number): ValueRange {
  if (hi > lo && hi - lo > Math.max(Math.abs(lo), Math.abs(hi)) * 1e-9) return [lo, hi];
  const half = Math.abs(lo) > 0 ? Math.abs(lo) / 2 : 0.5;
  return [lo - half, hi + half];
}

function sumOf(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
