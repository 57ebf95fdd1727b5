import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CellGrid, rebin, takeZeros, ZERO_EDGE } from "./rebin";
import { madeTile } from "./tile_fixture";

const ZERO = 2 ** -130;

function rows(grid: CellGrid): number[][] {
  return Array.from({ length: grid.rows }, (_, row) => [
    ...grid.counts.subarray(row * grid.columns, (row + 1) * grid.columns),
  ]);
}

describe("rebin", () => {
  it("moves bins that lie inside a row whole", () => {
    const tile = madeTile({
      edges: [0, 1, 2, 3, 4],
      counts: [
        [1, 10],
        [2, 20],
        [3, 30],
        [4, 40],
      ],
    });
    const grid = rebin(tile, Float64Array.of(0, 2, 4));
    expect(rows(grid)).toEqual([
      [3, 30],
      [7, 70],
    ]);
    expect(grid.split).toBe(false);
  });

  it("splits cut bins by overlap and says so", () => {
    const tile = madeTile({ edges: [0, 4], counts: [[8]] });
    const grid = rebin(tile, Float64Array.of(-1, 1, 3));
    expect(rows(grid)).toEqual([[2], [4]]);
    expect([grid.below[0], grid.above[0]]).toEqual([0, 2]);
    expect(grid.split).toBe(true);
  });

  it("takes the zero bin as the point 0", () => {
    const tile = madeTile({ lower: [-1, -ZERO, 0.5], upper: [-0.5, ZERO, 1], counts: [[1], [100], [2]] });
    expect(rows(rebin(tile, Float64Array.of(-1, 0, 1)))).toEqual([[1], [102]]);
    const positive = rebin(tile, Float64Array.of(0, 1));
    expect([rows(positive)[0], [...positive.below]]).toEqual([[102], [1]]);
  });

  it("has bins that end outside in below and above", () => {
    const tile = madeTile({ edges: [-10, -5, 0, 5, 10], counts: [[1], [2], [4], [8]] });
    const grid = rebin(tile, Float64Array.of(-5, 5));
    expect([grid.below[0], grid.counts[0], grid.above[0]]).toEqual([1, 6, 8]);
  });

  it("has everything in below or above when edges miss the data", () => {
    const tile = madeTile({ edges: [0, 1], counts: [[5]] });
    expect(rebin(tile, Float64Array.of(2, 3)).below[0]).toBe(5);
    expect(rebin(tile, Float64Array.of(-2, -1, 0)).above[0]).toBe(5);
  });

  it("does not overflow on the outermost bins", () => {
    const top = 2 ** 128;
    const tile = madeTile({ edges: [-top, 0, top], counts: [[4], [4]] });
    expect(rows(rebin(tile, Float64Array.of(-top, -top / 2, 0, top / 2, top)))).toEqual([[2], [2], [2], [2]]);
  });

  it("copes with no bins, no columns and no rows", () => {
    expect(
      rebin(madeTile({ edges: [0], counts: [], steps: [1, 2] }), Float64Array.of(0, 1)).counts.length,
    ).toBe(2);
    expect(rebin(madeTile({ edges: [0, 1], counts: [[]] }), Float64Array.of(0, 1)).counts.length).toBe(0);
    expect(rebin(madeTile({ edges: [0, 1], counts: [[3]] }), Float64Array.of(0.5)).rows).toBe(0);
  });

  it("overwrites the arrays of a grid it may reuse", () => {
    const tile = madeTile({
      edges: [0, 1, 2],
      counts: [
        [1, 2],
        [3, 4],
      ],
    });
    const first = rebin(tile, Float64Array.of(0, 1, 2));
    const second = rebin(tile, Float64Array.of(0, 2, 3), first);
    expect(second.counts.buffer).toBe(first.counts.buffer);
    expect(rows(second)).toEqual([
      [4, 6],
      [0, 0],
    ]);
    const smaller = rebin(tile, Float64Array.of(0, 2), second);
    expect(smaller.counts.buffer).toBe(first.counts.buffer);
    expect(rows(smaller)).toEqual([[4, 6]]);
    const larger = rebin(tile, Float64Array.of(0, 1, 2, 3), smaller);
    expect(rows(larger)).toEqual([
      [1, 2],
      [3, 4],
      [0, 0],
    ]);
  });

  it("conserves mass", () => {
    const ascending = fc.uniqueArray(fc.double({ min: -100, max: 100, noNaN: true }), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        ascending,
        ascending,
        fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 40, maxLength: 40 }),
        (sources, targets, counts) => {
          const edges = sources.sort((a, b) => a - b);
          const tile = madeTile({ edges, counts: edges.slice(1).map((_, bin) => [counts[bin]!]) });
          const grid = rebin(tile, Float64Array.from(targets).sort());
          const all = grid.below[0]! + grid.above[0]! + grid.counts.reduce((sum, count) => sum + count, 0);
          expect(Math.abs(all - tile.columns.n[0]!)).toBeLessThanOrEqual(tile.columns.n[0]! * 1e-12 + 1e-9);
          for (const count of grid.counts) expect(count).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it("takes exact zeros from where the point 0 lies", () => {
    const tile = { lower: [-1, -ZERO_EDGE, 1], upper: [-0.5, ZERO_EDGE, 2], counts: [4, 4, 9, 7, 5, 5] };
    const counts = {
      lower: Float64Array.from(tile.lower),
      upper: Float64Array.from(tile.upper),
      counts: Uint32Array.from(tile.counts),
      columns: { length: 2 },
    };
    const zeros = Uint32Array.of(9, 6);
    const rest = (edges: number[]) => {
      const grid = rebin(counts, Float64Array.from(edges));
      takeZeros(grid, zeros);
      return [grid.below, grid.counts, grid.above].map((part) => [...part]);
    };
    expect(rest([-1, 0, 2])).toEqual([
      [0, 0],
      [4, 4, 5, 6],
      [0, 0],
    ]);
    expect(rest([0.5, 2])).toEqual([
      [4, 5],
      [5, 5],
      [0, 0],
    ]);
    expect(rest([-1, -0.5])).toEqual([
      [0, 0],
      [4, 4],
      [5, 6],
    ]);
  });
});
