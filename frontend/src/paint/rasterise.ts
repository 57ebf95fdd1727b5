/**
 * Software rasteriser. Two stages, so that a change of colours repeats only the second:
 * `poolCells` brings re-binned counts to one cell per pixel column; `paintCells` looks up colours.
 * Pixels are device pixels; rows of cells go up with the value, rows of pixels go down.
 */

import type { Spans } from "../math/column_spans";
import { divisors, type Quantity, rowDivisor } from "../math/normalise";
import { type CellGrid, rowEnd } from "../math/rebin";
import { reuseBuffer } from "../math/reused_buffer";
import type { StepAxis } from "../math/step_axis";
import type { Columns } from "../math/tile";
import { lastAtMost } from "../math/value_scale";
import { type ColourTable, TABLE_SHIFT } from "./colormap";

/** Per pixel the columns [first, last) it shows; first is -1 in gaps. */
export interface PixelColumns {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

/** Cells of quantities: values[row * width + x], lowest value first; NaN in gaps. */
export interface Cells {
  readonly width: number;
  readonly rows: number;
  readonly values: Float32Array;
  /** Of the rows' edges, 0 at the low end and 1 at the high end; without it rows are equally high. */
  readonly places?: Float64Array | null;
}

/**
 * Which columns each pixel shows: those whose middle lies in it (so single records never vanish); if
 * there are none, the one that covers its middle.
 */
export function columnsToPixels(spans: Spans, axis: StepAxis, width_px: number): PixelColumns {
  const first = new Int32Array(width_px).fill(-1);
  const last = new Int32Array(width_px);
  for (let c = 0; c < spans.start.length; c++) {
    const left = axis.unitToPx(spans.start[c]!, width_px);
    const right = axis.unitToPx(spans.end[c]!, width_px);
    const middle = Math.floor((left + right) / 2);
    if (middle >= 0 && middle < width_px) {
      if (first[middle] === -1 || last[middle]! <= 0) first[middle] = c;
      last[middle] = c + 1;
    }
    // Pixels whose middle the column covers, unless a column has its own middle there.
    const to = Math.min(width_px, Math.ceil(right - 0.5));
    for (let x = Math.max(0, Math.ceil(left - 0.5)); x < to; x++) {
      if (first[x] !== -1) continue;
      first[x] = c;
      last[x] = -(c + 1);
    }
  }
  for (let x = 0; x < width_px; x++) last[x] = Math.abs(last[x]!);
  return { first, last };
}

/** Most columns that share one pixel; 0 where none is in view. */
export function mostColumns(pixels: PixelColumns): number {
  const { first, last } = pixels;
  return first.reduce((most, from, x) => (from < 0 ? most : Math.max(most, last[x]! - from)), 0);
}

/** The pixels of another run: each shows the partners of the columns it showed. partners: -1 for none. */
export function matchPixels(pixels: PixelColumns, partners: Int32Array): PixelColumns {
  const first = new Int32Array(pixels.first.length).fill(-1);
  const last = new Int32Array(pixels.first.length);
  for (let x = 0; x < first.length; x++) {
    if (pixels.first[x] === -1) continue;
    for (let c = pixels.first[x]!; c < pixels.last[x]!; c++) {
      const partner = partners[c]!;
      if (partner < 0) continue;
      first[x] = first[x] === -1 ? partner : Math.min(first[x]!, partner);
      last[x] = Math.max(last[x]!, partner + 1);
    }
  }
  return { first, last };
}

export interface PoolOptions {
  readonly quantity: Quantity;
  /** More rows than this are pooled too (mean of neighbours). */
  readonly height_px: number;
  /** Earlier cells that are no longer needed. */
  readonly reuse?: Cells;
}

/** Stage 1: one column of cells per pixel: sum of counts / sum of n, as of a pooled record. */
export function poolCells(
  grid: CellGrid,
  columns: Columns,
  pixels: PixelColumns,
  options: PoolOptions,
): Cells {
  const { quantity, height_px } = options;
  const width = pixels.first.length;
  const values = reused(options.reuse, width * grid.rows);
  const inverse = pixelInverses(divisors(columns, quantity), pixels);
  for (let row = 0; row < grid.rows; row++) {
    const scale = 1 / rowDivisor(grid, row, quantity);
    const source = row * grid.columns;
    poolColumns(grid.counts, source, pixels, inverse, scale, values, row);
  }
  const cells = { width, rows: grid.rows, values, places: grid.places ?? null };
  if (quantity === "peak") scaleToPeaks(cells);
  return grid.rows > height_px ? poolRows(cells, Math.max(1, height_px)) : cells;
}

/** What cells are compared with, on the same rows; the column there for each of theirs, -1 for none. */
export interface BaseCells {
  readonly grid: CellGrid;
  readonly columns: Columns;
  readonly partners: Int32Array;
}

/** Cells minus those of a base on the same pixels. */
export function minusBase(cells: Cells, base: BaseCells, pixels: PixelColumns, options: PoolOptions): Cells {
  const matched = matchPixels(pixels, base.partners);
  return differenceCells(poolCells(base.grid, base.columns, matched, options), cells);
}

/** B - A of two rasters on the same pixels and rows; NaN where either has a gap. */
export function differenceCells(a: Cells, b: Cells): Cells {
  const values = new Float32Array(a.values.length);
  for (let i = 0; i < values.length; i++) values[i] = b.values[i]! - a.values[i]!;
  return { width: a.width, rows: a.rows, values, places: a.places ?? null };
}

/** Stage 2: colours. out: width * height_px packed colours (the data of an ImageData), top row first. */
export function paintCells(cells: Cells, table: ColourTable, height_px: number, out: Uint32Array): void {
  const { width, rows } = cells;
  const bits = new Uint32Array(cells.values.buffer, cells.values.byteOffset, width * rows);
  for (let row = 0; row < rows; row++) {
    const top = rowTop(cells, row, height_px);
    const bottom = row === 0 ? height_px : rowTop(cells, row - 1, height_px);
    if (top >= bottom) continue;
    const from = row * width;
    const to = top * width;
    for (let x = 0; x < width; x++) out[to + x] = table[bits[from + x]! >>> TABLE_SHIFT]!;
    for (let y = top + 1; y < bottom; y++) out.copyWithin(y * width, to, to + width);
  }
}

/** Topmost pixel row of a row of cells. */
export function rowTop(cells: Pick<Cells, "rows" | "places">, row: number, height_px: number): number {
  return Math.round(height_px * (1 - rowEnd(cells, row)));
}

/** 1 / sum of the divisors of each pixel's columns; NaN in gaps, which makes their cells NaN. */
function pixelInverses(divisor: ArrayLike<number>, pixels: PixelColumns): Float64Array {
  const inverse = new Float64Array(pixels.first.length);
  for (let x = 0; x < inverse.length; x++) {
    const first = pixels.first[x]!;
    let sum = 0;
    for (let c = first; first >= 0 && c < pixels.last[x]!; c++) sum += divisor[c]!;
    inverse[x] = first < 0 ? Number.NaN : sum > 0 ? 1 / sum : 0;
  }
  return inverse;
}

function poolColumns(
  counts: Float64Array,
  source: number,
  pixels: PixelColumns,
  inverse: Float64Array,
  scale: number,
  values: Float32Array,
  row: number,
): void {
  const { first, last } = pixels;
  const width = first.length;
  const target = row * width;
  for (let x = 0; x < width; x++) {
    const end = last[x]!;
    let c = first[x]!;
    let sum = c < 0 ? 0 : counts[source + c]!;
    while (++c < end) sum += counts[source + c]!;
    values[target + x] = sum * inverse[x]! * scale;
  }
}

/** Divide every pixel column by its largest cell. */
function scaleToPeaks(cells: Cells): void {
  const { width, rows, values } = cells;
  for (let x = 0; x < width; x++) {
    let most = 0;
    for (let row = 0; row < rows; row++) most = Math.max(most, values[row * width + x]!);
    if (most > 0) for (let row = 0; row < rows; row++) values[row * width + x]! /= most;
  }
}

/** Fewer pixels than rows: neighbours become their mean. */
function poolRows(cells: Cells, height: number): Cells {
  const { width, rows, places } = cells;
  const values = new Float32Array(width * height);
  const rowAt = (y: number) =>
    places ? Math.min(rows, Math.max(0, lastAtMost(places, y / height))) : Math.floor((y * rows) / height);
  for (let y = 0; y < height; y++) {
    const from = Math.min(rows - 1, rowAt(y));
    const to = Math.max(from + 1, rowAt(y + 1));
    for (let x = 0; x < width; x++) {
      let pooled = cells.values[from * width + x]!;
      for (let row = from + 1; row < to; row++) {
        pooled += cells.values[row * width + x]!;
      }
      values[y * width + x] = pooled / (to - from);
    }
  }
  return { width, rows: height, values };
}

function reused(cells: Cells | undefined, length: number): Float32Array {
  const room = reuseBuffer(cells?.values.buffer, length * Float32Array.BYTES_PER_ELEMENT);
  return new Float32Array(room, 0, length);
}
