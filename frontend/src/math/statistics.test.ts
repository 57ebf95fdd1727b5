/** Quantiles, shares, distances, alignment, ranges and change. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignColumns } from "./align";
import { changeOverRun, differenceOfRuns } from "./change";
import { columnDistance, distanceBetween, distanceToPrevious, formatDistance } from "./distance";
import { saturationBounds, shareNearZero, shareOutside, shareZero } from "./near_zero";
import { quantiles } from "./quantiles";
import { chosenRange, clippedFractions, clippedToText, rangeOf } from "./range";
import { rebin } from "./rebin";
import type { Tile } from "./tile";
import { madeTile } from "./tile_fixture";
import { ValueScale } from "./value_scale";

const ZERO = 2 ** -130;

describe("quantiles", () => {
  it("are linear inside a bin", () => {
    const tile = madeTile({
      edges: [0, 1, 2],
      counts: [
        [50, 0],
        [50, 10],
      ],
    });
    const [low, middle, high] = quantiles(tile, [0.25, 0.5, 0.9]);
    expect([...low!]).toEqual([0.5, 1.25]);
    expect([...middle!]).toEqual([1, 1.5]);
    expect(high![0]).toBeCloseTo(1.8, 12);
  });

  it("are exactly 0 inside the zero bin, NaN without values, within min and max", () => {
    const tile = madeTile({
      lower: [-ZERO, 1],
      upper: [ZERO, 2],
      counts: [
        [9, 0],
        [1, 0],
      ],
      columns: { max: Float64Array.of(1.25, Number.NaN) },
    });
    const [half, all] = quantiles(tile, [0.5, 1]);
    expect([half![0], all![0]]).toEqual([0, 1.25]);
    expect([half![1], all![1]]).toEqual([Number.NaN, Number.NaN]);
  });

  it("take a share of 0 as the first occupied bin", () => {
    const tile = madeTile({ edges: [0, 1, 2], counts: [[0], [5]] });
    expect(quantiles(tile, [0])[0]![0]).toBe(1);
  });
});

describe("shares of special values", () => {
  const tile = madeTile({
    lower: [-2, -ZERO, 0.01, 1],
    upper: [-1, ZERO, 0.02, 2],
    counts: [[10], [40], [30], [20]],
    columns: {
      zeros: Float64Array.of(35),
      nans: Float64Array.of(4),
      negInfs: Float64Array.of(1),
      n: Float64Array.of(105),
    },
  });

  it("are of the finite values", () => {
    expect(shareNearZero(tile, 0.05)[0]).toBeCloseTo(0.7, 12);
    expect(shareZero(tile)[0]).toBeCloseTo(0.35, 12);
    expect(shareOutside(tile, -1, 1)[0]).toBeCloseTo(0.3, 12);
  });

  it("are NaN for nothing at all", () => {
    expect(shareZero(madeTile({ edges: [0, 1], counts: [[0]] }))[0]).toBeNaN();
  });

  it("know which layers saturate", () => {
    expect(saturationBounds("Sigmoid", "float32")).toEqual([0.01, 0.99]);
    expect(saturationBounds("Conv2d", "float32")).toBeNull();
    expect(saturationBounds("Conv2d", "float16")?.[1]).toBe(32_752);
  });
});

describe("earth mover's distance", () => {
  const edges = ValueScale.linear(0, 4).edges(4);
  const grid = (counts: readonly (readonly number[])[]): ReturnType<typeof rebin> =>
    rebin(madeTile({ edges: [0, 1, 2, 3, 4], counts }), edges);

  it("is the way that mass must go, as a share of the axis", () => {
    const both = grid([
      [10, 0, 5],
      [0, 0, 0],
      [0, 0, 0],
      [0, 10, 5],
    ]);
    expect(columnDistance(both, 0, both, 1)).toBe(0.75);
    expect(columnDistance(both, 0, both, 2)).toBe(0.375);
    expect([...distanceToPrevious(both)]).toEqual([Number.NaN, 0.75, 0.375]);
    expect(formatDistance(ValueScale.linear(0, 4), 0.75)).toBe("3");
    expect(formatDistance(ValueScale.symlog(0, 4), 0.75)).toBe("75 % of the axis");
  });

  it("does not depend on how many values there are, and needs some", () => {
    const both = grid([
      [1, 1000, 0],
      [1, 1000, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(columnDistance(both, 0, both, 1)).toBe(0);
    expect(columnDistance(both, 0, both, 2)).toBeNaN();
    expect([...distanceBetween(both, both, Int32Array.of(1, -1, 0))]).toEqual([0, Number.NaN, Number.NaN]);
  });

  it("counts values outside of the axis as beyond its ends", () => {
    const tile = madeTile({
      edges: [-1, 0, 1, 2],
      counts: [
        [1, 0],
        [0, 0],
        [0, 1],
      ],
    });
    const cut = rebin(tile, ValueScale.linear(0, 1).edges(10));
    expect(columnDistance(cut, 0, cut, 1)).toBe(1);
  });

  it("is symmetric and obeys the triangle inequality", () => {
    const column = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(column, column, column, (a, b, c) => {
        fc.pre([a, b, c].every((counts) => counts.some((count) => count > 0)));
        const all = grid([0, 1, 2, 3].map((row) => [a[row]!, b[row]!, c[row]!]));
        expect(columnDistance(all, 0, all, 1)).toBeCloseTo(columnDistance(all, 1, all, 0), 12);
        const detour = columnDistance(all, 0, all, 2) + columnDistance(all, 2, all, 1);
        expect(columnDistance(all, 0, all, 1)).toBeLessThanOrEqual(detour + 1e-12);
      }),
    );
  });
});

describe("alignColumns", () => {
  const timed = (steps: readonly number[]) => {
    const tile = madeTile({ edges: [0, 1], counts: [steps.map(() => 1)], steps });
    return {
      columns: tile.columns,
      clock: { firstStep: tile.firstStep, lastStep: tile.lastStep, records: steps.length, startTime: 1000 },
    };
  };

  it("pairs equal steps", () => {
    const { partners, statement } = alignColumns(timed([0, 1, 2]), timed([0, 1, 2]), "step");
    expect([...partners]).toEqual([0, 1, 2]);
    expect(statement).toBe("Matched by step: all columns, equal steps.");
  });

  it("leaves out columns after the other run's end and in its gaps", () => {
    const { partners, matched, statement } = alignColumns(
      timed([0, 10, 20, 30, 40, 50]),
      timed([0, 10, 20, 40]),
      "step",
    );
    expect([...partners]).toEqual([0, 1, 2, -1, 3, -1]);
    expect(matched).toBe(4);
    expect(statement).toBe("Matched by step: 4 of 6 columns, equal steps.");
  });

  it("takes the covering column of another cadence and says how far apart", () => {
    const { partners, statement } = alignColumns(timed([0, 1, 2, 3]), timed([0, 2]), "step");
    expect([...partners]).toEqual([0, 0, 1, 1]);
    expect(statement).toContain("at most 1 step apart");
  });

  it("pairs records of equal steps, though one run was recorded less often", () => {
    const sparse = timed([1, 10, 20, 30]);
    const dense = timed(Array.from({ length: 40 }, (_, at) => at + 1));
    const { partners, statement } = alignColumns(sparse, dense, "step");
    expect([...partners]).toEqual([0, 9, 19, 29]);
    expect(statement).toBe("Matched by step: all columns, equal steps.");
    expect([...alignColumns(sparse, dense, "relative").partners]).toEqual([0, 9, 19, 29]);
  });

  it("pairs runs of different length by share of the run", () => {
    const { partners } = alignColumns(timed([0, 1, 2, 3]), timed([0, 10, 20, 30]), "share");
    expect([...partners]).toEqual([0, 1, 2, 3]);
  });

  it("says when nothing matches", () => {
    expect(alignColumns(timed([0, 1]), timed([500, 501]), "step").statement).toContain("No columns");
  });
});

describe("value range", () => {
  const ranged = (lo: number, hi: number): Tile =>
    madeTile({ edges: [lo - 1, lo, hi, hi + 1], counts: [[1], [8], [1]], tile: { range: [lo, hi] } });

  it("joins the central ranges with some room, and keeps 0 as an end", () => {
    expect(rangeOf([ranged(0, 4), ranged(0, 10)], "auto")).toEqual([0, 10.2]);
    expect(rangeOf([ranged(-5, 5)], "auto")).toEqual([-5.2, 5.2]);
  });

  it("has room above 0, so that zeros have a row", () => {
    expect(rangeOf([ranged(-4, 0)], "auto")![1]).toBeGreaterThan(0);
  });

  it("goes from the first to the last bin in full", () => {
    expect(rangeOf([ranged(0, 4)], "full")).toEqual([-1, 5]);
    const relu = madeTile({ lower: [-ZERO, 1], upper: [ZERO, 2], counts: [[1], [1]] });
    expect(rangeOf([relu], "full")).toEqual([0, 2]);
  });

  it("widens a single value and takes a valid manual range", () => {
    expect(chosenRange([madeTile({ edges: [0], counts: [] })], "auto", null)).toEqual([0, 1]);
    const [lo, hi] = chosenRange([ranged(3, 3)], "auto", null);
    expect(lo).toBeLessThan(3);
    expect(hi).toBeGreaterThan(3);
    expect(chosenRange([ranged(0, 4)], "manual", [1, 2])).toEqual([1, 2]);
    expect(chosenRange([ranged(0, 4)], "manual", [2, 2])).toEqual([0, 4.08]);
  });

  it("says what is left out", () => {
    const tile = ranged(0, 4);
    const clipped = clippedFractions(rebin(tile, Float64Array.of(0, 4)), tile.columns.n);
    expect(clipped).toEqual({ below: 0.1, above: 0.1 });
    expect(clippedToText(clipped)).toBe("10 % above, 10 % below");
    expect(clippedToText({ below: 0, above: 0 })).toBe("");
  });
});

describe("change", () => {
  const drifting = (shift: (c: number) => number): Tile => {
    const steps = Array.from({ length: 100 }, (_, c) => c);
    const edges = Array.from({ length: 41 }, (_, i) => -2 + i / 10);
    const counts = edges.slice(1).map((_, bin) => steps.map((c) => (bin === 20 + shift(c) ? 100 : 0)));
    return madeTile({ edges, counts, steps });
  };
  const still = drifting(() => 0);
  const moved = drifting((c) => (c < 50 ? 0 : 15));
  const dipped = drifting((c) => (c >= 40 && c < 60 ? 15 : 0));

  it("is 0 for a still layer and sees shifts and dips", () => {
    expect(changeOverRun(still)).toBe(0);
    expect(changeOverRun(moved)).toBeGreaterThan(0.2);
    expect(changeOverRun(dipped)).toBeCloseTo(changeOverRun(moved), 12);
    expect(changeOverRun(madeTile({ edges: [0], counts: [], steps: [0, 1] }))).toBe(0);
  });

  it("orders runs by how different they are", () => {
    expect(differenceOfRuns([still, still])).toBe(0);
    expect(differenceOfRuns([still, moved])).toBeGreaterThan(differenceOfRuns([still, dipped]));
  });
});
