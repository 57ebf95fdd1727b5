import { format as d3Format } from "d3-format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as format from "./format";

describe("numbers as text", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [12_345, "12.3k"],
    [4_100_000, "4.1M"],
    [0.5, "0.5"],
    [Number.NaN, "NaN"],
  ])("formatCount(%f) is %s", (count, text) => expect(format.formatCount(count)).toBe(text));

  it.each([
    [12_345_678, "12,345,678"],
    [2.25, "2.25"],
    [1234.5678, "1,234.57"],
  ])("formatExact(%f) is %s", (count, text) => expect(format.formatExact(count)).toBe(text));

  it.each([
    [0.25, 3, "0.25"],
    [0, 3, "0"],
    [-0.125, 3, "−0.125"],
    [3.2e-7, 3, "3.2e−7"],
    [-4e9, 3, "−4e9"],
    [1234.56, 3, "1,235"],
    [100, 3, "100"],
    [Number.POSITIVE_INFINITY, 3, "+∞"],
    [Number.NEGATIVE_INFINITY, 3, "−∞"],
  ])("formatValue(%f, %i) is %s", (value, digits, text) =>
    expect(format.formatValue(value, digits)).toBe(text),
  );

  it.each([
    [2.304, 0.08, "2.3", "0.08"],
    [2.30614, 2.304, "2.3061", "2.304"],
    [2, 2, "2", "2"],
    [1, 1 + 1e-9, "1", "1"],
  ])("formatApart(%f, %f) is %s and %s", (first, second, ...words) =>
    expect(format.formatApart(first, second)).toEqual(words),
  );

  it.each([
    [0, "0 %"],
    [1, "100 %"],
    [0.125, "12.5 %"],
    [0.003, "0.3 %"],
    [0.00001, "< 0.01 %"],
    [0.99999, "> 99.99 %"],
    [0.1, "10 %"],
    [-0.25, "−25 %"],
  ])("formatShare(%f) is %s", (share, text) => expect(format.formatShare(share)).toBe(text));

  it.each([
    [0.25, "0.25 s"],
    [42.4, "42 s"],
    [200, "3 m 20 s"],
    [7500, "2 h 5 m"],
    [280_000, "3 d 5 h"],
    [3600, "1 h"],
    [-90, "−1 m 30 s"],
  ])("formatDuration(%f) is %s", (seconds, text) => expect(format.formatDuration(seconds)).toBe(text));

  it("tells neighbouring ticks apart with as few decimals as possible", () => {
    expect(format.formatTicks([0, 0.5, 1])).toEqual(["0.0", "0.5", "1.0"]);
    expect(format.formatTicks([-200, 0, 200])).toEqual(["−200", "0", "200"]);
    expect(format.formatTicks([0.25, 0.255])).toEqual(["0.250", "0.255"]);
    expect(format.formatTicks([0, 1e-5])).toEqual(["0", "1e−5"]);
  });

  it("writes narrow bins with enough digits", () => {
    expect(format.formatBin(0.25, 0.265625)).toBe("[0.25, 0.265625)");
    expect(format.formatBin(1000.0, 1000.5)).toBe("[1,000, 1,000.5)");
  });

  it("writes the edge between two bins alike in both, however different their widths", () => {
    // Stored bins around a power of two, where the width doubles; and merged ones, many times wider.
    const edges = [
      0.2421875,
      0.24609375,
      0.25,
      0.2578125,
      0.5,
      31.5,
      32,
      1e5 + 1 / 3,
      3.7e6,
      3.9e6,
      3e30,
      3.1e30,
    ];
    const bins = edges
      .slice(1)
      .map((upper, at) => format.formatBin(edges[at]!, upper).slice(1, -1).split(", "));
    for (let at = 1; at < bins.length; at++) {
      expect(bins[at]![0]).toBe(bins[at - 1]![1]);
      expect(bins[at]![0]).not.toBe(bins[at]![1]);
    }
  });

  it("writes steps and wall times", () => {
    expect(format.formatSteps(1200, 1200)).toBe("1,200");
    expect(format.formatSteps(1200, 1203)).toBe("1,200–1,203");
    expect(format.nameSteps(7, 7)).toBe("step 7");
    expect(format.nameSteps(7, 1203)).toBe("steps 7–1,203");
    expect(format.formatWallTime(new Date(2026, 10, 23, 4, 5, 9).getTime() / 1000)).toBe(
      "2026-11-23 04:05:09",
    );
    expect(format.formatWallTime(new Date(2026, 0, 2, 23, 5, 9, 250).getTime() / 1000, 2)).toBe(
      "2026-01-02 23:05:09.25",
    );
    expect(format.formatWallTime(1e300)).toBe("+∞");
  });

  it("writes numbers as d3 does", () => {
    const number = fc.oneof(
      fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
      fc.float({ min: -1e5, max: 1e5 }),
    );
    fc.assert(
      fc.property(number, (value) => {
        const d3 = d3Format(Number.isInteger(value) ? ",d" : ",.2~f")(value);
        expect(format.formatExact(value)).toBe(d3);
        if (Math.abs(value) >= 1000) expect(format.formatCount(value)).toBe(d3Format(".3~s")(value));
        if (Math.abs(value) < 1e5 && Math.abs(value) >= 1e-3)
          expect(format.formatTick(value)).toBe(d3Format(",.6~f")(value));
      }),
      { numRuns: 2000 },
    );
  });
});
