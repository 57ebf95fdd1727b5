/** Which split layers show their units (slices) instead of their histograms. */

import type { Value } from "../settings/setting";
import { type unitStatistic, units } from "../settings/settings";

export type UnitStatistic = Value<typeof unitStatistic>;

/** By the ids of the layers. */
export function showsUnits(layer: string): boolean {
  return units.value.includes(layer);
}

export function toggleUnits(layer: string): void {
  const others = units.peek().filter((other) => other !== layer);
  units.value = showsUnits(layer) ? others : [...others, layer];
}
