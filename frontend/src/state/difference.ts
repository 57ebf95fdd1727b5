/** The difference of a panel to the baseline's, as cells and colours; for the page and for pictures. */

import { type ColourTable, colormapToLut, differenceTable, lutToGradient } from "../draw/colormap";
import type { PictureBar } from "../draw/picture";
import {
  type Cells,
  differenceCells,
  matchPixels,
  type PixelColumns,
  type PoolOptions,
  poolCells,
} from "../draw/rasterise";
import { type ColourScale, formatQuantity } from "../math/normalise";
import { dark } from "./catalog";
import { alignPanels, baselinePanel, baselineRun } from "./compare";
import type { PanelModel } from "./panels";

/** This panel minus the baseline, cell by cell on this panel's pixels; null while the baseline is not there. */
export function differenceTo(
  panel: PanelModel,
  cells: Cells,
  pixels: PixelColumns,
  options: PoolOptions,
): Cells | null {
  const base = baselinePanel(panel);
  const grid = base?.grid.value;
  const tile = base?.shown.value;
  const alignment = base === null ? null : alignPanels(panel, base);
  if (!grid || !tile || alignment === null || grid.rows !== panel.grid.value?.rows) return null;
  const matched = matchPixels(pixels, alignment.partners);
  return differenceCells(poolCells(grid, tile.columns, matched, options), cells);
}

/** Differences reach as far as the row's colour scale does, to either side. */
export function differenceColours(scale: ColourScale, gap: number): ColourTable {
  return differenceTable(scale.hi, "sqrt", colormapToLut("diverging", dark.value), gap);
}

/** The bar of difference maps: less than the baseline at the low end, more at the high end. */
export function differenceBar(scale: ColourScale): PictureBar {
  const end = formatQuantity(scale.quantity, scale.hi);
  return {
    label: `minus ${baselineRun()}`,
    ticks: [
      { value: -scale.hi, share: 0, label: `−${end}` },
      { value: 0, share: 0.5, label: "0" },
      { value: scale.hi, share: 1, label: `+${end}` },
    ],
    gradient: lutToGradient(colormapToLut("diverging", dark.value)),
  };
}
