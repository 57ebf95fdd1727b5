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
  const from = span.first * size;
  const to = Math.min(span.last * size, length);
  const columns = poolColumns(whole.columns, from, to, size);
  const { lower, upper, counts } = poolCounts(whole, from, to, size);
  const all = from === 0 && to === length;
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

function poolColumns(columns: Columns, from: number, to: number, size: number): Columns {
  const starts = Int32Array.from({ length: Math.ceil((to - from) / size) }, (_, at) => from + at * size);
  const ends = starts.map((start) => Math.min(start + size, to));
  const pick = (values: Float64Array, places: Int32Array) => Float64Array.from(places, (at) => values[at]!);
  const fold = (values: Float64Array, add: (sum: number, value: number) => number) =>
    Float64Array.from(starts, (start, at) => values.subarray(start, ends[at]!).reduce(add));
  const total = (values: Float64Array) => fold(values, (sum, value) => sum + value);
  const least = fold(columns.min, (a, b) => (b < a || Number.isNaN(a) ? b : a));
  const most = fold(columns.max, (a, b) => (b > a || Number.isNaN(a) ? b : a));
  const lasts = ends.map((end) => end - 1);
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
    min: least,
    max: most,
  };
}

/** Mean and deviation of all finite values; NaN without any. */
function poolMoments(columns: Columns, starts: Int32Array, ends: Int32Array): Pick<Columns, "mean" | "std"> {
  const mean = new Float64Array(starts.length);
  const std = new Float64Array(starts.length);
  for (const [at, start] of starts.entries()) {
    const end = ends[at]!;
    const weights = finiteCounts(columns, start, end);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    const average = (value: (column: number) => number) =>
      weights.reduce((sum, weight, i) => sum + (weight > 0 ? (weight / all) * value(start + i) : 0), 0);
    const centre = average((column) => columns.mean[column]!);
    mean[at] = all > 0 ? centre : Number.NaN;
    std[at] =
      all > 0
        ? Math.sqrt(average((column) => columns.std[column]! ** 2 + (columns.mean[column]! - centre) ** 2))
        : Number.NaN;
  }
  return { mean, std };
}

function finiteCounts({ n, nans, posInfs, negInfs }: Columns, from: number, to: number): number[] {
  const counts: number[] = [];
  for (let at = from; at < to; at++) counts.push(n[at]! - nans[at]! - posInfs[at]! - negInfs[at]!);
  return counts;
}

/** Bins without a count in these columns are left out. */
function poolCounts(
  whole: Tile,
  from: number,
  to: number,
  size: number,
): Pick<Tile, "lower" | "upper" | "counts"> {
  const { length } = whole.columns;
  const width = Math.ceil((to - from) / size);
  const rows: Float64Array[] = [];
  const occupied: number[] = [];
  for (let bin = 0; bin < whole.lower.length; bin++) {
    const row = new Float64Array(width);
    let sum = 0;
    for (let at = from; at < to; at++) {
      const count = whole.counts[bin * length + at]!;
      sum += count;
      row[Math.floor((at - from) / size)]! += count;
    }
    if (sum === 0) continue;
    rows.push(row);
    occupied.push(bin);
  }
  const counts = new Float64Array(rows.length * width);
  for (const [at, row] of rows.entries()) counts.set(row, at * width);
  const pick = (values: Float64Array) => Float64Array.from(occupied, (bin) => values[bin]!);
  return { lower: pick(whole.lower), upper: pick(whole.upper), counts };
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
