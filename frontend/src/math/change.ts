/** How much distributions change over a run and differ between runs, for sorting layers. */

import { columnDistance } from "./distance";
import { rangeOf } from "./range";
import { type CellGrid, rebin } from "./rebin";
import type { Tile } from "./tile";
import { ValueScale } from "./value_scale";

/** A run is compared in tenths: single noisy steps do not count, dips in its middle do. */
const PARTS = 10;
const ROWS = 64;

/**
 * Largest earth mover's distance between two tenths of the run, on a symlog axis over the layer's own
 * range: 0 (nothing changes) to 1. 0 for a run without finite values.
 */
export function changeOverRun(tile: Tile): number {
  const scale = symlogScale([tile]);
  if (scale === null) return 0;
  const parts = pooledParts(tile, scale);
  let most = 0;
  for (let a = 0; a < PARTS; a++) {
    for (let b = a + 1; b < PARTS; b++) most = Math.max(most, columnDistance(parts, a, parts, b) || 0);
  }
  return most;
}

/** Largest mean distance between two runs of a layer, tenth by tenth of the steps they share. */
export function differenceOfRuns(tiles: readonly Tile[]): number {
  const scale = symlogScale(tiles);
  if (scale === null) return 0;
  const first = Math.max(...tiles.map((tile) => tile.firstStep));
  const last = Math.min(...tiles.map((tile) => tile.lastStep));
  const grids = tiles.map((tile) => pooledParts(tile, scale, first, last));
  let most = 0;
  for (let a = 0; a < grids.length; a++) {
    for (let b = a + 1; b < grids.length; b++) most = Math.max(most, meanDistance(grids[a]!, grids[b]!));
  }
  return most;
}

function symlogScale(tiles: readonly Tile[]): ValueScale | null {
  const range = rangeOf(tiles, "auto");
  return range && ValueScale.symlog(range[0], range[1]);
}

function meanDistance(a: CellGrid, b: CellGrid): number {
  let sum = 0;
  let known = 0;
  for (let part = 0; part < PARTS; part++) {
    const distance = columnDistance(a, part, b, part);
    if (Number.isNaN(distance)) continue;
    sum += distance;
    known++;
  }
  return known > 0 ? sum / known : 0;
}

/** The tile's counts in rows, its columns summed to tenths of the steps from first to last. */
function pooledParts(tile: Tile, scale: ValueScale, first = tile.firstStep, last = tile.lastStep): CellGrid {
  const grid = rebin(tile, scale.edges(ROWS));
  const pooled = {
    ...grid,
    columns: PARTS,
    counts: new Float64Array(grid.rows * PARTS),
    below: new Float64Array(PARTS),
    above: new Float64Array(PARTS),
  };
  for (let c = 0; c < grid.columns; c++) {
    const step = tile.columns.firstStep[c]!;
    if (step < first || step > last) continue;
    const part = Math.min(PARTS - 1, Math.floor(((step - first) / (last + 1 - first)) * PARTS));
    pooled.below[part]! += grid.below[c]!;
    pooled.above[part]! += grid.above[c]!;
    for (let row = 0; row < grid.rows; row++) {
      pooled.counts[row * PARTS + part]! += grid.counts[row * grid.columns + c]!;
    }
  }
  return pooled;
}
