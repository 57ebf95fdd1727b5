import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lastAtMost, ValueScale } from "./value_scale";

const range = fc
  .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }))
  .map(([lo, width]) => [lo, lo + width] as const);

describe("ValueScale", () => {
  it("goes from value to share and back", () => {
    fc.assert(
      fc.property(
        range,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        ([lo, hi], share, linear) => {
          const scale = linear ? ValueScale.linear(lo, hi) : ValueScale.symlog(lo, hi);
          const value = scale.fractionToValue(share);
          expect(scale.valueToFraction(value)).toBeCloseTo(share, 6);
        },
      ),
    );
  });

  it("has edges that ascend from lo to hi", () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 1, max: 512 }), fc.boolean(), ([lo, hi], rows, linear) => {
        const scale = linear ? ValueScale.linear(lo, hi) : ValueScale.symlog(lo, hi);
        const edges = scale.edges(rows);
        expect(edges.length).toBe(rows + 1);
        expect([edges[0], edges[rows]]).toEqual([lo, hi]);
        for (let row = 0; row < rows; row++) expect(edges[row + 1]).toBeGreaterThanOrEqual(edges[row]!);
      }),
    );
  });

  it("has an edge at exactly 0 where a row begins there", () => {
    expect([...ValueScale.linear(-0.3, 0.6).edges(9)]).toContain(0);
    expect([...ValueScale.symlog(-7.7, 7.7, 0.1).edges(10)]).toContain(0);
  });

  it("gives native rows one bin each, without the gaps", () => {
    const tile = { lower: Float64Array.of(-4, 1, 2), upper: Float64Array.of(-2, 2, 3) };
    const scale = ValueScale.native([tile]);
    expect([...scale.edges(99)]).toEqual([-4, 1, 2, 3]);
    expect(scale.valueToFraction(1.5)).toBeCloseTo(1.5 / 3, 12);
    expect(scale.fractionToValue(2.5 / 3)).toBeCloseTo(2.5, 12);
  });

  it("zooms native rows to whole ones", () => {
    const tile = { lower: Float64Array.of(0, 1, 2, 3), upper: Float64Array.of(1, 2, 3, 4) };
    const zoomed = ValueScale.native([tile]).withRange(1.2, 2.9);
    expect([zoomed.lo, zoomed.hi]).toEqual([1, 3]);
    expect([...zoomed.edges(1)]).toEqual([1, 2, 3]);
    expect(zoomed.valueToFraction(2)).toBe(0.5);
    expect([...zoomed.withRange(0, 4).edges(1)]).toEqual([0, 1, 2, 3, 4]);
  });

  it("joins the native rows of several tiles", () => {
    const a = { lower: Float64Array.of(0, 1), upper: Float64Array.of(1, 2) };
    const b = { lower: Float64Array.of(0, 0.5), upper: Float64Array.of(0.5, 1) };
    expect([...ValueScale.native([a, b]).edges(0)]).toEqual([0, 0.5, 1, 2]);
  });

  it("labels ticks with what they are", () => {
    const ticks = ValueScale.linear(0, 1).ticks(5);
    expect(ticks.map((tick) => tick.label)).toEqual(["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    expect(ticks[1]!.share).toBeCloseTo(0.2, 12);
    expect(
      ValueScale.symlog(-10, 10, 0.1)
        .ticks(5)
        .map((tick) => tick.label),
    ).toContain("−10");
    const tile = { lower: Float64Array.of(-(2 ** -130), 0.5), upper: Float64Array.of(2 ** -130, 0.75) };
    expect(
      ValueScale.native([tile])
        .ticks(4)
        .map((tick) => tick.label),
    ).toEqual(["0", "0.5", "0.75"]);
  });

  it("shortens the edges of stored bins to what an axis has room for", () => {
    const edges = [0.0048828125, 0.1328125, 4.25];
    const tile = { lower: Float64Array.from(edges), upper: Float64Array.of(...edges.slice(1), 4.5) };
    const labels = ValueScale.native([tile])
      .ticks(6)
      .map((tick) => tick.label);
    expect(labels).toEqual(["0.0049", "0.13", "4.25", "4.5"]);
  });

  it("refuses empty and infinite ranges", () => {
    expect(() => ValueScale.linear(1, 1)).toThrow("finite lo < hi");
    expect(() => ValueScale.symlog(0, Number.POSITIVE_INFINITY)).toThrow("finite lo < hi");
    expect(() => ValueScale.symlog(0, 1, 0)).toThrow("linthresh");
  });
});

describe("lastAtMost", () => {
  it("finds the last number that is not larger", () => {
    expect([0, 1, 1.5, 3, 9].map((value) => lastAtMost([1, 1, 2, 3], value))).toEqual([-1, 1, 1, 3, 3]);
  });
});
