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
import type { BaseCells } from "../../paint/rasterise";
import { dark } from "../catalog/catalog";
import * as settings from "../settings/settings";
import { gapColour } from "./colour_tables";
import { baselineRun, differenceBase } from "./compare";
import type { PanelLayer, PanelView } from "./panel_view";

/** What a panel is drawn minus; null where it shows itself. */
export function baseCells(panel: PanelView): BaseCells | null {
  const base = differenceBase(panel);
  return base && { grid: base.grid, columns: base.tile.columns, partners: base.alignment.partners };
}

/** Differences reach as far as the colours of the layer do, or those of everything, to either side. */
export function differenceScale(layer: PanelLayer): ColourScale {
  const shared = settings.colourScope.value === "all" ? layer.panels.value[0] : undefined;
  return { ...(shared ?? layer).colours.value, curve: "sqrt", lo: 0 };
}

/** Place of a difference on its bar, 0..1. */
export function differenceToShare(layer: PanelLayer, difference: number): number {
  return 0.5 + (Math.sign(difference) * quantityToShare(differenceScale(layer), Math.abs(difference))) / 2;
}

export function differenceColours(layer: PanelLayer): ColourTable {
  return differenceTable(differenceScale(layer).hi, "sqrt", divergingLut(), gapColour());
}

/** The bar of difference maps: less than the baseline at the low end, more at the high end. */
export function differenceBar(layer: PanelLayer): PictureBar {
  const scale = differenceScale(layer);
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
