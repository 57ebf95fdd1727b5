/** The time axis of the page, as the pane draws on it. */

import { stepToUnit } from "../../math/column_spans";
import type { Columns } from "../../math/tile";
import { clocks, sharedAxis } from "../../view/panel/known_panels";

/**
 * Where a step of a run lies, CSS px from the left, within the axis; NaN where it has no place. `toUnit`: `recordEnd`
 * for where the record of that step ends.
 */
export function stepToPx(
  run: string,
  step: number,
  columns: Columns,
  width_px: number,
  toUnit = stepToUnit,
): number {
  const clock = clocks.value.get(run);
  if (clock === undefined) return Number.NaN;
  const axis = sharedAxis.value;
  const place_px = axis.unitToPx(toUnit(axis.kind, step, columns, clock), width_px);
  return Math.min(width_px, Math.max(0, place_px));
}
