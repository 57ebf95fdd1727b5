import { expect, test } from "vitest";
import { joinRanges, type UnitTable, unitColumn, unitsOfRow, unitsToText, valueToShare } from "./unit_cells";

const TABLE: UnitTable = {
  per_row: 2,
  order: [3, 0, 1, 2, 4],
  first_steps: [1, 5, 10],
  last_steps: [4, 8, 12],
  range: [0.5, 8],
  values: [],
};

test("a step has the column that began last", () => {
  expect([0, 1, 4, 5, 9, 10, 99].map((step) => unitColumn(TABLE, step))).toEqual([-1, 0, 0, 1, 1, 2, 2]);
});

test("a row has the units of its place in the order", () => {
  expect([0, 1, 2].map((row) => unitsOfRow(TABLE, row))).toEqual([[3, 0], [1, 2], [4]]);
});

test("units are named shortly", () => {
  expect([[7], [4, 5, 6], [3, 9], [1, 5, 9, 13]].map(unitsToText)).toEqual(["7", "4–6", "3, 9", "1, 5, 9 …"]);
});

test("shares of zeros have the whole scale, sizes a logarithmic one, others their range", () => {
  expect(valueToShare(0.25, "zero_share", [0.25, 0.5])).toBe(0.25);
  expect(valueToShare(2, "rms", TABLE.range)).toBe(0.5);
  expect(valueToShare(2, "mean", [0, 8])).toBe(0.25);
  expect(valueToShare(3, "mean", [3, 3])).toBe(1);
});

test("tables that are compared have one range", () => {
  const others = [
    { ...TABLE, range: [2, 20] as const },
    { ...TABLE, range: null },
  ];
  expect(joinRanges([TABLE, ...others])).toEqual([0.5, 20]);
  expect(joinRanges([{ ...TABLE, range: null }])).toBeNull();
});

test("what has no value, or no logarithm, has no colour", () => {
  expect(valueToShare(null, "mean", TABLE.range)).toBe(-1);
  expect(valueToShare(0, "std", [0, 8])).toBe(-1);
  expect(valueToShare(1, "mean", null)).toBe(-1);
});
