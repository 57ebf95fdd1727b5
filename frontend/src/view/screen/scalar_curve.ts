/** A scalar as points on a time axis, and as a line through them. */

import { type RunClock, type StepAxis, toUnit } from "../../math/step_axis";
import { lastAtMost } from "../../math/value_scale";
import type { ScalarSeries } from "../../series/types";

export interface ScalarPoints {
  readonly units: ArrayLike<number>;
  /** NaN where the logged value was not finite. */
  readonly values: readonly number[];
}

export function placePoints(
  { steps, wall_times, values }: ScalarSeries,
  kind: StepAxis["kind"],
  clock: RunClock,
): ScalarPoints {
  return {
    units: steps.map((step, at) => toUnit(kind, step, wall_times[at] ?? 0, clock)),
    values: values.map((value) => value ?? Number.NaN),
  };
}

/** Where a line is drawn: its room, and the height of a value as a share of it. */
interface Plot {
  readonly width_px: number;
  readonly height_px: number;
  readonly pad_px: number;
  heightOf(value: number): number;
}

/** Heights beyond the plot, beyond which the exact height does not matter. */
const FAR = 2;

/** Only what is on the axis, and one point to either side; what is not finite breaks the line. */
export function pointsToPath({ units, values }: ScalarPoints, axis: StepAxis, plot: Plot): string {
  const first = Math.max(0, lastAtMost(units, axis.lo));
  const last = Math.min(units.length - 1, lastAtMost(units, axis.hi) + 1);
  let path = "";
  let pen = "M";
  for (let at = first; at <= last; at++) {
    const share = plot.heightOf(values[at] ?? Number.NaN);
    if (Number.isNaN(share)) {
      pen = "M";
      continue;
    }
    const x = axis.unitToPx(units[at] ?? 0, plot.width_px);
    const y = plot.pad_px + (1 - Math.min(FAR, Math.max(-FAR, share))) * (plot.height_px - 2 * plot.pad_px);
    // A point alone is drawn as a short line, else it would not be seen.
    const alone = pen === "M" && (at === last || Number.isNaN(values[at + 1]));
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}${alone ? "h3" : ""}`;
    pen = "L";
  }
  return path;
}
