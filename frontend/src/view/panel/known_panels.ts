/** What all panels share that were on the screen so far, in the shown layers and runs: axes of time and of values. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { joinSpans } from "../../math/column_spans";
import { countsSteps, type RunClock, StepAxis } from "../../math/step_axis";
import type { PanelData } from "../../series/panel_data";
import { PanelStore } from "../../series/panel_store";
import { seriesId } from "../../series/series_id";
import type { Series } from "../../series/types";
import { allLayers, layers, shownRuns } from "../selection/selection";
import type { Interval } from "../settings/codec";
import * as settings from "../settings/settings";
import { zoomX } from "../settings/settings";
import { liveX } from "../settings/zoom";
import { sameClock } from "./column_places";
import { timesOf } from "./panel_times";

export const panelStore = new PanelStore();

/** Of the shown runs that have a layer, in their order. */
export function panelDataOf(series: Series): readonly PanelData[] {
  const id = seriesId(series);
  return shownRuns.value
    .filter((run) => series.runs.includes(run.at))
    .map((run) => panelStore.panel(run.name, id));
}

/** Layers whose tiles are needed to order them, wherever they are. */
export const layersToRank = computed<readonly Series[]>(() => {
  const { value: sort } = settings.sort;
  return sort === "change" || sort === "difference" ? allLayers.value : NONE;
});

const NONE: readonly Series[] = [];

/** In the order of the layers, then of the runs. */
export const knownPanels = computed<readonly PanelData[]>(() => {
  void panelStore.version.value;
  const places = new Map(shownRuns.value.map((run, at) => [run.name, at]));
  const byLayer = new Map<string, PanelData[]>(layers.value.map((series) => [seriesId(series), []]));
  for (const panel of panelStore.all()) if (places.has(panel.run)) byLayer.get(panel.seriesId)?.push(panel);
  const inOrder = (a: PanelData, b: PanelData) => places.get(a.run)! - places.get(b.run)!;
  return [...byLayer.values()].flatMap((panels) => panels.sort(inOrder));
});

export const allTiles = computed(() => knownPanels.value.flatMap((panel) => panel.tile.value ?? []));

let lastAxis: StepAxis | null = null;

/** The whole time axis, over all shown runs; the same object while it is, or all panels were drawn with each tile. */
export const fullAxis: ReadonlySignal<StepAxis> = computed(() => {
  const kind = settings.time.value;
  const known = knownPanels.value
    .map((panel) => timesOf(panel).spans.value)
    .filter((spans) => spans !== null);
  const [lo, hi] = joinSpans([...new Set(known)]) ?? [0, 1];
  if (lastAxis?.kind !== kind || lastAxis.lo !== lo || lastAxis.hi !== hi)
    lastAxis = new StepAxis(kind, lo, hi);
  return lastAxis;
});

let lastClocks: ReadonlyMap<string, RunClock> = new Map();

/**
 * One clock for each run that has a place on the axis, for scalars, which belong to no layer. The same map while no run
 * has another clock, or the timeline and all scalars were drawn with each tile.
 */
export const clocks = computed<ReadonlyMap<string, RunClock>>(() => {
  const found = new Map<string, RunClock>();
  for (const panel of knownPanels.value) {
    const { clock, spans } = timesOf(panel);
    if (clock.value !== null && spans.value?.start.length && !found.has(panel.run))
      found.set(panel.run, clock.value);
  }
  const isLast = ([run, clock]: [string, RunClock]) => {
    const last = lastClocks.get(run);
    return last !== undefined && sameClock(last, clock);
  };
  if (found.size !== lastClocks.size || ![...found].every(isLast)) lastClocks = found;
  return lastClocks;
});

export const sharedAxis = computed(() => zoomedTo(fullAxis.value, zoomX.value.get("")));
export const sharedLiveAxis = computed(() => zoomedTo(fullAxis.value, liveX.value.get("")));

export function zoomedTo<Axis extends { withRange(lo: number, hi: number): Axis }>(
  axis: Axis,
  part: Interval | undefined,
): Axis {
  return part === undefined ? axis : axis.withRange(...part);
}

/** Which panels share one value axis; a difference needs the same rows in both runs. */
export function effectiveAxisScope(): settings.Scope {
  if (!settings.linked.value) return "panel";
  const chosen = settings.axisScope.value;
  return chosen === "panel" && settings.difference.value ? "row" : chosen;
}

/** The first and the last step on an axis, which have a number there; undefined for other axes. */
export function endSteps(axis: StepAxis): readonly [number, number] | undefined {
  if (!countsSteps(axis.kind)) return undefined;
  const lastRecorded = Math.max(...[...clocks.value.values()].map((clock) => clock.lastStep));
  const last = Math.ceil(axis.hi) - 1;
  return [Math.ceil(axis.lo), lastRecorded > axis.lo ? Math.min(last, lastRecorded) : last];
}
