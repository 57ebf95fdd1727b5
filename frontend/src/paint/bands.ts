/** Thin rows beside a heatmap for what lies in none of its rows, never folded into a bin. */

import type { CellGrid } from "../math/rebin";
import type { Columns } from "../math/tile";
import type { Cells, PixelColumns } from "./rasterise";

export type BandName = "zeros" | "nans" | "posInfs" | "negInfs" | "above" | "below";

/** From top to bottom as they are drawn: those of `TOP_BANDS` above the heatmap, the others below it. */
export const BANDS: readonly BandName[] = ["nans", "posInfs", "above", "below", "negInfs", "zeros"];
export const TOP_BANDS: readonly BandName[] = ["nans", "posInfs", "above"];

export const BAND_LABELS: Readonly<Record<BandName, string>> = {
  zeros: "= 0",
  nans: "NaN",
  posInfs: "+∞",
  negInfs: "−∞",
  above: "↑ above",
  below: "↓ below",
};

/** Counts of a band per column. Zeros also lie in the heatmap's row at 0; the others in no row. */
export function bandCounts(name: BandName, columns: Columns, grid: CellGrid): Float64Array {
  return name === "above" || name === "below" ? grid[name] : columns[name];
}

/** Bands with at least one value. */
export function presentBands(columns: Columns, grid: CellGrid): readonly BandName[] {
  return BANDS.filter((name) => bandCounts(name, columns, grid).some((count) => count > 0));
}

/** One row of cells: the band's share of all values of the pixel's columns, 0..1. */
export function bandCells(counts: Float64Array, n: Float64Array, pixels: PixelColumns): Cells {
  const width = pixels.first.length;
  const values = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    const first = pixels.first[x]!;
    let sum = 0;
    let all = 0;
    for (let c = first; first >= 0 && c < pixels.last[x]!; c++) {
      sum += counts[c]!;
      all += n[c]!;
    }
    values[x] = first < 0 ? Number.NaN : all > 0 ? sum / all : 0;
  }
  return { width, rows: 1, values };
}

/** An area from the bottom up: per pixel the largest value of its columns, of which `most` fills the height. */
export function areaCells(values: Float64Array, most: number, pixels: PixelColumns, rows: number): Cells {
  const width = pixels.first.length;
  const cells = new Float32Array(width * rows);
  for (let x = 0; x < width; x++) {
    const first = pixels.first[x]!;
    let top = 0;
    for (let c = first; first >= 0 && c < pixels.last[x]!; c++) if (values[c]! > top) top = values[c]!;
    // However little there is can be seen.
    for (let row = 0; row < (rows * top) / most; row++) cells[row * width + x] = 1;
  }
  return { width, rows, values: cells };
}
