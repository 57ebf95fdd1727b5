import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rebin } from "./rebin";
import { snapRows } from "./snapped_rows";
import { madeTile } from "./tile_fixture";
import { ValueScale } from "./value_scale";

/** Sixteen bins to an octave on either side of the zero bin, as they are stored. */
function storedTile(octaves: readonly number[], counts = [1]) {
  const sizes = octaves.flatMap((octave) =>
    Array.from({ length: 16 }, (_, part) => [
      2 ** octave * (1 + part / 16),
      2 ** octave * (1 + (part + 1) / 16),
    ]),
  ) as [number, number][];
  const bins = [
    ...sizes.toReversed().map(([low, high]) => [-high, -low]),
    [-(2 ** -130), 2 ** -130],
    ...sizes,
  ] as [number, number][];
  return madeTile({
    lower: bins.map(([low]) => low),
    upper: bins.map(([, high]) => high),
    counts: bins.map((_, bin) => [counts[bin % counts.length]!]),
  });
}

const numbers = (array: Float64Array | null) => array && [...array];

describe("rows that leave stored bins whole", () => {
  const tile = storedTile([-3, -2, -1, 0, 1, 2]);

  it("leaves rows alone that cut nothing", () => {
    const even = Float64Array.of(-8, -4, 0, 4, 8);
    const rows = snapRows(ValueScale.linear(-8, 8), even, [tile]);
    expect(rows).toEqual({ edges: even, places: null, heights: null });
  });

  it("moves an edge to the nearer end of the bin, and outermost ones outwards", () => {
    const scale = ValueScale.linear(1.01, 2.01);
    const rows = snapRows(scale, Float64Array.of(1.01, 1.26, 1.305, 2.01), [tile]);
    expect(numbers(rows.edges)).toEqual([1, 1.25, 1.3125, 2.125]);
    expect(rows.places?.[0]).toBeCloseTo(-0.01);
    expect(rows.places?.[3]).toBeCloseTo(1.115);
  });

  it("merges rows inside one bin", () => {
    const scale = ValueScale.linear(4, 4.5);
    const rows = snapRows(scale, scale.edges(8), [tile]);
    expect(numbers(rows.edges)).toEqual([4, 4.25, 4.5]);
    expect(numbers(rows.heights)).toEqual([1, 1]);
  });

  it("makes no row that is too low to be drawn", () => {
    const merged = madeTile({
      edges: [-2048, -(2 ** -126), 2 ** -128, 2048],
      counts: [[1], [1], [1]],
    });
    const scale = ValueScale.linear(-2048, 2048);
    const rows = snapRows(scale, scale.edges(8), [merged]);
    expect(numbers(rows.edges)).toEqual([-2048, -(2 ** -126), 2048]);
    expect(numbers(rows.heights)).toEqual([1, 1]);
  });

  it("is coarse where any of the tiles is", () => {
    const merged = madeTile({ edges: [0, 1, 2], counts: [[1], [1]] });
    const scale = ValueScale.linear(0, 2);
    expect(numbers(snapRows(scale, scale.edges(5), [tile, merged]).edges)).toEqual([0, 1, 2]);
  });

  it("finds no row between bins that overlap without end", () => {
    const a = madeTile({ edges: [0, 2, 4], counts: [[1], [1]] });
    const b = madeTile({ edges: [1, 3, 5], counts: [[1], [1]] });
    const scale = ValueScale.linear(0, 5);
    expect(numbers(snapRows(scale, scale.edges(5), [a, b]).edges)).toEqual([0, 5]);
  });

  it("leaves the axis alone without tiles", () => {
    const even = Float64Array.of(0, 1);
    expect(snapRows(ValueScale.linear(0, 1), even, []).edges).toBe(even);
  });

  it("gives whole counts on any symlog axis", () => {
    const counted = storedTile([-6, -5, -4, -3, -2, -1, 0, 1, 2, 3], [3, 0, 1, 7]);
    fc.assert(
      fc.property(
        fc.double({ min: -16, max: 15, noNaN: true }),
        fc.double({ min: 0.05, max: 31, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (lo, width, count) => {
          const scale = ValueScale.symlog(lo, lo + width);
          const rows = snapRows(scale, scale.edges(count), [counted]);
          const grid = rebin(counted, rows.edges);
          expect(grid.split).toBe(false);
          expect([...grid.counts].every(Number.isInteger)).toBe(true);
          expect(rows.edges[0]).toBeLessThanOrEqual(lo);
          expect(rows.edges.at(-1)).toBeGreaterThanOrEqual(lo + width);
        },
      ),
    );
  });

  it("makes values that are spread evenly over the axis look even: counts by height", () => {
    const scale = ValueScale.symlog(1, 8);
    const bins = storedTile([0, 1, 2]);
    const counts = Array.from(bins.lower, (lower, bin) => {
      const share = scale.valueToFraction(bins.upper[bin]!) - scale.valueToFraction(lower);
      return [lower < 1 ? 0 : Math.round(1e6 * share)];
    });
    const even = madeTile({ lower: [...bins.lower], upper: [...bins.upper], counts });
    const { edges, heights } = snapRows(scale, scale.edges(40), [even]);
    const raw = [...rebin(even, edges).counts];
    const evened = raw.map((count, row) => count / heights![row]!);
    expect(Math.max(...raw) / Math.min(...raw)).toBeGreaterThan(1.5);
    expect(Math.max(...evened) / Math.min(...evened)).toBeLessThan(1.001);
  });
});
