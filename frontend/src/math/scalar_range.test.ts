import { describe, expect, it } from "vitest";
import { positiveRange, scalarRange, valueToHeight } from "./scalar_range";

const falling = [8, 2, 0.5, 0.1, 0.002, 0.0005];

describe("scalarRange", () => {
  it("holds all values of runs of like size, also of a loss that fell by orders of magnitude", () => {
    expect(scalarRange([falling, [3, null, 40]])).toEqual([0.0005, 40]);
  });

  it("leaves out what is ten times the usual size", () => {
    expect(scalarRange([falling, [4, 5, 20, 1e9, 1e26]])).toEqual([0.0005, 8]);
    expect(scalarRange([falling, falling, [8, 90, 50, 20]])).toEqual([0.0005, 8]);
    expect(scalarRange([[1, 1, 1, 1, 1e6, null]])).toEqual([1, 1]);
  });

  it("leaves out the rare spikes of a long run at either end", () => {
    const calm = Array.from({ length: 300 }, (_, at) => 1 + at / 300);
    const [lo, hi] = scalarRange([calm.map((value, at) => (at === 50 ? 9 : at === 60 ? -9 : value))])!;
    expect(lo).toBeGreaterThan(0.9);
    expect(hi).toBeLessThan(2.1);
  });

  it("leaves out a few values several times above usual, but no growth to them", () => {
    const loss = Array.from({ length: 200 }, (_, at) => 2.3 / (1 + at));
    const spiking = Array.from({ length: 200 }, (_, at) => (at % 40 < 2 ? 15 : at % 10 === 0 ? 6 : 2.33));
    expect(scalarRange([loss, spiking])![1]).toBeLessThan(5);
    const growing = Array.from({ length: 200 }, (_, at) => 1 + at / 10);
    expect(scalarRange([loss, growing])![1]).toBeGreaterThan(15);
  });

  it("needs values, and takes zeros as they are", () => {
    expect(scalarRange([[], [null]])).toBeNull();
    expect(scalarRange([[0, 0, 0, 5]])).toEqual([0, 5]);
  });
});

describe("a log axis", () => {
  it("spans all that is above 0, and places it by its logarithm", () => {
    expect(positiveRange([[10, -1, null, 0], [1e9]])).toEqual([10, 1e9]);
    expect(positiveRange([[0, -1, null]])).toBe(null);
    expect(valueToHeight([1, 10_000], 100, true)).toBeCloseTo(0.5);
    expect(valueToHeight([1, 10_000], -1, true)).toBeNaN();
    expect(valueToHeight([0, 4], 1, true)).toBe(0.25);
    expect(valueToHeight([3, 3], 3, true)).toBe(0);
  });
});
