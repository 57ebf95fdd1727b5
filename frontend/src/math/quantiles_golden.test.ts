/** The same cases as the Python side (tests/golden/make_tiles.py), to the last few bits. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { quantiles } from "./quantiles";
import { madeTile } from "./tile_fixture";

interface Case {
  readonly lower: number[];
  readonly upper: number[];
  /** One list per record. */
  readonly counts: number[][];
  readonly shares: number[];
  /** One list per record; null in a record without values. */
  readonly quantiles: (number | null)[][];
}

const file = new URL("../../../tests/golden/quantiles.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

describe("quantiles agree with cumulative.quantiles", () => {
  it.each(cases.map((golden, i) => [i, golden] as const))("case %i", (_, golden) => {
    const { lower, upper, counts, shares } = golden;
    const byBin = lower.map((_, bin) => counts.map((record) => record[bin]!));
    const steps = counts.map((_, record) => record);
    // The page keeps a quantile within the column's ends; here there are none.
    const min = Float64Array.from(counts, () => Number.NEGATIVE_INFINITY);
    const max = Float64Array.from(counts, () => Number.POSITIVE_INFINITY);
    const found = quantiles(madeTile({ lower, upper, counts: byBin, steps, columns: { min, max } }), shares);
    golden.quantiles.forEach((record, column) => {
      record.forEach((want, i) => {
        const got = found[i]![column]!;
        if (want === null) expect(got).toBeNaN();
        else expect(Math.abs(got - want)).toBeLessThanOrEqual(Math.abs(want) * 1e-12);
      });
    });
  });
});
