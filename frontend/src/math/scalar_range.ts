/** The height that the scalars of several runs share, though one of them spikes or explodes. */

/** A run whose values are this many times larger than usual would flatten the others to lines. */
const SPIKE = 10;
/** As few of all values as this may lie so many times above usual: they are spikes, and no growth. */
const FEW = 0.05;
const RARE_SPIKE = 4;
/** Where any value does, all that are this many times larger than the usual one are left out. */
const ONSET = 2;
/** Share of a run's values that may lie beyond either end, where that at least halves the range. */
const OUTLIERS = 0.01;

/**
 * From the smallest to the largest usual value of all runs: of each run the central 98 %, and without what is far
 * above the usual size. The usual size of a run is its first or its median value, whichever is larger, so that a loss
 * that fell a thousandfold has not exploded. null without values.
 */
export function scalarRange(runs: readonly (readonly (number | null)[])[]): Extent | null {
  const known = runs
    .map((values) => values.filter((value) => value !== null))
    .filter(({ length }) => length > 0);
  if (known.length === 0) return null;
  const usual = sorted(known.map(usualSize))[Math.floor((known.length - 1) / 2)]!;
  const values = known.flatMap((all) => centre(sorted(all)));
  const spikes = usual > 0 && hasSpikes(values.map(Math.abs), usual);
  const shown = spikes ? values.filter((value) => Math.abs(value) <= ONSET * usual) : values;
  return shown.reduce<Extent>(widen, NOTHING);
}

/** The ends of an axis, the lower one first. */
export type Extent = readonly [number, number];

/** From the smallest to the largest value above 0 of all runs, which no log axis flattens; null without any. */
export function positiveRange(runs: readonly (readonly (number | null)[])[]): Extent | null {
  const known = runs.flat().filter((value) => value !== null && value > 0) as number[];
  return known.length === 0 ? null : known.reduce<Extent>(widen, NOTHING);
}

/** Height of a value between the ends: 0 at the lower, 1 at the upper. On a log axis only where both are above 0. */
export function valueToHeight([lo, hi]: Extent, value: number, log: boolean): number {
  const place = log && lo > 0 ? Math.log : Number;
  return (place(value) - place(lo)) / (place(hi) - place(lo) || 1);
}

const NOTHING: Extent = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function widen([lo, hi]: Extent, value: number): Extent {
  return [Math.min(lo, value), Math.max(hi, value)];
}

function hasSpikes(sizes: readonly number[], usual: number): boolean {
  const high = sizes.filter((size) => size > RARE_SPIKE * usual);
  return high.length < FEW * sizes.length ? high.length > 0 : high.some((size) => size > SPIKE * usual);
}

/** Without the outermost values at either end where they are spikes; of few values none is left out. */
function centre(ascending: readonly number[]): readonly number[] {
  const beyond = Math.floor(ascending.length * OUTLIERS);
  const inner = ascending.slice(beyond, ascending.length - beyond);
  return 2 * span(inner) <= span(ascending) ? inner : ascending;
}

function span(ascending: readonly number[]): number {
  return ascending[ascending.length - 1]! - ascending[0]!;
}

function usualSize(values: readonly number[]): number {
  const sizes = values.map(Math.abs);
  return Math.max(sizes[0]!, sorted(sizes)[Math.floor(sizes.length / 2)]!);
}

function sorted(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b);
}
