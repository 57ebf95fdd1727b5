import { describe, expect, it } from "vitest";
import type { Spans } from "./column_spans";
import { linePoints } from "./line_points";

function spans(...all: readonly (readonly [number, number])[]): Spans {
  return {
    kind: "step",
    start: Float64Array.from(all, ([start]) => start),
    end: Float64Array.from(all, ([, end]) => end),
  };
}

const BREAK = [Number.NaN, Number.NaN];

describe("linePoints", () => {
  it("goes through the middles of columns that touch, but for rounding", () => {
    expect(linePoints(spans([0, 1], [1 + 1e-12, 2]), [5, 6])).toEqual([
      [0.5, 5],
      [expect.closeTo(1.5), 6],
      BREAK,
    ]);
  });

  it("breaks at gaps", () => {
    const points = linePoints(spans([0, 1], [1, 2], [5, 6], [6, 7]), [1, 2, 3, 4]);
    expect(points).toEqual([[0.5, 1], [1.5, 2], BREAK, [5.5, 3], [6.5, 4], BREAK]);
  });

  it("is as long as a column that stands alone", () => {
    expect(linePoints(spans([40, 46]), [3])).toEqual([[40, 3], [46, 3], BREAK]);
  });

  it("leaves out what is not finite", () => {
    const values = [1, Number.NaN, 3, Number.POSITIVE_INFINITY];
    expect(linePoints(spans([0, 1], [1, 2], [2, 3], [3, 4]), values)).toEqual([
      [0, 1],
      [1, 1],
      BREAK,
      [2, 3],
      [3, 3],
      BREAK,
    ]);
    expect(linePoints(spans(), [1, 2])).toEqual([]);
  });
});
