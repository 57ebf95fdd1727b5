/** The height that the scalars of several runs share, though one of them explodes. */

import { EXPLODING } from "./common_range";

/** Where any value explodes, all that are this many times larger than the usual one are left out. */
const ONSET = 3;

/**
 * From the smallest to the largest finite value of all runs. The usual size of a run is its first or its median
 * value, whichever is larger, so that a loss that fell a thousandfold has not exploded. null without values.
 */
export function scalarRange(runs: readonly (readonly (number | null)[])[]): readonly [number, number] | null {
  const known = runs
    .map((values) => values.filter((value) => value !== null))
    .filter(({ length }) => length > 0);
  if (known.length === 0) return null;
  const usual = sorted(known.map(usualSize))[Math.floor((known.length - 1) / 2)]!;
  const values = known.flat();
  const explodes = usual > 0 && values.some((value) => Math.abs(value) > EXPLODING * usual);
  const shown = explodes ? values.filter((value) => Math.abs(value) <= ONSET * usual) : values;
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const value of shown) {
    lo = Math.min(lo, value);
    hi = Math.max(hi, value);
  }
  return [lo, hi];
}

function usualSize(values: readonly number[]): number {
  const sizes = values.map(Math.abs);
  return Math.max(sizes[0]!, sorted(sizes)[Math.floor(sizes.length / 2)]!);
}

function sorted(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b);
}
