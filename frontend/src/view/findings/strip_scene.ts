/** The heatmap of one series as a strip of its own, on the time axis of the page. */

import type { Spans } from "../../math/column_spans";
import { cellExtent, colourScale } from "../../math/normalise";
import { rebin } from "../../math/rebin";
import { snapRows } from "../../math/snapped_rows";
import type { StepAxis } from "../../math/step_axis";
import type { Tile } from "../../math/tile";
import { columnsToPixels } from "../../paint/rasterise";
import type { PanelScene } from "../../paint/scene";
import { theme } from "../catalog/theme";
import { placeStrip } from "../layout/panel_layout";
import { valueTable } from "../panel/colour_tables";
import { edgeInks } from "../panel/panel_scene";
import { chooseScale, rowsOf } from "../panel/value_range";

export interface StripSize {
  readonly width_px: number;
  readonly height_px: number;
  /** Device pixels in a CSS pixel. */
  readonly ratio: number;
}

export function stripScene(tile: Tile, spans: Spans, axis: StepAxis, size: StripSize): PanelScene {
  const { width_px, height_px, ratio } = size;
  const scale = chooseScale([tile], height_px, "auto");
  const { edges, ...places } = snapRows(scale, scale.edges(rowsOf(scale, height_px)), [tile]);
  const grid = { ...rebin(tile, edges), ...places };
  const colours = colourScale("share", "log", cellExtent(grid, tile.columns, "share"));
  return {
    ratio,
    places: placeStrip(height_px),
    axis,
    scale,
    pixels: columnsToPixels(spans, axis, Math.round(width_px * ratio)),
    grid,
    columns: tile.columns,
    quantity: "share",
    base: null,
    colours: valueTable(colours, false),
    bandColours: null,
    strip: null,
    lines: [],
    edgeInks: edgeInks(),
    blank: theme.value["plot-bg"],
  };
}
