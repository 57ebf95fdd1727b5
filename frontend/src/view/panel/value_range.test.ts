import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Tile } from "../../math/tile";
import { ValueScale } from "../../math/value_scale";
import * as settings from "../settings/settings";
import { chooseScale, rowsOf, snap } from "./value_range";

/** One column of that range. */
function tile(lo: number, hi: number): Tile {
  const one = (value: number) => Float64Array.of(value);
  const columns = { length: 1, mean: one((lo + hi) / 2), std: one(hi - lo), min: one(lo), max: one(hi) };
  return { range: [lo, hi], extent: [lo * 2, hi * 2], columns } as unknown as Tile;
}

afterEach(() => {
  settings.range.reset();
  settings.valueScale.reset();
});

describe("chooseScale", () => {
  it("is linear for runs of like size and symlog for runs that differ widely", () => {
    expect(chooseScale([tile(-1, 1), tile(-2, 2)], 64).kind).toBe("linear");
    expect(chooseScale([tile(-1, 1), tile(-90, 90)], 64).kind).toBe("symlog");
  });

  it("gives rows that are cells of a power of two, none of which a stored bin crosses", () => {
    const ends = fc.double({ min: -1e4, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(ends, fc.double({ min: 1e-3, max: 1e4, noNaN: true }), (lo, length) => {
        const scale = chooseScale([tile(lo, lo + length)], 96);
        const rows = rowsOf(scale, 96);
        const cell = (scale.hi - scale.lo) / rows;
        expect(Math.log2(cell)).toBeCloseTo(Math.round(Math.log2(cell)), 9);
        expect(rows).toBeGreaterThanOrEqual(40);
        expect(rows).toBeLessThanOrEqual(96);
        expect(scale.lo / cell).toBeCloseTo(Math.round(scale.lo / cell), 6);
        expect(scale.lo).toBeLessThanOrEqual(lo);
        expect(scale.hi).toBeGreaterThanOrEqual(lo + length);
      }),
    );
  });

  it("keeps its cells when moving the ends makes the range longer than the rows it was chosen for", () => {
    const scale = chooseScale([tile(-5e-324, 721.5686274509806)], 96);
    const rows = rowsOf(scale, 96);
    expect((scale.hi - scale.lo) / rows).toBe(8);
  });

  it("takes a manual range as it is", () => {
    settings.range.value = "manual";
    settings.manualRange.value = [-0.3, 0.7];
    const scale = chooseScale([tile(-5, 5)], 64);
    expect([scale.lo, scale.hi]).toEqual([-0.3, 0.7]);
    expect(rowsOf(scale, 64)).toBe(64);
  });
});

describe("snap", () => {
  it("moves both ends to the nearest rows of a linear axis, and leaves others alone", () => {
    const [lo, hi] = snap(ValueScale.linear(-8, 8), 0.26, 3.9, 64);
    expect(lo * 16).toBe(Math.round(lo * 16));
    expect(hi * 16).toBe(Math.round(hi * 16));
    expect(snap(ValueScale.symlog(-8, 8), 0.26, 3.9, 64)).toEqual([0.26, 3.9]);
  });
});
