/** Smoothing of scalars, as TensorBoard's. */

/**
 * The debiased exponential moving average: each value counts `weight` times as much as the next one, and the first
 * values are not drawn towards 0.
 *
 * weight: from 0 (no smoothing) up to less than 1. Values that are not finite stay, and leave the average as it is.
 * Equal values stay equal, without rounding.
 */
export function smooth(values: readonly number[], weight: number): readonly number[] {
  if (weight <= 0 || values.every((value) => value === values[0])) return values;
  let sum = 0;
  let left = 1;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = sum * weight + (1 - weight) * value;
    left *= weight;
    return sum / (1 - left);
  });
}
