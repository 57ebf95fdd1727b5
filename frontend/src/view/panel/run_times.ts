/** Where steps of a run lie on the time axis, and which steps lie at a place. */

import { type ColumnTimes, columnSpans, columnsIn, type Spans, stepToUnit } from "../../math/column_spans";
import type { RunClock, StepAxis } from "../../math/step_axis";
import type { ProfileColumns } from "../../series/types";
import { perObject } from "../reactive/per_object";
import { clocks, endSteps, knownPanels } from "./known_panels";
import { timesOf } from "./panel_times";

const toTimes = perObject(
  (columns: ProfileColumns): ColumnTimes => ({
    length: columns.records.length,
    firstStep: Float64Array.from(columns.first_steps),
    lastStep: Float64Array.from(columns.last_steps),
    firstWallTime: Float64Array.from(columns.first_wall_times),
    lastWallTime: Float64Array.from(columns.last_wall_times),
    records: Float64Array.from(columns.records),
  }),
);

export function profileSpans(columns: ProfileColumns, kind: StepAxis["kind"], clock: RunClock): Spans {
  return columnSpans(toTimes(columns), kind, clock);
}

/** From a step of a run to its place on an axis; null while nothing of the run is known. */
export function stepPlacer(run: string, { kind }: StepAxis): ((step: number) => number) | null {
  const clock = clocks.value.get(run);
  // Any layer's: all of a run have the same steps and times.
  const columns = knownPanels.value.find((panel) => panel.run === run && panel.tile.value?.columns.length)
    ?.tile.value?.columns;
  return clock === undefined || !columns ? null : (step) => stepToUnit(kind, step, columns, clock);
}

/** First and last step that lie between two places of the axis, of the first run that is known. */
export function placesToSteps(axis: StepAxis): readonly [number, number] {
  const { lo, hi } = axis;
  const ends = endSteps(axis);
  if (ends) return ends;
  for (const panel of knownPanels.value) {
    const spans = timesOf(panel).spans.value;
    const columns = panel.tile.value?.columns;
    const shown = columns && spans && columnsIn(spans, lo, hi);
    if (shown) return [columns.firstStep[shown[0]]!, columns.lastStep[shown[1]]!];
  }
  return [0, 0];
}
