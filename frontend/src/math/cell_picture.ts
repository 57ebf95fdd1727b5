/** Small pictures of a layer over the steps, drawn from quantiles on an axis that all runs share. */

/** Share by share, the values of each column; where it is not finite, NaN. */
export interface CellQuantiles {
  /** First step of each column, ascending. */
  readonly steps: readonly number[];
  readonly lastStep: number;
  readonly values: Float32Array;
  /** Columns that hold NaN or an infinity. */
  readonly nonFinite: ReadonlySet<number>;
}

/** A value x lies at asinh(x / scale), between the ends `lo` and `hi`. */
export interface CellAxis {
  readonly scale: number;
  readonly lo: number;
  readonly hi: number;
}

/** Values up to the usual size divided by this are drawn in proportion, larger ones logarithmically. */
const LINEAR_PART = 4;
/** Values this many times as large as usual leave the axis: they are cut off at its ends. */
const MOST_TIMES = 30;
/** Of the runs' ends, so that a few wild ones do not flatten all others. */
const OUTER = 0.75;
const MARGIN = 1.06;

/** The upper halves of float32 numbers, in base64. */
export function decodeHalves(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const words = new Uint32Array(bytes.length >> 1);
  for (let at = 0; at < words.length; at++) words[at] = (bytes[2 * at]! << 16) | (bytes[2 * at + 1]! << 24);
  return new Float32Array(words.buffer);
}

/** An axis for all of them, with 0 on it. */
export function cellAxis(cells: readonly CellQuantiles[], shares: number): CellAxis {
  const ends = cells.flatMap((cell) => endsOf(cell, shares));
  const size = middleOf(ends.map((end) => end[2]).filter((usual) => usual > 0)) || 1;
  const most = MOST_TIMES * size;
  const high = Math.min(most, quantileOf(sorted(ends.map((end) => end[1])), OUTER));
  const low = Math.max(-most, quantileOf(sorted(ends.map((end) => end[0])), 1 - OUTER));
  const scale = size / LINEAR_PART;
  if (high - low <= 0) return { scale, lo: -2, hi: 2 };
  return { scale, lo: asinh((MARGIN * low) / scale), hi: asinh((MARGIN * high) / scale) };
}

/**
 * Where nearly all of a cell's values lie, 0 included, and the size of its middle column, so that steps at which a run
 * explodes do not flatten those before; nothing without a finite value.
 */
function endsOf(
  { steps, values }: CellQuantiles,
  shares: number,
): readonly (readonly [number, number, number])[] {
  const count = steps.length;
  let [low, high] = [0, 0];
  const sizes: number[] = [];
  for (let column = 0; column < count; column++) {
    const [lower, upper] = [values[count + column]!, values[(shares - 2) * count + column]!];
    if (Number.isNaN(lower)) continue;
    sizes.push(Math.max(-lower, upper));
    low = Math.min(low, lower);
    high = Math.max(high, upper);
  }
  return sizes.length > 0 ? [[low, high, middleOf(sizes)]] : [];
}

function sorted(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}

function middleOf(numbers: readonly number[]): number {
  return quantileOf(sorted(numbers), 0.5);
}

/** asinh in a quarter of the time of Math.asinh, which took most of the time of a picture. */
function asinh(value: number): number {
  const size = Math.abs(value);
  return Math.sign(value) * Math.log(size + Math.sqrt(size * size + 1));
}

/** Of two places equally near, the lower one. */
function quantileOf(ascending: readonly number[], share: number): number {
  return ascending[Math.ceil(share * (ascending.length - 1) - 0.5)] ?? 0;
}

/**
 * Share of a column's values in each row of an axis, the top row first. What lies beyond the axis counts at its end,
 * and what lies between two quantiles is spread evenly between their places.
 */
export function fillRows(
  { steps, values }: CellQuantiles,
  column: number,
  axis: CellAxis,
  shares: readonly number[],
  rows: Float32Array,
): void {
  rows.fill(0);
  const last = rows.length - 1;
  const place = (at: number): number => {
    const unit = asinh(values[at * steps.length + column]! / axis.scale);
    return Math.min(last + 0.999, Math.max(0, ((axis.hi - unit) / (axis.hi - axis.lo)) * rows.length));
  };
  let below = place(0);
  if (Number.isNaN(below)) return;
  for (let at = 1; at < shares.length; at++) {
    const above = place(at);
    spread(rows, above, below, shares[at]! - shares[at - 1]!);
    below = above;
  }
}

function spread(rows: Float32Array, from: number, to: number, share: number): void {
  const [first, last] = [Math.floor(from), Math.floor(to)];
  if (first === last) {
    rows[first]! += share;
    return;
  }
  for (let row = first; row <= last; row++)
    rows[row]! += ((Math.min(to, row + 1) - Math.max(from, row)) / (to - from)) * share;
}

/** A run that is this many times as short as all runs together would be a hair. */
const SHORTEST = 8;

/**
 * Where each column begins, and the last one ends, in `width` pixels for the steps of `span`, or for its own steps where
 * these are far fewer.
 */
export function columnStarts(
  { steps, lastStep }: CellQuantiles,
  span: readonly [number, number],
  width: number,
): readonly number[] {
  const isShort = SHORTEST * (lastStep - steps[0]!) < span[1] - span[0];
  const [first, last] = isShort ? [steps[0]!, lastStep] : span;
  const toPixel = (step: number) =>
    Math.round(Math.min(1, Math.max(0, (step - first) / Math.max(1, last + 1 - first))) * width);
  return [...steps.map(toPixel), Math.max(1, toPixel(lastStep + 1))];
}
