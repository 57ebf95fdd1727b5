/** What many histograms of one step have in common, row by row, and which of them are unlike the others. */

export interface SliceSpread {
  /** Lower quartile, median and upper quartile of the shares in each row. */
  readonly low: Float64Array;
  readonly median: Float64Array;
  readonly high: Float64Array;
  /** Places of the histograms that are unlike the others, the most unlike first. */
  readonly outliers: readonly number[];
}

/** Tukey's fence: a distance beyond the upper quartile by so many times the distance of the quartiles is unusual. */
const FENCE = 1.5;
/** Histograms that differ in less than this share of their values are alike, however alike the others are. */
const LEAST_DISTANCE = 0.05;

/** All have the same rows. An outlier's share of values in other rows than the median's is beyond Tukey's fence. */
export function spreadOf(all: readonly Float64Array[]): SliceSpread {
  const rows = all[0]?.length ?? 0;
  const [low, median, high] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  for (let row = 0; row < rows; row++) {
    const shares = all.map((one) => one[row]!).sort((a, b) => a - b);
    low[row] = quantileOf(shares, 0.25);
    median[row] = quantileOf(shares, 0.5);
    high[row] = quantileOf(shares, 0.75);
  }
  const distances = all.map((one) => distance(one, median));
  const ascending = [...distances].sort((a, b) => a - b);
  const upper = quantileOf(ascending, 0.75);
  const fence = Math.max(LEAST_DISTANCE, upper + FENCE * (upper - quantileOf(ascending, 0.25)));
  const outliers = distances
    .flatMap((far, at) => (far > fence ? [at] : []))
    .sort((a, b) => distances[b]! - distances[a]!);
  return { low, median, high, outliers };
}

/** Of numbers in ascending order, linear between them. */
function quantileOf(ascending: readonly number[], q: number): number {
  const place = q * (ascending.length - 1);
  const below = Math.floor(place);
  const [lo, hi] = [ascending[below] ?? 0, ascending[Math.ceil(place)] ?? 0];
  return lo + (place - below) * (hi - lo);
}

/** Total variation: the share of values that lie in other rows. */
function distance(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < one.length; row++) sum += Math.abs(one[row]! - other[row]!);
  return sum / 2;
}
