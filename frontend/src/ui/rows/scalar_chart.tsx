/** Scalars of one run above its heatmaps, on the same time axis; all runs share each scalar's own height. */

import { type ReadonlySignal, useComputed } from "@preact/signals";
import { formatApart, formatValue } from "../../math/format";
import type { Extent } from "../../math/scalar_range";
import { smooth } from "../../math/smooth";
import { lastAtMost } from "../../math/value_scale";
import { plot_px, SCALAR_PX, Y_AXIS_PX } from "../../view/layout/metrics";
import { clocks, sharedLiveAxis } from "../../view/panel/known_panels";
import { placePoints, pointsToPath, type ScalarPoints } from "../../view/screen/scalar_curve";
import {
  extents,
  hasOwnExtent,
  heightOf,
  retryScalars,
  scalarErrors,
  scalarKey,
  series,
} from "../../view/screen/scalars";
import { shownRuns } from "../../view/selection/selection";
import { scalarScale, smoothing } from "../../view/settings/settings";
import { cursor } from "../../view/settings/zoom";
import { box } from "../widgets/box";

interface Props {
  readonly run: string;
  readonly tag: string;
  readonly colour: string;
}

/** A line for the name and the value, so that they stand beside the curve. */
const NAME_LINE_PX = 14;
const CHART_PX = SCALAR_PX - NAME_LINE_PX;
const CHART_PAD_PX = 3;

const NO_POINTS: ScalarPoints = { units: [], values: [] };

export function ScalarChart({ run, tag, colour }: Props) {
  const key = scalarKey(run, tag);
  const kind = useComputed(() => sharedLiveAxis.value.kind);
  const points = useComputed(() => {
    const [scalar, clock] = [series.value.get(key), clocks.value.get(run)];
    return scalar && clock ? placePoints(scalar, kind.value, clock) : NO_POINTS;
  });
  const path = ({ units, values }: ScalarPoints) => {
    const extent = extents.value.get(key) ?? null;
    if (extent === null) return "";
    const size = { width_px: plot_px.value, height_px: CHART_PX, pad_px: CHART_PAD_PX };
    const heights = { ...size, heightOf: (value: number) => heightOf(extent, value) };
    return pointsToPath({ units, values }, sharedLiveAxis.value, heights);
  };
  const raw = useComputed(() => path(points.value));
  const average = useComputed(() =>
    smooth(points.value.values, hasOwnExtent(tag) ? 0 : smoothing.value / 100),
  );
  const smoothed = useComputed(() => path({ ...points.value, values: average.value }));
  const extent = extents.value.get(key) ?? null;
  const over = hasOwnExtent(tag) ? "in this run" : "over the shown runs";
  const range =
    extent === null ? "" : `, from ${formatValue(extent[0])} to ${formatValue(extent[1])} ${over}`;
  const { beyond, mark } = valuesBeyond(points.value.values, extent);
  return (
    <div class="scalar" style={{ height: `${SCALAR_PX}px` }} title={`${tag}${range}${beyond}`}>
      <span class="scalar-name ellipsis">
        {tag} <State run={run} tag={tag} points={points} />
        {mark}
      </span>
      {extent && <Ends name={`${tag} of ${run}`} extent={extent} />}
      <svg
        width={plot_px.value}
        height={CHART_PX}
        style={{ left: `${Y_AXIS_PX}px`, top: `${NAME_LINE_PX}px` }}
        role="img"
        aria-label={`${tag} of ${run}${range}${beyond}`}
      >
        <g fill="none" stroke={colour} stroke-width="1.3" stroke-linejoin="round">
          {raw.value === smoothed.value ? null : <path d={raw.value} opacity="0.35" />}
          <path d={smoothed.value} />
        </g>
      </svg>
    </div>
  );
}

/** What lies outside of the chart, in words and as marks. */
function valuesBeyond(values: readonly number[], extent: Extent | null): { beyond: string; mark: string } {
  const known = values.filter((value) => !Number.isNaN(value));
  if (extent === null || known.length === 0) return { beyond: "", mark: "" };
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const above = most > extent[1] ? `; its peak of ${formatValue(most)} is above ↑` : "";
  const below = least < extent[0] ? `; its least value of ${formatValue(least)} is below ↓` : "";
  return { beyond: above + below, mark: `${above && " ↑"}${below && " ↓"}` };
}

/** The values at the upper and lower end of the chart, which switch its axis. */
function Ends({ name, extent: [lo, hi] }: { readonly name: string; readonly extent: Extent }) {
  const other = scalarScale.value === "log" ? "linear" : "log";
  const [upper, lower] = formatApart(hi, lo);
  return (
    <button
      type="button"
      class="scalar-ends"
      style={box({ width: Y_AXIS_PX - 4, top: NAME_LINE_PX, height: CHART_PX })}
      title={`The scalars are on a ${scalarScale.value} axis. Click: ${other}`}
      aria-label={`${upper} ${lower}: axis of ${name}, switch to ${other}`}
      onClick={() => {
        scalarScale.value = other;
      }}
    >
      <span>{upper}</span> {hi > lo ? <span>{lower}</span> : null}
    </button>
  );
}

interface StateProps {
  readonly run: string;
  readonly tag: string;
  readonly points: ReadonlySignal<ScalarPoints>;
}

/** The value under the pointer, or why there is none. */
function State({ run, tag, points }: StateProps) {
  const key = scalarKey(run, tag);
  const reading = useComputed(() => {
    const all = points.value;
    const unit = cursor.value?.unit ?? Number.POSITIVE_INFINITY;
    const value = all.values[Math.max(0, lastAtMost(all.units, unit))];
    return value === undefined ? "" : formatValue(value);
  });
  const error = scalarErrors.value.get(key);
  if (error !== undefined && !series.value.has(key)) {
    return (
      <button type="button" class="scalar-error" title={`${error} Click: try again`} onClick={retryScalars}>
        not loaded, retry
      </button>
    );
  }
  if (reading.value !== "") {
    const stale = error === undefined ? "" : `Newer values could not be loaded: ${error}`;
    return <b title={stale}>{stale === "" ? reading.value : `${reading.value} (stale)`}</b>;
  }
  const logged = shownRuns.value.some(({ name, scalars }) => name === run && scalars.includes(tag));
  if (!logged) return "not logged in this run";
  if (!series.value.has(key)) return "loading";
  // ScalarPoints have no place before any panel of the run is there.
  return clocks.value.has(run) ? "no values" : "";
}
