import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commonRange, sizesOf } from "./common_range";
import type { Tile } from "./tile";

/** Columns of normal values; the central range is that of the largest column, as it is in a long explosion. */
function tile(deviations: readonly number[]): Tile {
  const each = (factor: number) => Float64Array.from(deviations, (deviation) => factor * deviation);
  const most = 3.3 * Math.max(...deviations);
  return {
    range: [-most, most],
    usual: 3.9 * deviations.toSorted((a, b) => a - b)[Math.floor(deviations.length / 2)]!,
    columns: { length: deviations.length, mean: each(0), std: each(1), min: each(-3.9), max: each(3.9) },
  } as unknown as Tile;
}

const calm = tile([1, 1.2, 1.5, 2]);
const exploding = (most: number) => tile([1, 1, 1, 1e3, most]);

describe("commonRange", () => {
  it("is the union of the central ranges of runs of like size", () => {
    expect(commonRange([calm, tile([30])])).toMatchObject({ lo: -99, hi: 99 });
  });

  it("is not flattened by the end of one run, however large", () => {
    for (const most of [1e9, 1e30, 1e38]) {
      const { lo, hi } = commonRange([calm, exploding(most)])!;
      expect(hi).toBeLessThanOrEqual(4 * 6.6);
      expect(hi).toBeGreaterThanOrEqual(6.6);
      expect(lo).toBe(-hi);
    }
  });

  it("is not flattened by one run that is huge from its first step", () => {
    expect(commonRange([tile([1e9, 1e9]), calm])!.hi).toBeCloseTo(6.6);
    expect(commonRange([calm, tile([1e9, 1e9]), calm])!.hi).toBeCloseTo(6.6);
  });

  it("shows the greater part of a single run that explodes at its end", () => {
    expect(commonRange([exploding(1e12)])!.hi).toBeLessThan(20);
  });

  it("does not take a healthy run beside vanishing ones for an exploding one", () => {
    expect(commonRange([tile([1e-9]), tile([1e-9]), calm])!.hi).toBeCloseTo(6.6);
  });

  it("separates the same sizes however the columns are pooled", () => {
    const records = tile([0.1, 0.1, 0.1, 10, 0.1, 0.1, 0.1, 10]);
    const pooled = { ...records, columns: tile([5, 5]).columns };
    expect(commonRange([pooled])).toEqual(commonRange([records]));
    expect(sizesOf([pooled])).toEqual(sizesOf([records]));
  });

  it("survives infinite deviations, empty columns and runs without finite values", () => {
    const infinite = tile([1, Number.POSITIVE_INFINITY, Number.NaN]);
    expect(commonRange([{ ...infinite, range: [-3, 3] } as Tile])).toMatchObject({ lo: -3, hi: 3 });
    expect(commonRange([{ ...calm, range: null } as Tile])).toBeNull();
    expect(commonRange([])).toBeNull();
    expect(sizesOf([tile([0])])).toEqual([]);
  });

  it("is a range within those of the runs, whatever their sizes", () => {
    const size = fc.integer({ min: -20, max: 30 }).map((power) => 10 ** power);
    const run = fc.array(size, { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 5 }), (runs) => {
        const { lo, hi, sizes } = commonRange(runs.map(tile))!;
        expect(lo).toBeLessThan(hi);
        expect(hi).toBeLessThanOrEqual(3.9 * Math.max(...runs.flat()));
        expect(sizes.length).toBeGreaterThan(0);
      }),
    );
  });
});
