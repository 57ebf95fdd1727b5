/** Scalars of one run above its heatmaps, on the same time axis; all runs share each scalar's own height. */

import { useComputed } from "@preact/signals";
import type { ScalarSeries } from "../data/types";
import { formatValue } from "../math/format";
import { type RunClock, type StepAxis, toUnit } from "../math/step_axis";
import { lastAtMost } from "../math/value_scale";
import { AXIS_PX, plot_px, SCALAR_PX } from "../state/metrics";
import { clocks, sharedLiveAxis } from "../state/panels";
import { extentOf, scalarKey, series } from "../state/scalars";
import { cursor } from "../state/view";

interface Props {
  readonly run: string;
  readonly tag: string;
  readonly color: string;
}

const PAD_PX = 3;

export function ScalarChart({ run, tag, color }: Props) {
  const points = useComputed(() => placePoints(series.value.get(scalarKey(run, tag)), clocks.value.get(run)));
  const path = useComputed(() => {
    const extent = extentOf(tag);
    return extent === null ? "" : linePath(points.value, sharedLiveAxis.value, extent, plot_px.value);
  });
  const reading = useComputed(() => {
    const all = points.value;
    const unit = cursor.value?.unit ?? Number.POSITIVE_INFINITY;
    const at = Math.max(0, lastAtMost(all.units, unit));
    const value = all.values[at];
    return value === undefined ? "no data" : formatValue(value);
  });
  const extent = extentOf(tag);
  const range =
    extent === null
      ? ""
      : `, from ${formatValue(extent[0])} to ${formatValue(extent[1])} over the shown runs`;
  return (
    <div class="scalar" style={{ height: `${SCALAR_PX}px` }} title={`${tag}${range}`}>
      <svg
        width={plot_px.value}
        height={SCALAR_PX}
        style={{ left: `${AXIS_PX}px` }}
        role="img"
        aria-label={`${tag} of ${run}${range}`}
      >
        <path d={path.value} fill="none" stroke={color} stroke-width="1.3" stroke-linejoin="round" />
      </svg>
      <span class="scalar-name ellipsis">
        {tag} <b>{reading}</b>
      </span>
    </div>
  );
}

interface Points {
  readonly units: Float64Array;
  readonly values: readonly number[];
}

function placePoints(scalar: ScalarSeries | undefined, clock: RunClock | undefined): Points {
  if (scalar === undefined || clock === undefined) return { units: new Float64Array(0), values: [] };
  const { kind } = sharedLiveAxis.value;
  const known = scalar.values.flatMap((value, at) => (value === null ? [] : [{ value, at }]));
  const units = Float64Array.from(known, ({ at }) =>
    toUnit(kind, scalar.steps[at] ?? 0, scalar.wall_times[at] ?? 0, clock),
  );
  return { units, values: known.map(({ value }) => value) };
}

/** Only what is on the axis, and one point to either side. */
function linePath(
  { units, values }: Points,
  axis: StepAxis,
  [lowest, highest]: readonly [number, number],
  width_px: number,
): string {
  const first = Math.max(0, lastAtMost(units, axis.lo));
  const last = Math.min(units.length - 1, lastAtMost(units, axis.hi) + 1);
  const span = highest - lowest || 1;
  let path = "";
  for (let at = first; at <= last; at++) {
    const x = axis.unitToPx(units[at] ?? 0, width_px);
    const y = PAD_PX + (1 - ((values[at] ?? 0) - lowest) / span) * (SCALAR_PX - 2 * PAD_PX);
    path += `${path === "" ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  return path;
}
