import { expect, test } from "vitest";
import type { Tile } from "../math/tile";
import { reslice } from "./reslice";

const COLUMNS = 10;
const BINS = 3;

/** Steps 0, 2, 4 … two records a column; the last bin is empty before column 5. */
function wholeTile(): Tile {
  const each = (value: (at: number) => number) =>
    Float64Array.from({ length: COLUMNS }, (_, at) => value(at));
  const counts = Float64Array.from({ length: BINS * COLUMNS }, (_, at) => {
    const [bin, column] = [Math.floor(at / COLUMNS), at % COLUMNS];
    return bin === 2 && column < 5 ? 0 : 10 * bin + column + 1;
  });
  const sums = each((at) => counts[at]! + counts[COLUMNS + at]! + counts[2 * COLUMNS + at]!);
  const none = each(() => 0);
  return {
    run: "a",
    tag: "t",
    source: "blocks",
    revision: "r",
    records: 2 * COLUMNS,
    missing: 0,
    hint: "",
    level: 1,
    firstColumn: 0,
    unit: null,
    range: [-1, 2],
    extent: [-1.5, 2.5],
    usual: 1.25,
    firstStep: 0,
    lastStep: 19,
    columns: {
      length: COLUMNS,
      firstStep: each((at) => 2 * at),
      lastStep: each((at) => 2 * at + 1),
      firstWallTime: each((at) => 100 + at),
      lastWallTime: each((at) => 100.5 + at),
      records: each(() => 2),
      n: each((at) => sums[at]! + 1),
      zeros: each((at) => at),
      nans: each(() => 1),
      posInfs: none,
      negInfs: none,
      mean: each((at) => at),
      std: each(() => 1),
      min: each((at) => (at === 0 ? Number.NaN : -at)),
      max: each((at) => (at === 0 ? Number.NaN : at)),
    },
    lower: Float64Array.of(-1, 0, 1),
    upper: Float64Array.of(0, 1, 2),
    counts,
  };
}

const ASKED = { run: "a", tag: "t" };

test("the whole tile is handed out as it is where it is not finer than asked", () => {
  const whole = wholeTile();
  expect(reslice(whole, ASKED)).toBe(whole);
  expect(reslice(whole, { ...ASKED, columns: COLUMNS, rows: 8 })).toBe(whole);
});

test("columns are pooled on fixed boundaries, with exact sums", () => {
  const whole = wholeTile();
  const tile = reslice(whole, { ...ASKED, columns: 5 });
  expect(tile).toMatchObject({ level: 2, firstColumn: 0, range: [-1, 2], extent: [-1.5, 2.5] });
  expect([...tile.columns.firstStep]).toEqual([0, 4, 8, 12, 16]);
  expect([...tile.columns.lastStep]).toEqual([3, 7, 11, 15, 19]);
  expect([...tile.columns.lastWallTime]).toEqual([101.5, 103.5, 105.5, 107.5, 109.5]);
  expect([...tile.columns.records]).toEqual([4, 4, 4, 4, 4]);
  expect([...tile.counts].slice(0, 5)).toEqual([3, 7, 11, 15, 19]);
  expect([...tile.counts].slice(10)).toEqual([0, 0, 26, 56 - 1, 59]);
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
  expect(sum(tile.columns.n)).toBe(sum(whole.columns.n));
  expect(sum(tile.counts) + sum(tile.columns.nans)).toBe(sum(tile.columns.n));
  expect([...tile.columns.min]).toEqual([-1, -3, -5, -7, -9]);
});

test("mean and deviation are those of all values together", () => {
  const whole = wholeTile();
  const tile = reslice(whole, { ...ASKED, columns: 5 });
  const [a, b] = [whole.columns.n[2]! - 1, whole.columns.n[3]! - 1];
  const mean = (2 * a + 3 * b) / (a + b);
  const variance = (a * (1 + (2 - mean) ** 2) + b * (1 + (3 - mean) ** 2)) / (a + b);
  expect(tile.columns.mean[1]).toBeCloseTo(mean, 12);
  expect(tile.columns.std[1]).toBeCloseTo(Math.sqrt(variance), 12);
});

test("the columns with a record at the asked steps, without bins that are empty there", () => {
  const tile = reslice(wholeTile(), { ...ASKED, steps: [3, 6] });
  expect(tile).toMatchObject({ level: 1, firstColumn: 1, extent: [-3, 3] });
  expect([...tile.columns.firstStep]).toEqual([2, 4, 6]);
  expect([...tile.lower]).toEqual([-1, 0]);
  expect([...tile.counts]).toEqual([2, 3, 4, 12, 13, 14]);
  const [lo, hi] = tile.range!;
  expect(lo).toBeCloseTo(-1 + (0.0005 * 48) / 9, 12);
  expect(hi).toBeCloseTo(1 - (0.0005 * 48) / 39, 12);
});

test("one step is one column, and steps without a record are none", () => {
  expect([
    ...reslice(wholeTile(), { ...ASKED, columns: 1, rows: 0, steps: [7, 7] }).columns.firstStep,
  ]).toEqual([6]);
  const none = reslice(wholeTile(), { ...ASKED, steps: [50, 60] });
  expect(none.columns.length).toBe(0);
  expect(none).toMatchObject({ range: null, extent: null });
});
