import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unitOf } from "./unit";
import { ValueScale } from "./value_scale";

describe("unitOf", () => {
  it("is the row height of a linear axis, rounded down to a power of two", () => {
    expect(unitOf(ValueScale.linear(0, 64), 64)).toBe(0);
    expect(unitOf(ValueScale.linear(0, 100), 64)).toBe(0);
    expect(unitOf(ValueScale.linear(-0.5, 0.5), 64)).toBe(-6);
  });

  it("is as fine as the rows near 0 of a symlog axis", () => {
    expect(unitOf(ValueScale.symlog(-8, 8, 0.01), 64)).toBeLessThanOrEqual(-9);
  });

  it("is nothing for native rows", () => {
    const bins = { lower: Float64Array.of(0), upper: Float64Array.of(1) };
    expect(unitOf(ValueScale.native([bins]), 64)).toBeNull();
  });

  it("never exceeds a row and stays within what float32 can tell apart", () => {
    const size = fc.double({ min: 1e-40, max: 1e38, noNaN: true });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 512 }), (hi, rows) => {
        const unit = unitOf(ValueScale.linear(0, hi), rows)!;
        expect(unit).toBeGreaterThanOrEqual(-149);
        expect(2 ** unit).toBeLessThanOrEqual(Math.max((hi / rows) * (1 + 1e-9), 2 ** -149));
      }),
    );
  });
});
