import { describe, expect, it } from "vitest";
import { type CellQuantiles, cellAxis, columnStarts, decodeHalves, fillRows } from "./cell_picture";

const SHARES = [0.01, 0.02, 0.5, 0.98, 0.99];
/** Of the three values that a column is given by. */
const GIVEN = [0, 0, 1, 2, 2];

/** Columns given one by one, each by its quantiles. */
function cell(...columns: readonly (readonly number[])[]): CellQuantiles {
  const values = GIVEN.flatMap((share) => columns.map((column) => column[share]!));
  const steps = columns.map((_, at) => 10 * at);
  return {
    steps,
    lastStep: 10 * columns.length - 1,
    values: Float32Array.from(values),
    nonFinite: new Set(),
  };
}

describe("a cell of the board", () => {
  it("is decoded from the upper halves of numbers", () => {
    const bytes = String.fromCharCode(0x80, 0x3f, 0x00, 0xc0, 0xc0, 0x7f);
    expect([...decodeHalves(btoa(bytes))]).toEqual([1, -2, Number.NaN]);
  });

  it("has its values spread over the rows of the axis, the highest on top", () => {
    const axis = { scale: 1, lo: -1, hi: 1 };
    const rows = new Float32Array(4);
    fillRows(cell([Math.sinh(-1), 0, Math.sinh(1) * 0.999]), 0, axis, SHARES, rows);
    const [top, upper, lower, bottom] = rows;
    expect([upper, lower].map((share) => share?.toFixed(2))).toEqual(["0.24", "0.24"]);
    expect([top, bottom].map((share) => share?.toFixed(2))).toEqual(["0.25", "0.25"]);
    fillRows(cell([0.4, 0.4, 0.4]), 0, axis, SHARES, rows);
    expect(rows[1]).toBeCloseTo(0.98);
    fillRows(cell([9, 9, 9]), 0, axis, SHARES, rows);
    expect(rows[0]).toBeCloseTo(0.98);
    fillRows(cell([Number.NaN, Number.NaN, Number.NaN]), 0, axis, SHARES, rows);
    expect([...rows]).toEqual([0, 0, 0, 0]);
  });

  it("shares an axis with other runs, which a few wild ones do not stretch", () => {
    const usual = Array.from({ length: 9 }, () => cell([-1, 0, 1]));
    const axis = cellAxis(usual, SHARES.length);
    expect(axis.hi).toBeGreaterThan(Math.asinh(1 / axis.scale));
    expect(axis.lo).toBeCloseTo(-axis.hi);
    expect(cellAxis([...usual, cell([-1e19, 0, 1e19])], SHARES.length)).toEqual(axis);
    expect(cellAxis([cell([0, 0, 0])], SHARES.length)).toEqual({ scale: 0.25, lo: -2, hi: 2 });
    expect(
      cellAxis(
        Array.from({ length: 3 }, () => cell([0, 1, 2])),
        SHARES.length,
      ).lo,
    ).toBe(0);
  });

  it("has an axis on which a healthy run is seen beside one that explodes", () => {
    const explodes = cell([-1, 0, 1], [-1, 0, 1], [-1, 0, 1], [-1e9, 0, 1e9], [-1e10, 0, 1e10]);
    for (const runs of [[cell([-1, 0, 1]), cell([-1e10, 0, 1e10])], [explodes]]) {
      const axis = cellAxis(runs, SHARES.length);
      expect(Math.asinh(1 / axis.scale) / axis.hi).toBeGreaterThan(0.35);
    }
  });

  it("fills the part of the time axis that the run has", () => {
    const ended = cell([0, 0, 0], [0, 0, 0]);
    expect(columnStarts(ended, [0, 39], 40)).toEqual([0, 10, 20]);
    expect(columnStarts(ended, [0, 19], 40)).toEqual([0, 20, 40]);
  });

  it("are those of a run's own steps where these are a small part of all", () => {
    const short = cell([-1, 0, 1], [-1, 0, 1]);
    expect(columnStarts(short, [0, 152], 153)).toEqual([0, 10, 20]);
    expect(columnStarts(short, [0, 153], 40)).toEqual([0, 20, 40]);
  });
});
