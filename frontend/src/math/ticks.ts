/** Round tick positions for the scales of the page. */

/** Multiples within a decade, densest first; beyond them whole decades are left out. */
const MULTIPLES: readonly (readonly number[])[] = [[1, 2, 5], [1, 3], [1]];
const MAX_STRIDE = 60;

/** Neighbouring ticks keep at least this part of the mean distance that `count` ticks would have. */
const CROWDING = 0.6;
/** More than this many times the asked ticks are too many. */
const SURPLUS = 1.3;
/** Half of the largest magnitude lies at 0.5 of its distance from 0 on a linear axis; up to here is near. */
const NEARLY_LINEAR = 0.6;

/** About `count` round numbers from lo to hi, 1, 2 or 5 times a power of ten apart; as d3-array's `ticks`. */
export function linearTicks(lo: number, hi: number, count: number): readonly number[] {
  if (!(hi > lo && Number.isFinite(hi - lo))) return [lo];
  const wanted = (hi - lo) / Math.max(1, count);
  const power = Math.floor(Math.log10(wanted));
  const size = wanted / 10 ** power;
  const multiple = size < Math.SQRT2 ? 1 : size < Math.sqrt(10) ? 2 : size < Math.sqrt(50) ? 5 : 10;
  // A quotient of whole numbers is the double nearest to the decimal, which a product often misses.
  const toValue = (place: number) =>
    power < 0 ? (place * multiple) / 10 ** -power : place * multiple * 10 ** power;
  const first = Math.floor(lo / toValue(1));
  const places = Math.ceil(hi / toValue(1)) - first + 1;
  const values = Array.from({ length: places }, (_, i) => toValue(first + i));
  const inside = values.filter((value) => value >= lo && value <= hi);
  return inside.length > 0 || count >= 2 ? inside : linearTicks(lo, hi, 2 * Math.max(1, count));
}

/** Ticks at 0 and at ±m·10^k, spread evenly over a symlog axis; linear ones where it is nearly linear. */
export function symlogTicks(
  lo: number,
  hi: number,
  count: number,
  valueToFraction: (value: number) => number,
): readonly number[] {
  const gap = CROWDING / Math.max(1, count);
  const zero = valueToFraction(0);
  const size = -lo > hi ? lo : hi;
  const sign = Math.sign(size);
  const bend = (valueToFraction(size / 2) - zero) / (valueToFraction(size) - zero);
  if (bend < NEARLY_LINEAR) return spread(linearTicks(lo, hi, count), gap, valueToFraction);
  let least = Math.abs(size);
  while (Math.abs(valueToFraction(sign * least) - zero) >= gap) least /= 10;
  for (let level = 0; level < MULTIPLES.length + MAX_STRIDE; level++) {
    const multiples = MULTIPLES[Math.min(level, MULTIPLES.length - 1)]!;
    const stride = Math.max(1, level - MULTIPLES.length + 2);
    const whole = multiples.length === 1;
    const all = decades(least, Math.abs(size), multiples, stride);
    const nearness = (value: number) => -Math.abs(valueToFraction(sign * value) - zero);
    // From the largest down, so that the largest is kept.
    const top = whole ? [...spread(all, gap, nearness)] : all;
    const signed = [...top.map((value) => -value), ...(lo <= 0 && hi >= 0 ? [0] : []), ...top.reverse()];
    const seen = signed
      .filter((value) => value >= lo && value <= hi)
      .filter((value) => value === 0 || Math.abs(valueToFraction(value) - zero) >= gap)
      .sort((a, b) => a - b);
    if (seen.length < 3) break;
    const few = whole || seen.length <= Math.max(3, count * SURPLUS);
    if (few && spacing(seen, valueToFraction) >= gap) return seen;
  }
  return spread(linearTicks(lo, hi, count), gap, valueToFraction);
}

/** Ticks at m·10^k; linear ones where the range is less than about a decade, none unless 0 < lo < hi < ∞. */
export function logTicks(lo: number, hi: number, count: number): readonly number[] {
  if (!(lo > 0 && lo < hi && hi < Infinity)) return [];
  const span = Math.log(hi / lo);
  const valueToFraction = (value: number): number => Math.log(value / lo) / span;
  for (let level = 0; level < MULTIPLES.length + MAX_STRIDE; level++) {
    const multiples = MULTIPLES[Math.min(level, MULTIPLES.length - 1)]!;
    const stride = Math.max(1, level - MULTIPLES.length + 2);
    const seen = decades(lo, hi, multiples, stride).reverse();
    if (seen.length < 2) break;
    const few = seen.length <= Math.max(2, count * SURPLUS);
    if (few && spacing(seen, valueToFraction) >= CROWDING / Math.max(1, count)) return seen;
  }
  return linearTicks(lo, hi, count).filter((value) => value > 0);
}

/** Of ticks in the order of their fractions, those that are at least `gap` above the one kept before. */
export function spread(
  values: readonly number[],
  gap: number,
  valueToFraction: (value: number) => number,
): readonly number[] {
  const kept: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    const share = valueToFraction(value);
    if (share - last < gap) continue;
    kept.push(value);
    last = share;
  }
  return kept;
}

/** m·10^k in [lo, hi], 0 < lo, descending, every `stride`-th decade counted from the highest. */
function decades(lo: number, hi: number, multiples: readonly number[], stride: number): number[] {
  const found: number[] = [];
  const highest = Math.floor(Math.log10(hi));
  const lowest = Math.floor(Math.log10(lo));
  for (let exponent = highest; exponent >= lowest; exponent -= stride) {
    for (let i = multiples.length - 1; i >= 0; i--) {
      // Parsing gives the double nearest to the decimal, which a product of powers often misses.
      const value = Number(`${multiples[i]}e${exponent}`);
      if (value >= lo && value <= hi) found.push(value);
    }
  }
  return found;
}

function spacing(values: readonly number[], valueToFraction: (value: number) => number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < values.length; i++) {
    least = Math.min(least, valueToFraction(values[i]!) - valueToFraction(values[i - 1]!));
  }
  return least;
}
