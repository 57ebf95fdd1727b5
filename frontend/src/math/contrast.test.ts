import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barScale, barToColour, contrastExtent, saturation } from "./contrast";
import { cellExtent, colourScale, quantityToShare, shareToQuantity } from "./normalise";
import { rebin } from "./rebin";
import { madeTile } from "./tile_fixture";

function madeCells(counts: readonly number[]) {
  const n = new Float64Array(counts.length).fill(1000);
  const tile = madeTile({ edges: [0, 1], counts: [counts], columns: { n } });
  return { grid: rebin(tile, Float64Array.of(0, 1)), columns: tile.columns };
}

describe("limits set by themselves", () => {
  it("leave out the outermost cells at either end", () => {
    const most = Array.from({ length: 998 }, (_, c) => 100 + (c % 7));
    const { grid, columns } = madeCells([...most, 1, 5000]);
    const extent = contrastExtent(grid, columns, "count");
    expect(extent.least).toBeCloseTo(100, 0);
    expect(extent.most).toBeCloseTo(106, 0);
  });

  it("leave no more than 1 % of the cells beyond, whatever the cells", () => {
    const cells = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(cells, (counts) => {
        const { grid, columns } = madeCells(counts);
        const extent = contrastExtent(grid, columns, "count");
        const whole = cellExtent(grid, columns, "count");
        expect(extent.least).toBeGreaterThanOrEqual(whole.least);
        expect(extent.most).toBeLessThanOrEqual(whole.most);
        if (whole.most === 0) return;
        const scale = { quantity: "count", curve: "linear", lo: extent.least, hi: extent.most } as const;
        const found = saturation(grid, columns, scale);
        expect(found.above).toBeLessThanOrEqual(0.005 * found.cells);
        expect(found.below).toBeLessThanOrEqual(0.005 * found.cells);
      }),
    );
  });

  it("are none without cells", () => {
    const { grid, columns } = madeCells([0, 0]);
    expect(contrastExtent(grid, columns, "share")).toEqual({ least: 0, most: 0 });
  });
});

describe("saturation", () => {
  it("counts occupied cells beyond the limits, not those at them", () => {
    const { grid, columns } = madeCells([0, 1, 2, 3, 4, 5]);
    const scale = colourScale("count", "linear", { least: 1, most: 5 }, [2, 4]);
    expect(saturation(grid, columns, scale)).toEqual({ cells: 5, below: 1, above: 1 });
  });

  it("is none on a scale of all cells", () => {
    const { grid, columns } = madeCells([1, 7, 900]);
    const scale = colourScale("share", "log", cellExtent(grid, columns, "share"));
    expect(saturation(grid, columns, scale)).toEqual({ cells: 3, below: 0, above: 0 });
  });
});

describe("colour bar", () => {
  const extent = { least: 1e-4, most: 0.5 };

  it.each(["linear", "sqrt", "log"] as const)(
    "spans all cells and shows where the colours end: %s",
    (curve) => {
      const scale = colourScale("share", curve, extent, [0.01, 0.1]);
      const bar = barScale(scale, extent);
      expect(bar.hi).toBe(0.5);
      expect(bar.lo).toBe(curve === "log" ? 1e-4 : 0);
      expect(barToColour(bar, scale, quantityToShare(bar, 0.1))).toBeCloseTo(1, 12);
      expect(barToColour(bar, scale, quantityToShare(bar, 0.01))).toBeCloseTo(0, 12);
      const middle = quantityToShare(bar, shareToQuantity(scale, 0.5));
      expect(barToColour(bar, scale, middle)).toBeCloseTo(0.5, 9);
    },
  );

  it("reaches as far as limits beyond the cells", () => {
    const scale = colourScale("share", "log", extent, [1e-5, 0.9]);
    expect(barScale(scale, extent)).toMatchObject({ lo: 1e-5, hi: 0.9 });
  });
});
