/** What a cast to a number format does to the values of a tile; as core/format_loss.py, and held against it. */

import type { Tile } from "./tile";

export type NumberFormat = "fp16" | "bf16" | "e4m3" | "e5m2";

interface Digits {
  /** Stored bits of the mantissa. */
  readonly bits: number;
  /** Exponent of the smallest normal number. */
  readonly exponent: number;
}

interface Format extends Digits {
  readonly largest: number;
  readonly dtype: string;
}

const FORMATS: Readonly<Record<NumberFormat, Format>> = {
  fp16: { bits: 10, exponent: -14, largest: 65504, dtype: "float16" },
  bf16: { bits: 7, exponent: -126, largest: 255 * 2 ** 120, dtype: "bfloat16" },
  e4m3: { bits: 3, exponent: -6, largest: 448, dtype: "float8_e4m3fn" },
  e5m2: { bits: 2, exponent: -14, largest: 57344, dtype: "float8_e5m2" },
};
const FLOAT32: Digits = { bits: 23, exponent: -126 };
const FLOAT64: Digits = { bits: 52, exponent: -1022 };

/** A bin is decided when all but this part of its numbers lie on one side of a limit. */
const DECIDED = 2 ** -12;

/** Sizes |x|: values up to the first become 0, from the second on normal numbers, beyond the third too large. */
export interface FormatLimits {
  readonly zeroUpTo: number;
  readonly normalFrom: number;
  readonly overflow: number;
  /** Whether `overflow` itself is too large. */
  readonly overflowIncluded: boolean;
}

export function formatLimits(format: NumberFormat): FormatLimits {
  const { bits, exponent, largest } = FORMATS[format];
  const half = 2 ** (exponent - bits - 1);
  const apart = 2 ** (Math.floor(Math.log2(largest)) - bits);
  return {
    zeroUpTo: half,
    normalFrom: 2 ** exponent - half,
    overflow: largest + apart / 2,
    overflowIncluded: (largest / apart) % 2 === 1,
  };
}

/** Shares of a column's finite values; NaN where there are none. */
export interface FormatLoss {
  readonly underflow: Float64Array;
  readonly subnormal: Float64Array;
  readonly overflow: Float64Array;
}

/** Of `scale * x`; scale: a power of two. The tile's bins must be as they are stored. dtype: of the values. */
export function formatLoss(tile: Tile, format: NumberFormat, scale: number, dtype: string): FormatLoss {
  const { zeroUpTo, normalFrom, overflow, overflowIncluded } = formatLimits(format);
  const sides = sidesOf(tile);
  const spacing = spacingOf(tile, dtype);
  const beyond = (limit: number, included: boolean) =>
    countBeyond(tile, sides, spacing, limit / scale, included);
  const over = beyond(overflow, overflowIncluded);
  const kept = beyond(zeroUpTo, false);
  const normal = beyond(normalFrom, true);
  const { n, zeros, nans, posInfs, negInfs } = tile.columns;
  const finite = n.map((all, c) => all - nans[c]! - posInfs[c]! - negInfs[c]!);
  const share = (count: (c: number) => number) =>
    finite.map((all, c) => (all > 0 ? count(c) / all : Number.NaN));
  return {
    underflow: share((c) => finite[c]! - zeros[c]! - kept[c]!),
    subnormal: share((c) => kept[c]! - normal[c]!),
    overflow: share((c) => over[c]!),
  };
}

/** A bin by the size of its values: of one sign, or around 0. */
interface SizedBin {
  readonly bin: number;
  readonly low: number;
  readonly high: number;
  readonly holdsZero: boolean;
  /** The column's extreme sizes on this side. */
  readonly smallest: (c: number) => number;
  readonly largest: (c: number) => number;
}

