/** The tile that a request asks for, out of the whole one of a shared file: what plugin/tiles.py does in TensorBoard. */

import type { Columns, Tile } from "../math/tile";
import type { TileRequest } from "../series/types";

const DEFAULT_COLUMNS = 512;
/** Left out on each side of the central range, as core/joining.py has it. */
const TAIL = 0.0005;

/** Columns [first, last) of the new tile, each of `size` columns of the old one. */
interface Span {
  readonly level: number;
  readonly first: number;
  readonly last: number;
}

/** Bins stay as they are in the file, whatever rows were asked for. */
export function reslice(whole: Tile, request: TileRequest): Tile {
  const span = chooseSpan(whole, request);
  const size = 2 ** span.level;
  const length = whole.columns.length;
  if (size === 1 && span.first === 0 && span.last === length) return whole;
  const part = { from: span.first * size, to: Math.min(span.last * size, length), size };
  const columns = poolColumns(whole.columns, part);
  const { lower, upper, counts } = poolCounts(whole, part);
  const all = part.from === 0 && part.to === length;
  return {
    ...whole,
    level: whole.level + span.level,
    firstColumn: span.first,
    range: all ? whole.range : centralRange(lower, upper, counts, columns.length),
    extent: all ? whole.extent : extentOf(columns),
    columns,
    lower,
    upper,
    counts,
  };
}

/** The columns with a record at the asked steps, pooled as little as their number allows. */
function chooseSpan({ columns }: Tile, { steps, columns: most = DEFAULT_COLUMNS }: TileRequest): Span {
  const [lo, hi] = steps ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const first = columns.lastStep.findIndex((step) => step >= lo);
  const last = columns.firstStep.findLastIndex((step) => step <= hi);
  if (first < 0 || last < first) return { level: 0, first: 0, last: 0 };
  let level = 0;
  while ((last >> level) - (first >> level) >= most) level++;
  return { level, first: first >> level, last: (last >> level) + 1 };
}

/** Columns [from, to) of the old tile, `size` of which become one. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

function widthOf({ from, to, size }: Part): number {
  return Math.ceil((to - from) / size);
}

function poolColumns(columns: Columns, part: Part): Columns {
  const { from, to, size } = part;
  const starts = Int32Array.from({ length: widthOf(part) }, (_, at) => from + at * size);
  const ends = starts.map((start) => Math.min(start + size, to));
  const lasts = ends.map((end) => end - 1);
  const total = (values: Float64Array) => {
    const sums = new Float64Array(starts.length);
    poolRow(values, 0, part, sums, 0);
    return sums;
  };
  return {
    length: starts.length,
    firstStep: pick(columns.firstStep, starts),
    lastStep: pick(columns.lastStep, lasts),
    firstWallTime: pick(columns.firstWallTime, starts),
    lastWallTime: pick(columns.lastWallTime, lasts),
    records: total(columns.records),
    n: total(columns.n),
    zeros: total(columns.zeros),
    nans: total(columns.nans),
    posInfs: total(columns.posInfs),
    negInfs: total(columns.negInfs),
    ...poolMoments(columns, starts, ends),
    min: poolExtremes(columns.min, starts, ends, 1),
    max: poolExtremes(columns.max, starts, ends, -1),
  };
}

function pick(values: Float64Array, places: ArrayLike<number>): Float64Array {
  const picked = new Float64Array(places.length);
  for (let at = 0; at < picked.length; at++) picked[at] = values[places[at]!]!;
  return picked;
}

/** Puts sums of each `size` values of the row that begins at `base` into `sums`, from `target` on; returns their sum. */
function poolRow(
  values: Tile["counts"],
  base: number,
  { from, to, size }: Part,
  sums: Float64Array,
  target: number,
): number {
  let all = 0;
  for (let start = from, at = target; start < to; at++) {
    const end = Math.min(start + size, to);
    let sum = 0;
    for (; start < end; start++) sum += values[base + start]!;
    sums[at] = sum;
    all += sum;
  }
  return all;
}

