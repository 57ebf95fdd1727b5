/** Tiles for tests, made from rows of counts. */

import type { Columns, Tile } from "./tile";

export interface Made {
  /** counts[bin][column]. */
  readonly counts: readonly (readonly number[])[];
  /** Edges of touching bins; or lower and upper. */
  readonly edges?: readonly number[];
  readonly lower?: readonly number[];
  readonly upper?: readonly number[];
  readonly steps?: readonly number[];
  readonly columns?: Partial<Columns>;
  readonly tile?: Partial<Tile>;
}

/** A tile whose moments are those of the bins' middles unless given. */
export function madeTile(made: Made): Tile {
  const lower = Float64Array.from(made.lower ?? made.edges!.slice(0, -1));
  const upper = Float64Array.from(made.upper ?? made.edges!.slice(1));
  const width = made.counts[0]?.length ?? made.steps?.length ?? 0;
  const steps = Float64Array.from(made.steps ?? Array.from({ length: width }, (_, c) => c));
  const columns = { ...plainColumns(steps, lower, upper, made.counts), ...made.columns };
  return {
    run: "run",
    tag: "activations/conv1",
    source: "blocks",
    revision: "1",
    records: width,
    missing: 0,
    hint: "",
    level: 0,
    firstColumn: 0,
    unit: null,
    range: lower.length > 0 ? [lower[0]!, upper[upper.length - 1]!] : null,
    extent: lower.length > 0 ? [lower[0]!, upper[upper.length - 1]!] : null,
    usual: usualOf(columns),
    firstStep: steps[0] ?? 0,
    lastStep: steps[width - 1] ?? 0,
    columns,
    lower,
    upper,
    counts: Uint32Array.from(made.counts.flat()),
    ...made.tile,
  };
}

/** The size of the median column, as core/record_sizes.py has that of the median record. */
function usualOf({ min, max, mean, std }: Columns): number {
  const sizes = mean.map((middle, c) =>
    Math.max(
      Math.abs(Math.max(min[c]!, middle - 4 * std[c]!)),
      Math.abs(Math.min(max[c]!, middle + 4 * std[c]!)),
    ),
  );
  const known = sizes.filter((size) => size > 0).sort();
  return known[Math.floor(known.length / 2)] ?? 0;
}

function plainColumns(
  steps: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  counts: readonly (readonly number[])[],
): Columns {
  const zeroed = (): Float64Array => new Float64Array(steps.length);
  const columns = steps.length;
  const n = steps.map((_, c) => counts.reduce((sum, row) => sum + row[c]!, 0));
  const mean = steps.map(
    (_, c) => counts.reduce((sum, row, bin) => sum + row[c]! * ((lower[bin]! + upper[bin]!) / 2), 0) / n[c]!,
  );
  const occupied = (c: number): number[] => counts.flatMap((row, bin) => (row[c]! > 0 ? [bin] : []));
  return {
    length: columns,
    firstStep: steps,
    lastStep: steps.slice(),
    firstWallTime: steps.map((step) => 1000 + step),
    lastWallTime: steps.map((step) => 1000 + step),
    records: new Float64Array(columns).fill(1),
    n,
    zeros: zeroed(),
    nans: zeroed(),
    posInfs: zeroed(),
    negInfs: zeroed(),
    mean,
    std: zeroed(),
    min: steps.map((_, c) => lower[occupied(c)[0] ?? -1] ?? Number.NaN),
    max: steps.map((_, c) => upper[occupied(c).at(-1) ?? -1] ?? Number.NaN),
  };
}