function sidesOf({ lower, upper, columns: { min, max } }: Tile): readonly SizedBin[] {
  const zeroBin = upper.findIndex((high, bin) => lower[bin]! <= 0 && high > 0);
  return Array.from(lower, (low, bin) => {
    const high = upper[bin]!;
    const [isNegative, isAround] = [high <= 0, low < 0 && high > 0];
    return {
      bin,
      holdsZero: bin === zeroBin,
      low: isAround ? 0 : isNegative ? -high : low,
      high: isAround ? Math.max(-low, high) : isNegative ? -low : high,
      smallest: (c) => Math.max(isAround ? Math.max(min[c]!, -max[c]!) : isNegative ? -max[c]! : min[c]!, 0),
      largest: (c) => Math.max(isAround ? Math.max(-min[c]!, max[c]!) : isNegative ? -min[c]! : max[c]!, 0),
    };
  });
}

/** The distance between a size and the next one that the values can have. */
function spacingOf({ lower, upper, counts, columns: { length } }: Tile, dtype: string) {
  const own = Object.values(FORMATS).find((format) => format.dtype === dtype);
  const { bits, exponent } = own ?? (dtype === "float64" ? FLOAT64 : FLOAT32);
  const least = 2 ** (exponent - bits);
  // Values that a loss scale divided since keep their digits, but not the smallest exponent.
  const divided = lower.some((low, bin) => {
    const [size, holdsZero] = [Math.max(Math.abs(low), Math.abs(upper[bin]!)), low <= 0 && upper[bin]! >= 0];
    return size <= least && !holdsZero && counts.subarray(bin * length, (bin + 1) * length).some(Boolean);
  });
  const lowest = divided ? FLOAT32.exponent : exponent;
  const exponentOf = (size: number) => (size > 0 ? Math.max(Math.floor(Math.log2(size)), lowest) : lowest);
  return { lowest, of: (size: number) => 2 ** (exponentOf(size) - bits) };
}

type Spacing = ReturnType<typeof spacingOf>;

/** Values per column whose size is above a limit or, where that is included, equal to it. */
function countBeyond(
  { counts, columns: { length, zeros } }: Tile,
  sides: readonly SizedBin[],
  spacing: Spacing,
  limit: number,
  included: boolean,
): Float64Array {
  const beyond = new Float64Array(length);
  for (const sized of sides) {
    if (sized.high <= limit) continue;
    const whole = limit < sized.low || (included && limit === sized.low);
    for (let c = 0; c < length; c++) {
      const count = counts[sized.bin * length + c]! - (sized.holdsZero ? zeros[c]! : 0);
      if (count > 0) beyond[c]! += whole ? count : partBeyond(sized, c, count, spacing, limit, included);
    }
  }
  return beyond;
}

/** Of the values in a bin, spread evenly over the numbers of their dtype between the column's extremes. */
function partBeyond(
  { low, high, smallest, largest }: SizedBin,
  c: number,
  count: number,
  spacing: Spacing,
  limit: number,
  included: boolean,
): number {
  const [smallestSize, largestSize] = [smallest(c), largest(c)];
  const apart = spacing.of(low);
  const first = low || apart;
  const last = Math.max(high - apart, first);
  const start = Math.min(Math.max(smallestSize, first), last);
  const numbers = Math.round((Math.min(Math.max(largestSize, start), last) - start) / apart) + 1;
  const place = (limit - start) / apart;
  const reached = numbers - (included ? Math.ceil(place) : Math.floor(place) + 1);
  // What is rounded to a power of two comes from half as far below it as above.
  const exponent = Math.log2(first);
  const isNarrow = start === first && Number.isInteger(exponent) && exponent > spacing.lowest;
  const share = Math.min(Math.max(reached / (numbers - (isNarrow ? 0.25 : 0)), 0), 1);
  const isDecided = share < DECIDED || share > 1 - DECIDED;
  // One value has the smallest size, one the largest.
  const isBeyond = (size: number) => (included ? size >= limit : size > limit);
  const least = isBeyond(largestSize) && largestSize < high ? 1 : 0;
  const within = !isBeyond(smallestSize) && smallestSize >= low && smallestSize > 0;
  const values = isDecided ? Math.round(share * count) : share * count;
  return Math.min(Math.max(values, least), count - (within ? 1 : 0));
}
