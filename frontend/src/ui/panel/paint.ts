/** Puts a panel's model onto its part of a canvas. */

import type { Quantity } from "../../math/normalise";
import type { Grid } from "../../math/rebin";
import { areaCells, type BandName, bandCells, bandCounts } from "../../paint/bands";
import type { ColourTable } from "../../paint/colormap";
import { type Cells, type PixelColumns, paintCells, poolCells } from "../../paint/rasterise";
import { theme } from "../../view/catalog/theme";
import { bandTable, stripTable, valueTable } from "../../view/panel/colour_tables";
import { differenceColours, differenceTo } from "../../view/panel/difference";
import type { PanelModel } from "../../view/panel/panels";
import { shareStrip } from "../../view/panel/strip";
import * as settings from "../../view/settings/settings";
import type { Area } from "./canvas_area";
import { paintStripEnds } from "./paint_ends";
import { paintOverlays } from "./paint_lines";

/** Where a picture does not reach while it is stretched. */
export function blankCss(): string {
  return theme.value["plot-bg"];
}

/** What was drawn: its axis and scale may differ from those now in force while a gesture lasts. */
export interface Painted {
  readonly axis: PanelModel["axis"]["value"];
  readonly scale: PanelModel["scale"]["value"];
  /** So that a change of colours alone needs no other step than the look-up. */
  readonly pooled: Pooled;
}

interface Pooled {
  readonly grid: Grid;
  readonly pixels: PixelColumns;
  readonly quantity: Quantity;
  readonly height_px: number;
  readonly cells: Cells;
}

/** Draws a heatmap; null while there is nothing to draw. `last`: what was drawn before. */
export function paintHeat(
  area: Area,
  panel: PanelModel,
  ratio: number,
  last: Painted | null,
): Painted | null {
  const height_px = area.height;
  const pixels = panel.pixels.value;
  const grid = panel.grid.value;
  const tile = panel.shown.value;
  if (pixels === null || grid === null || tile === null || height_px < 1) return null;
  const { row } = panel;
  const colours = panel.colours.value;
  const { quantity } = colours;
  const options = { quantity, height_px };
  const before = last?.pooled;
  const same =
    before?.grid === grid &&
    before.pixels === pixels &&
    before.quantity === quantity &&
    before.height_px === height_px;
  const cells = same
    ? before.cells
    : poolCells(grid, tile.columns, pixels, before ? { ...options, reuse: before.cells } : options);
  const difference = differenceTo(panel, cells, pixels, options);
  if (difference !== null) paint(area, difference, differenceColours(row));
  else {
    const table = valueTable(colours, settings.emptyColoured.value, panel.highlighted.value);
    paint(area, cells, table);
  }
  if (row.expanded.value) paintOverlays(area, panel, ratio);
  else paintStripEnds(area, panel, ratio);
  return {
    axis: panel.axis.value,
    scale: panel.scale.value,
    pooled: { grid, pixels, quantity, height_px, cells },
  };
}

/** Draws one thin band. */
export function paintBand(area: Area, panel: PanelModel, band: BandName): void {
  const pixels = panel.pixels.value;
  const grid = panel.grid.value;
  const tile = panel.shown.value;
  if (pixels === null || grid === null || tile === null) return;
  const cells = bandCells(bandCounts(band, tile.columns, grid), tile.columns.n, pixels);
  paint(area, cells, bandTable());
}

/** Draws the strip under a heatmap, where it has anything to show. */
export function paintStrip(area: Area, panel: PanelModel): void {
  const pixels = panel.pixels.value;
  const strip = shareStrip(panel);
  if (pixels === null || typeof strip === "string") return;
  paint(area, areaCells(strip.values, strip.most, pixels, area.height), stripTable());
}

/** Kept, since panels mostly have one size and making room for pixels takes longer than filling it. */
let image: ImageData | null = null;

function paint(area: Area, cells: Cells, table: ColourTable): void {
  const { context, left, top, height } = area;
  if (image?.width !== cells.width || image.height !== height) {
    image = context.createImageData(cells.width, height);
  }
  paintCells(cells, table, height, new Uint32Array(image.data.buffer));
  context.putImageData(image, left, top);
}
