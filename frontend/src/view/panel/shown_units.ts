/** Which split layers show their units (slices) instead of their histograms, and what of them. */

import { signal } from "@preact/signals";

export const UNIT_STATISTICS = {
  zero_share: "share of zeros",
  mean: "mean",
  std: "standard deviation",
  abs_max: "largest |x|",
  rms: "root mean square",
  min: "smallest value",
  max: "largest value",
} as const;

export type UnitStatistic = keyof typeof UNIT_STATISTICS;

export const unitStatistic = signal<UnitStatistic>("zero_share");
/** Whether the unit with the largest value of the last column comes first; else by number. */
export const unitsSorted = signal(false);

/** By the ids of the layers. */
const shown = signal<ReadonlySet<string>>(new Set());

export function showsUnits(layer: string): boolean {
  return shown.value.has(layer);
}

export function toggleUnits(layer: string): void {
  const next = new Set(shown.peek());
  if (!next.delete(layer)) next.add(layer);
  shown.value = next;
}
