/** The difference of a panel to the baseline's, as cells and colours; for the page and for pictures. */

import { type ColourScale, formatQuantity, quantityToShare } from "../../math/normalise";
import {
  type ColourTable,
  colormapToLut,
  differenceTable,
  type Lut,
  lutToGradient,
} from "../../paint/colormap";
import type { PictureBar } from "../../paint/picture";
import {
  type Cells,
  differenceCells,
  matchPixels,
  type PixelColumns,
  type PoolOptions,
  poolCells,
} from "../../paint/rasterise";
import { dark } from "../catalog/catalog";
import * as settings from "../settings/settings";
import { gapColour } from "./colour_tables";
import { baselineRun, differenceBase } from "./compare";
import type { PanelModel, RowModel } from "./panels";

/** This panel minus the baseline, cell by cell on this panel's pixels; null where it shows itself. */
export function differenceTo(
  panel: PanelModel,
  cells: Cells,
  pixels: PixelColumns,
  options: PoolOptions,
): Cells | null {
  const base = differenceBase(panel);
  if (base === null) return null;
  const matched = matchPixels(pixels, base.alignment.partners);
  return differenceCells(poolCells(base.grid, base.tile.columns, matched, options), cells);
}

/** Differences reach as far as the colours of the row do, or those of everything, to either side. */
export function differenceScale(row: RowModel): ColourScale {
  const shared = settings.colourScope.value === "all" ? row.panels.value[0] : undefined;
  return { ...(shared ?? row).colours.value, curve: "sqrt", lo: 0 };
}

/** Place of a difference on its bar, 0..1. */
export function differenceToShare(row: RowModel, difference: number): number {
  return 0.5 + (Math.sign(difference) * quantityToShare(differenceScale(row), Math.abs(difference))) / 2;
}

export function differenceColours(row: RowModel): ColourTable {
  return differenceTable(differenceScale(row).hi, "sqrt", divergingLut(), gapColour());
}

/** The bar of difference maps: less than the baseline at the low end, more at the high end. */
export function differenceBar(row: RowModel): PictureBar {
  const scale = differenceScale(row);
  const end = formatQuantity(scale.quantity, scale.hi);
  return {
    heading: "",
    label: `minus ${baselineRun()}`,
    ticks: [
      { value: -scale.hi, share: 0, label: `−${end}` },
      { value: 0, share: 0.5, label: "0" },
      { value: scale.hi, share: 1, label: `+${end}` },
    ],
    gradient: lutToGradient(divergingLut()),
  };
}

function divergingLut(): Lut {
  return colormapToLut("diverging", dark.value);
}
