import { describe, expect, it } from "vitest";
import { scalarRange } from "./scalar_range";

const falling = [8, 2, 0.5, 0.1, 0.002, 0.0005];

describe("scalarRange", () => {
  it("holds all values of runs of like size, also of a loss that fell by orders of magnitude", () => {
    expect(scalarRange([falling, [3, null, 40]])).toEqual([0.0005, 40]);
  });

  it("leaves out what is a thousand times the usual size", () => {
    expect(scalarRange([falling, [4, 5, 20, 1e9, 1e26]])).toEqual([0.0005, 20]);
    expect(scalarRange([[1, 1, 1, 1, 1e6, null]])).toEqual([1, 1]);
  });

  it("needs values, and takes zeros as they are", () => {
    expect(scalarRange([[], [null]])).toBeNull();
    expect(scalarRange([[0, 0, 0, 5]])).toEqual([0, 5]);
  });
});
