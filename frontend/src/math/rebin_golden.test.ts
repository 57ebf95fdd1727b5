/** The same cases as the Python side (tests/golden/make_tiles.py), to the last few bits. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { rebin } from "./rebin";
import { madeTile } from "./tile_fixture";

interface Case {
  readonly lower: number[];
  readonly upper: number[];
  /** One list per record. */
  readonly counts: number[][];
  readonly edges: number[];
  readonly rebinned: number[][];
}

const file = new URL("../../../tests/golden/rebin.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

describe("rebin agrees with cumulative.rebin", () => {
  it.each(cases.map((golden, i) => [i, golden] as const))("case %i", (_, golden) => {
    const { lower, upper, counts, edges, rebinned } = golden;
    const byBin = lower.map((_, bin) => counts.map((record) => record[bin]!));
    const steps = counts.map((_, record) => record);
    const grid = rebin(madeTile({ lower, upper, counts: byBin, steps }), Float64Array.from(edges));
    expect([grid.rows, grid.columns]).toEqual([edges.length - 1, counts.length]);
    rebinned.forEach((record, column) => {
      const total = counts[column]!.reduce((sum, count) => sum + count, 0);
      record.forEach((count, row) => {
        expect(Math.abs(grid.counts[row * grid.columns + column]! - count)).toBeLessThanOrEqual(
          total * 1e-12,
        );
      });
    });
  });
});