/** The smallest values, by sign -1 the largest ones; NaN where there is none. */
function poolExtremes(
  values: Float64Array,
  starts: Int32Array,
  ends: Int32Array,
  sign: 1 | -1,
): Float64Array {
  const extremes = new Float64Array(starts.length);
  for (let at = 0; at < extremes.length; at++) {
    let found = Number.NaN;
    for (let i = starts[at]!; i < ends[at]!; i++) {
      const value = values[i]!;
      if (Number.isNaN(found) || sign * value < sign * found) found = value;
    }
    extremes[at] = found;
  }
  return extremes;
}

/** Mean and deviation of all finite values; NaN without any. */
function poolMoments(columns: Columns, starts: Int32Array, ends: Int32Array): Pick<Columns, "mean" | "std"> {
  const mean = new Float64Array(starts.length);
  const std = new Float64Array(starts.length);
  for (let at = 0; at < mean.length; at++) {
    const [start, end] = [starts[at]!, ends[at]!];
    const weights = finiteCounts(columns, start, end);
    const centre = weightedMean(weights, (i) => columns.mean[start + i]!);
    mean[at] = centre;
    std[at] = Math.sqrt(
      weightedMean(weights, (i) => columns.std[start + i]! ** 2 + (columns.mean[start + i]! - centre) ** 2),
    );
  }
  return { mean, std };
}

function finiteCounts({ n, nans, posInfs, negInfs }: Columns, from: number, to: number): number[] {
  const counts: number[] = [];
  for (let at = from; at < to; at++) counts.push(n[at]! - nans[at]! - posInfs[at]! - negInfs[at]!);
  return counts;
}

/** Values without weight are left out, whatever they are; NaN without any weight. */
function weightedMean(weights: readonly number[], valueAt: (at: number) => number): number {
  let sum = 0;
  let all = 0;
  for (const [at, weight] of weights.entries()) {
    if (weight === 0) continue;
    sum += weight * valueAt(at);
    all += weight;
  }
  return sum / all;
}

/** Bins without a count in these columns are left out. */
function poolCounts(whole: Tile, part: Part): Pick<Tile, "lower" | "upper" | "counts"> {
  const width = widthOf(part);
  const counts = new Float64Array(whole.lower.length * width);
  const occupied: number[] = [];
  for (let bin = 0; bin < whole.lower.length; bin++) {
    // The row of an empty bin is overwritten by the next one.
    const target = occupied.length * width;
    if (poolRow(whole.counts, bin * whole.columns.length, part, counts, target) > 0) occupied.push(bin);
  }
  return {
    lower: pick(whole.lower, occupied),
    upper: pick(whole.upper, occupied),
    counts: counts.subarray(0, occupied.length * width),
  };
}

/** Between which the central 99.9 % of the values lie, spread evenly within each bin; null without any. */
function centralRange(
  lower: Float64Array,
  upper: Float64Array,
  counts: ArrayLike<number>,
  columns: number,
): [number, number] | null {
  const sums = Array.from(lower, (_, bin) => {
    let sum = 0;
    for (let at = 0; at < columns; at++) sum += counts[bin * columns + at]!;
    return sum;
  });
  const all = sums.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  const quantile = (share: number) => {
    let left = share * all;
    const bin = sums.findIndex((count) => {
      if (left <= count) return true;
      left -= count;
      return false;
    });
    const at = bin < 0 ? sums.length - 1 : bin;
    return lower[at]! + (upper[at]! - lower[at]!) * Math.min(left / sums[at]!, 1);
  };
  return [quantile(TAIL), quantile(1 - TAIL)];
}

function extentOf({ min, max }: Columns): [number, number] | null {
  const lowest = min.filter((value) => !Number.isNaN(value)).sort()[0];
  const highest = max
    .filter((value) => !Number.isNaN(value))
    .sort()
    .at(-1);
  return lowest === undefined || highest === undefined ? null : [lowest, highest];
}
