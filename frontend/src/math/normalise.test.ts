import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as normalise from "./normalise";
import { rebin } from "./rebin";
import { madeTile } from "./tile_fixture";

const tile = madeTile({
  edges: [0, 1, 3],
  counts: [
    [1, 30],
    [3, 70],
  ],
  columns: { records: Float64Array.of(1, 2), n: Float64Array.of(4, 100) },
});
const grid = rebin(tile, Float64Array.of(0, 1, 3));

describe("cell extents", () => {
  it.each([
    ["share", 0.25, 0.75],
    ["count", 1, 35],
    ["density", 0.25, 0.375],
    ["peak", 1 / 3, 1],
  ] as const)("%s goes from %f to %f", (quantity, least, most) => {
    const extent = normalise.cellExtent(grid, tile.columns, quantity);
    expect(extent.least).toBeCloseTo(least, 12);
    expect(extent.most).toBeCloseTo(most, 12);
  });

  it("ignores empty cells and says when all are empty", () => {
    const empty = madeTile({ edges: [0, 1], counts: [[0]] });
    const cells = rebin(empty, Float64Array.of(0, 1));
    expect(normalise.cellExtent(cells, empty.columns, "share")).toEqual({ least: 0, most: 0 });
    expect(
      normalise.joinExtents([
        { least: 0, most: 0 },
        { least: 2, most: 3 },
        { least: 1, most: 2 },
      ]),
    ).toEqual({
      least: 1,
      most: 3,
    });
  });
});

describe("colour scale", () => {
  it("goes from quantity to share and back", () => {
    const curve = fc.constantFrom("linear" as const, "sqrt" as const, "log" as const);
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        curve,
        positive,
        positive,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (bend, a, b, share) => {
          const scale = normalise.colourScale("count", bend, { least: Math.min(a, b), most: Math.max(a, b) });
          const back = normalise.quantityToShare(scale, normalise.shareToQuantity(scale, share));
          expect(back).toBeCloseTo(share, 5);
        },
      ),
    );
  });

  it("clamps beyond its ends", () => {
    const scale = normalise.colourScale("count", "log", { least: 1, most: 100 });
    expect([0, 0.5, 10, 100, 1e9].map((count) => normalise.quantityToShare(scale, count))).toEqual([
      0, 0, 0.5, 1, 1,
    ]);
  });

  it("spans at most five decades in log", () => {
    expect(normalise.colourScale("count", "log", { least: 1, most: 1e9 }).lo).toBeCloseTo(1e4, 6);
  });

  it("takes contrast limits and mends impossible ones", () => {
    const extent = { least: 1, most: 100 };
    expect(normalise.colourScale("count", "linear", extent, [10, 50])).toMatchObject({ lo: 10, hi: 50 });
    expect(normalise.colourScale("count", "linear", extent, [-5, null])).toMatchObject({ lo: 0, hi: 100 });
    expect(normalise.colourScale("count", "log", extent, [500, 50])).toMatchObject({ lo: 5, hi: 50 });
    expect(normalise.colourScale("count", "log", { least: 0, most: 0 })).toMatchObject({ hi: 1 });
    expect(normalise.colourScale("count", "log", { least: 5, most: 5 })).toMatchObject({ lo: 0.5, hi: 5 });
  });

  it.each(["linear", "sqrt", "log"] as const)("keeps a lower limit above all cells: %s", (curve) => {
    const scale = normalise.colourScale("count", curve, { least: 1, most: 100 }, [500, null]);
    expect(scale.lo).toBe(500);
    expect(scale.hi).toBeGreaterThan(500);
    expect(normalise.quantityToShare(scale, 100)).toBe(0);
  });

  it("has ticks in real units", () => {
    const share = normalise.colourScale("share", "linear", { least: 0.01, most: 0.2 });
    expect(normalise.colourTicks(share, 4).map((tick) => tick.label)).toEqual([
      "0 %",
      "5 %",
      "10 %",
      "15 %",
      "20 %",
    ]);
    const count = normalise.colourScale("count", "log", { least: 1, most: 1e5 });
    expect(normalise.colourTicks(count, 7).map((tick) => tick.label)).toEqual([
      "1",
      "10",
      "100",
      "1k",
      "10k",
      "100k",
    ]);
    expect(normalise.colourTicks(count, 7)[2]!.share).toBeCloseTo(0.4, 9);
  });

  it("names and writes its quantities", () => {
    expect(normalise.quantityToLabel("share")).toContain("share");
    expect(normalise.formatQuantity("share", 0.125)).toBe("12.5 %");
    expect(normalise.formatQuantity("count", 1500)).toBe("1.5k");
    expect(normalise.formatQuantity("density", 0.5)).toBe("0.5");
  });
});
