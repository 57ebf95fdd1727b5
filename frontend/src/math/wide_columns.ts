/** Single records among many steps are wide enough to be seen. */

import type { Spans } from "./column_spans";
import type { StepAxis } from "./step_axis";

export const LEAST_COLUMN_PX = 6;

/**
 * Columns that stand alone, or in a group of touching ones, reach into the gaps beside them until the group is
 * `least_px` wide: later as far as there is room, then earlier. No column hides another one.
 */
export function widenSpans(spans: Spans, axis: StepAxis, width_px: number, least_px: number): Spans {
  const count = spans.start.length;
  const place = (unit: number) => axis.unitToFraction(unit) * width_px;
  const unit = (px: number) => axis.fractionToUnit(px / width_px);
  let start = spans.start;
  let end = spans.end;
  let first = 0;
  for (let c = 0; width_px > 0 && c < count; c++) {
    if (c > 0 && spans.start[c]! > spans.end[c - 1]!) first = c;
    if (c + 1 < count && spans.start[c + 1]! <= spans.end[c]!) continue;
    const from_px = place(spans.start[first]!);
    const to_px = place(spans.end[c]!);
    if (to_px - from_px >= least_px || to_px < 0 || from_px > width_px) continue;
    if (start === spans.start) [start, end] = [spans.start.slice(), spans.end.slice()];
    const free_px = c + 1 < count ? place(spans.start[c + 1]!) : width_px;
    const left_px = first > 0 ? place(end[first - 1]!) : 0;
    const end_px = Math.max(to_px, Math.min(free_px, from_px + least_px));
    end[c] = unit(end_px);
    start[first] = unit(Math.min(from_px, Math.max(left_px, end_px - least_px)));
  }
  return start === spans.start ? spans : { ...spans, start, end };
}
