/** The same cases as the notebook's side (tests/golden/make_value_axes.py), to the last few bits. */

import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { chosenRange } from "../../math/range";
import type { Tile } from "../../math/tile";
import { madeTile } from "../../math/tile_fixture";
import { ValueScale } from "../../math/value_scale";
import * as settings from "../settings/settings";
import { chooseScale } from "./value_range";

/** What is not finite is null. */
type Numbers = (number | null)[];

interface Series {
  readonly range: [number, number] | null;
  readonly usual: number;
  readonly columns: {
    readonly mean: Numbers;
    readonly std: Numbers;
    readonly min: Numbers;
    readonly max: Numbers;
  };
}

interface Case {
  readonly name: string;
  readonly series: Series[];
  readonly axes: {
    readonly range: [number, number];
    readonly linear: number[];
    readonly symlog: number[];
    readonly linthresh: number;
    readonly given_linthresh: number;
  };
}

const file = new URL("../../../../tests/golden/value_axes.json", import.meta.url);
const { rows, given, cases } = JSON.parse(readFileSync(file, "utf8")) as {
  rows: number;
  given: [number, number];
  cases: Case[];
};

function seriesToTile({ range, usual, columns }: Series): Tile {
  const array = (values: Numbers) => Float64Array.from(values, (value) => value ?? Number.NaN);
  const { mean, std, min, max } = columns;
  return madeTile({
    edges: [0],
    counts: [],
    steps: mean.map((_, step) => step),
    columns: { mean: array(mean), std: array(std), min: array(min), max: array(max) },
    tile: { range, usual },
  });
}

function expectClose(found: Iterable<number>, wanted: Iterable<number>): void {
  const want = [...wanted];
  const size = Math.max(...want.map(Math.abs));
  [...found].forEach((value, i) => {
    expect(Math.abs(value - want[i]!)).toBeLessThanOrEqual(size * 1e-12);
  });
}

afterEach(() => {
  settings.range.reset();
  settings.valueScale.reset();
});

describe("the page's value axis agrees with notebook/value_range.py", () => {
  it.each(cases.map((golden) => [golden.name, golden] as const))("%s", (_, { series, axes }) => {
    const tiles = series.map(seriesToTile);
    const [lo, hi] = chosenRange(tiles, "auto", null);
    expectClose([lo, hi], axes.range);
    expectClose(ValueScale.linear(lo, hi).edges(rows), axes.linear);
    settings.valueScale.value = "symlog";
    const scale = chooseScale(tiles, rows);
    expect(scale.linthresh / axes.linthresh).toBeCloseTo(1, 12);
    expectClose(scale.edges(rows), axes.symlog);
    settings.range.value = "manual";
    settings.manualRange.value = given;
    expect(chooseScale(tiles, rows).linthresh / axes.given_linthresh).toBeCloseTo(1, 12);
  });
});
