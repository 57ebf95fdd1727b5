/** A page for tests: layers in runs, with tiles as if they had come. */

import type { Tile } from "../../math/tile";
import { madeTile } from "../../math/tile_fixture";
import type { RunAnswer, Series } from "../../series/types";
import { index } from "../catalog/catalog";
import { frame } from "../layout/metrics";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";
import { NO_ZOOM, zoomX, zoomY } from "../settings/settings";
import { cursor, settle } from "../settings/zoom";
import { layerViews } from "./views";

export const STEPS = 10;
const BINS = 8;

export function madeSeries(layer: string, runs: number, made: Partial<Series> = {}): Series {
  const each = Array.from({ length: runs }, (_, run) => run);
  return {
    tag: `activations/${layer}`,
    layer,
    kind: "activations",
    phase: "train",
    order: 0,
    type: "Linear",
    source: "blocks",
    bins: {},
    runs: each,
    shapes: each.map(() => [1]),
    dtypes: each.map(() => "float32"),
    steps: each.map(() => STEPS - 1),
    times: each.map(() => 1000 + STEPS - 1),
    ...made,
  };
}

/** Shows layers in runs of these names, whole on one screen. */
export function showPage(
  runs: readonly string[],
  series: readonly Series[],
  made: Partial<RunAnswer> = {},
): void {
  const facts = { start_time: 1000, info: {}, scalars: [], ...made };
  const all = runs.map((name) => ({ name, ...facts }));
  index.value = { version: 1, revision: "1", runs: all, series, warnings: [], replaced: 0 };
  frame.value = { width_px: 1400, height_px: 4000 };
}

/** The panels of a layer, in the order of the runs. */
export function panelViewsOf(series: Series): readonly PanelView[] {
  return layerViews.value.get(series.tag)?.panels.value ?? [];
}

/** Bin b of 8 from -1 to 1 has b + step + 1 values at each of 10 steps. */
export function usualTile(panel: PanelView, made: Partial<Tile> = {}): Tile {
  const counts = Array.from({ length: BINS }, (_, bin) =>
    Array.from({ length: STEPS }, (_, step) => bin + step + 1),
  );
  const edges = Array.from({ length: BINS + 1 }, (_, at) => (2 * at) / BINS - 1);
  return madeTile({ edges, counts, tile: { run: panel.run, tag: panel.data.seriesId, ...made } });
}

export function giveTile(panel: PanelView, tile: Tile = usualTile(panel)): void {
  panel.data.tile.value = tile;
}

/** Takes back what a test has chosen. */
export function resetPage(): void {
  for (const setting of Object.values(settings))
    if (typeof setting === "object" && "reset" in setting) setting.reset();
  settle();
  zoomX.value = NO_ZOOM;
  zoomY.value = NO_ZOOM;
  cursor.value = null;
}
