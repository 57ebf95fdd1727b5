import { describe, expect, it } from "vitest";
import { rebin } from "./rebin";
import { columnShares, cumulativeShares } from "./slice_shares";
import { madeTile } from "./tile_fixture";

/** A column of 10 values, of which 5 are zeros that are not counted here. */
const TILE = madeTile({ edges: [0, 1, 2, 3], counts: [[2], [2], [1]] });

function cumulated(...edges: readonly number[]): number[] {
  return [...cumulativeShares(rebin(TILE, Float64Array.from(edges)), 0, 10, 5)];
}

describe("the histogram of one step", () => {
  it("has the share of all values in each row", () => {
    expect([...columnShares(rebin(TILE, Float64Array.of(1, 2, 3)), 0, 10)]).toEqual([0.2, 0.1]);
  });

  it("rises by the zeros at 0 when it is cumulated", () => {
    expect(cumulated(-1, 0, 1, 2, 3)).toEqual([0, 0.7, expect.closeTo(0.9), expect.closeTo(1)]);
  });

  it("begins with the zeros where 0 lies below what is shown", () => {
    expect(cumulated(1, 2, 3)).toEqual([expect.closeTo(0.9), expect.closeTo(1)]);
  });

  it("ends without them where 0 lies above what is shown", () => {
    expect(cumulated(-3, -2, -1)).toEqual([0, 0]);
  });
});
