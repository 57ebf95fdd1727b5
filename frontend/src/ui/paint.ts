/** Puts a panel's model onto its part of a canvas. */

import { type BandName, bandCells, bandCounts } from "../draw/bands";
import {
  type ColourTable,
  colormapToLut,
  colourTable,
  dimmedLut,
  hexToColour,
  type Lut,
} from "../draw/colormap";
import { type Cells, type PixelColumns, paintCells, poolCells } from "../draw/rasterise";
import { type ColourScale, colourScale, type Quantity } from "../math/normalise";
import type { Grid } from "../math/rebin";
import { dark } from "../state/catalog";
import { showsDifference } from "../state/compare";
import { differenceColours, differenceTo } from "../state/difference";
import type { PanelModel } from "../state/panels";
import * as settings from "../state/settings";
import type { Area } from "./canvas_area";
import { paintStripEnds } from "./paint_ends";
import { paintOverlays } from "./paint_lines";

/** Cells without any value, and times without any record; the style sheet has the same two colours. */
const BLANKS = {
  light: { zero: hexToColour("#f3f3f4"), gap: hexToColour("#ffffff"), css: "#f3f3f4" },
  dark: { zero: hexToColour("#262626"), gap: hexToColour("#303030"), css: "#262626" },
} as const;

const TABLES_KEPT = 8;
const tables = new Map<string, ColourTable>();

export function currentLut(): Lut {
  return colormapToLut(settings.colormap.value, dark.value);
}

function backgrounds() {
  return dark.value ? BLANKS.dark : BLANKS.light;
}

/** Where a picture does not reach while it is stretched. */
export function blankCss(): string {
  return backgrounds().css;
}

/** Panels of a row share their scale and are painted one after another, so a few tables are enough. */
function tableOf(scale: ColourScale, emptyColoured: boolean, highlighted: number | null): ColourTable {
  const { quantity, curve, lo, hi } = scale;
  const key = [quantity, curve, lo, hi, settings.colormap.value, dark.value, emptyColoured, highlighted].join(
    " ",
  );
  let table = tables.get(key);
  if (table === undefined) {
    const { zero, gap } = backgrounds();
    const lut = highlighted === null ? currentLut() : dimmedLut(currentLut(), highlighted, zero);
    table = colourTable(scale, lut, { zero: emptyColoured ? null : zero, gap });
    tables.set(key, table);
    const oldest = tables.keys().next().value;
    if (tables.size > TABLES_KEPT && oldest !== undefined) tables.delete(oldest);
  }
  return table;
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
  const options = { quantity, pooling: "mean", height_px } as const;
  const before = last?.pooled;
  const same =
    before?.grid === grid &&
    before.pixels === pixels &&
    before.quantity === quantity &&
    before.height_px === height_px;
  const cells = same
    ? before.cells
    : poolCells(grid, tile.columns, pixels, before ? { ...options, reuse: before.cells } : options);
  const difference = showsDifference(panel) ? differenceTo(panel, cells, pixels, options) : null;
  if (difference !== null) paint(area, difference, differenceColours(row.colours.value, backgrounds().gap));
  else {
    const table = tableOf(colours, settings.emptyColoured.value, panel.highlighted.value);
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
  paint(area, cells, tableOf(BAND_SCALE, false, null));
}

/** Bands are shares of all values, from none to all, whatever the heatmap shows. */
const BAND_SCALE = colourScale("share", "sqrt", { least: 0, most: 1 });

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
