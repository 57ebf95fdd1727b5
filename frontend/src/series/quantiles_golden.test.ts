/** The server's central range is a quantile of all records pooled: the page must find the same numbers. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { columnTotals, quantiles } from "../math/quantiles";
import type { Tile } from "../math/tile";
import { madeTile } from "../math/tile_fixture";
import { decodeTiles, isTileError } from "./decode";

/** Left out at either end of the central range (plugin/tiles.py). */
const TAIL = 0.0005;

function goldenTile(name: string, i: number): Tile {
  const bytes = readFileSync(new URL(`../../../tests/golden/tiles_${name}.bin`, import.meta.url));
  const tile = decodeTiles(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))[i]!;
  if (isTileError(tile)) throw new Error(tile.error);
  return tile;
}

/** All columns as one. */
function pooled(tile: Tile): Tile {
  const width = tile.columns.length;
  const sum = (values: ArrayLike<number>): number =>
    Array.from(values).reduce((total, value) => total + value, 0);
  const counts = Array.from(tile.lower, (_, bin) => [
    sum(tile.counts.subarray(bin * width, (bin + 1) * width)),
  ]);
  const [min, max] = tile.extent!.map((value) => Float64Array.of(value)) as [Float64Array, Float64Array];
  return madeTile({ lower: [...tile.lower], upper: [...tile.upper], counts, columns: { min, max } });
}

describe("quantiles agree with HistogramSeries.quantile", () => {
  // The tiles of unmerged bins: merging neighbours moves a quantile within the merged bin.
  it.each([
    ["mixed", 1],
    ["linear", 0],
  ] as const)("%s %i", (name, i) => {
    const tile = goldenTile(name, i);
    const one = pooled(tile);
    expect(columnTotals(one)[0]).toBe(columnTotals(tile).reduce((total, n) => total + n, 0));
    const [low, high] = quantiles(one, [TAIL, 1 - TAIL]).map((values) => values[0]!);
    expect(low).toBeCloseTo(tile.range![0], 12);
    expect(high).toBeCloseTo(tile.range![1], 12);
  });
});
