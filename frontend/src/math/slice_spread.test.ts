import { describe, expect, it } from "vitest";
import { spreadOf } from "./slice_spread";

describe("the spread of many histograms", () => {
  it("has the quartiles of each row", () => {
    const all = [0, 1, 2, 3, 4].map((part) => Float64Array.of(part / 10, 1 - part / 10));
    const { low, median, high, outliers } = spreadOf(all);
    expect([...low]).toEqual([0.1, 0.7]);
    expect([...median]).toEqual([0.2, 0.8]);
    expect([...high]).toEqual([expect.closeTo(0.3), 0.9]);
    expect(outliers).toEqual([]);
  });

  it("names what is unlike the others, the most unlike first", () => {
    const usual = Array.from({ length: 9 }, (_, at) => Float64Array.of(0.5 + at / 500, 0.5 - at / 500, 0));
    const all = [Float64Array.of(0.2, 0.2, 0.6), ...usual, Float64Array.of(0, 0, 0)];
    expect(spreadOf(all).outliers).toEqual([0, 10]);
  });

  it("calls nothing unlike where all are nearly the same", () => {
    const all = Array.from({ length: 12 }, (_, at) => Float64Array.of(0.5, at === 3 ? 0.49 : 0.5));
    expect(spreadOf(all).outliers).toEqual([]);
  });
});
