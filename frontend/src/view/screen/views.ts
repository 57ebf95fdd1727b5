/** Views of the layers on the screen: made when a layer comes, dropped with all they worked out when it leaves. */

import { computed } from "@preact/signals";
import type { PanelData } from "../../series/panel_data";
import { seriesId } from "../../series/series_id";
import type { Series } from "../../series/types";
import { type Coloured, colouringOf, limitsOf } from "../panel/contrast";
import { knownPanels } from "../panel/known_panels";
import { LayerAxes, PanelAxes } from "../panel/layer_axes";
import { LayerView } from "../panel/layer_view";
import { distantExtents, type PanelView } from "../panel/panel_view";
import { computedPerObject } from "../reactive/per_object";
import { allLayers, isTransposed } from "../selection/selection";
import { columnsOnScreen, columnsWithin, rowsOnScreen, rowsWithin } from "./screen";

let views: ReadonlyMap<string, LayerView> = new Map();

/** By the layer's id, in the order of the page. */
export const layerViews = computed<ReadonlyMap<string, LayerView>>(() => {
  const placed = isTransposed.value ? columnsOnScreen.value : rowsOnScreen.value;
  const shown = placed.flatMap(({ row }) => (row.kind === "layer" ? [row.series] : []));
  views = new Map(shown.map((series) => [seriesId(series), viewOf(series)]));
  return views;
});

function viewOf(series: Series): LayerView {
  const view = views.get(seriesId(series)) ?? new LayerView(series, sharedColouring);
  // Equal but for what a running training changes.
  view.series.value = series;
  return view;
}

/** All panels on the screen or just beyond its edge, in the order of reading. */
export const visible = computed<readonly PanelView[]>(() =>
  [...layerViews.value.values()].flatMap((view) => view.panels.value),
);

/** Of these the ones that can be seen now. */
export const inSight = computed<ReadonlySet<PanelView>>(() => {
  const placed = isTransposed.value ? columnsWithin(0) : rowsWithin(0);
  return new Set(placed.flatMap(({ row }) => layerViews.value.get(row.id)?.panels.value ?? []));
});

/** The panel of an id, while it is on the screen. */
export function findPanel(id: string): PanelView | undefined {
  const layerId = id.slice(id.indexOf("\n") + 1);
  return layerViews.value.get(layerId)?.panels.value.find((panel) => panel.id === id);
}

/** Cells of all panels known in the shown layers; those that left the screen are measured without being shown. */
const sharedColouring = computed(() =>
  colouringOf(
    knownPanels.value.flatMap((data) => extentsOf(data)),
    limitsOf(""),
  ),
);

const onScreen = computedPerObject((data: PanelData) => findPanel(data.id));

const extentsOf = computedPerObject((data: PanelData): readonly Coloured[] => {
  const shown = onScreen(data);
  if (shown !== undefined) return [shown];
  const series = allLayers.value.find((one) => seriesId(one) === data.seriesId);
  return series === undefined ? [] : [distantExtents(new PanelAxes(data, new LayerAxes(series)))];
});
