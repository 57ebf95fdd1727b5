/** The same cases as the Python side (tests/golden/make_tiles.py), to the last few bits. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatLimits, formatLoss, type NumberFormat } from "./number_format";
import { madeTile } from "./tile_fixture";

interface Loss {
  readonly format: NumberFormat;
  readonly scale: number;
  readonly underflow: (number | null)[];
  readonly subnormal: (number | null)[];
  readonly overflow: (number | null)[];
}

interface Case {
  readonly dtype: string;
  readonly lower: number[];
  readonly upper: number[];
  /** One list per record. */
  readonly counts: number[][];
  readonly n: number[];
  readonly zeros: number[];
  /** null in a record without values, as are the shares. */
  readonly min: (number | null)[];
  readonly max: (number | null)[];
  readonly losses: Loss[];
}

const file = new URL("../../../tests/golden/format_loss.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

function toColumn(numbers: readonly (number | null)[]): Float64Array {
  return Float64Array.from(numbers, (number) => number ?? Number.NaN);
}

function caseToTile(golden: Case) {
  const { lower, upper, counts } = golden;
  const columns = {
    n: toColumn(golden.n),
    zeros: toColumn(golden.zeros),
    min: toColumn(golden.min),
    max: toColumn(golden.max),
  };
  const byBin = lower.map((_, bin) => counts.map((record) => record[bin]!));
  return madeTile({ lower, upper, counts: byBin, steps: counts.map((_, record) => record), columns });
}

const all = cases.flatMap((golden) => golden.losses.map((loss) => ({ golden, loss })));

describe("shares agree with HistogramSeries.format_loss", () => {
  it.each(all)("$loss.format of $golden.dtype at $loss.scale", ({ golden, loss }) => {
    const found = formatLoss(caseToTile(golden), loss.format, loss.scale, golden.dtype);
    for (const way of ["underflow", "subnormal", "overflow"] as const) {
      loss[way].forEach((want, column) => {
        const got = found[way][column]!;
        if (want === null) expect(got).toBeNaN();
        else expect(got).toBeCloseTo(want, 12);
      });
    }
  });
});

it("limits lie half way between two numbers of a format", () => {
  expect(formatLimits("e4m3")).toEqual({
    zeroUpTo: 2 ** -10,
    normalFrom: 2 ** -6 - 2 ** -10,
    overflow: 464,
    overflowIncluded: false,
  });
  expect(formatLimits("fp16")).toMatchObject({ overflow: 65520, overflowIncluded: true });
  expect(formatLimits("e5m2")).toMatchObject({ zeroUpTo: 2 ** -17, overflow: 61440, overflowIncluded: true });
});
