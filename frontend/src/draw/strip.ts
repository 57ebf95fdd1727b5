/** The overview strip of one layer and run: the heatmap at the height of a line of text. */

import type { Tile } from "../data/types";
import { colourScale } from "../math/normalise";
import { rebin } from "../math/rebin";
import type { Spans, StepAxis } from "../math/step_axis";
import type { ValueScale } from "../math/value_scale";
import { type Blanks, type ColourTable, colourTable, type Lut } from "./colormap";
import { columnsToPixels, paintCells, poolCells } from "./rasterise";

export interface StripOptions {
  /** Device pixels. */
  readonly width_px: number;
  readonly height_px: number;
  readonly scale: ValueScale;
  readonly axis: StepAxis;
  readonly spans: Spans;
  /** From `stripTable`, one for all strips. */
  readonly table: ColourTable;
}

/** Rows of pixels that share one row of bins: a strip shows shape, not detail. */
const ROW_PX = 2;

/** Colours of all strips: each step scaled to its fullest cell, square root, so that tails show. */
export function stripTable(lut: Lut, blanks: Blanks): ColourTable {
  return colourTable(colourScale("peak", "sqrt", { least: 0, most: 1 }), lut, blanks);
}

/** Packed colours of a strip, width_px * height_px. */
export function stripToPixels(tile: Tile, options: StripOptions): Uint32Array<ArrayBuffer> {
  const { width_px, height_px, scale, axis, spans, table } = options;
  const grid = rebin(tile, scale.edges(Math.max(1, Math.floor(height_px / ROW_PX))));
  const cells = poolCells(grid, tile.columns, columnsToPixels(spans, axis, width_px), {
    quantity: "peak",
    pooling: "mean",
    height_px,
  });
  const pixels = new Uint32Array(width_px * height_px);
  paintCells(cells, table, height_px, pixels);
  return pixels;
}
