import { expect, it } from "vitest";
import { smooth } from "./smooth";

it("is the debiased moving average: after two values the weighted mean of both", () => {
  const [first, second, third] = smooth([1, 3, 3], 0.6) as [number, number, number];
  expect(first).toBeCloseTo(1);
  expect(second).toBeCloseTo((0.6 * 1 + 3) / 1.6);
  expect(third).toBeCloseTo((0.36 * 1 + 0.6 * 3 + 3) / 1.96);
});

it("leaves constants, what is not finite, and everything at weight 0 as it is", () => {
  expect(smooth([0.1, 0.1, 0.1], 0.9)).toEqual([0.1, 0.1, 0.1]);
  expect(smooth([1, 2], 0)).toEqual([1, 2]);
  const [, gap, after] = smooth([1, Number.NaN, 3], 0.5) as [number, number, number];
  expect(gap).toBeNaN();
  expect(after).toBeCloseTo((0.5 * 1 + 3) / 1.5);
});
