/** From cells to colours in the present theme: for the page and for pictures. */

import { type ColourScale, colourScale } from "../../math/normalise";
import {
  type ColourTable,
  colormapToLut,
  colourTable,
  dimmedLut,
  hexToColour,
  type Lut,
} from "../../paint/colormap";
import { dark } from "../catalog/catalog";
import { theme } from "../catalog/theme";
import { remember } from "../reactive/memo";
import * as settings from "../settings/settings";

const TABLES_KEPT = 8;
const tables = new Map<string, ColourTable>();

export function currentLut(): Lut {
  return colormapToLut(settings.colormap.value, dark.value);
}

/** Times without any record. */
export function gapColour(): number {
  return hexToColour(theme.value.bg);
}

/** Panels of a row share their scale and are painted one after another, so a few tables are enough. */
export function valueTable(
  scale: ColourScale,
  emptyColoured: boolean,
  highlighted: number | null = null,
): ColourTable {
  const { quantity, curve, lo, hi } = scale;
  const key = [quantity, curve, lo, hi, settings.colormap.value, dark.value, emptyColoured, highlighted].join(
    " ",
  );
  const known = tables.get(key);
  if (known !== undefined) return known;
  const zero = hexToColour(theme.value["plot-bg"]);
  const lut = highlighted === null ? currentLut() : dimmedLut(currentLut(), highlighted, zero);
  const table = colourTable(scale, lut, { zero: emptyColoured ? null : zero, gap: gapColour() });
  return remember(tables, key, table, TABLES_KEPT);
}

/** Bands are shares of all values, from none to all, whatever the heatmap shows. */
const BAND_SCALE = colourScale("share", "sqrt", { least: 0, most: 1 });

export function bandTable(): ColourTable {
  return valueTable(BAND_SCALE, false);
}

/** Cells of an area are 1 inside of it and 0 outside. */
export function stripTable(): ColourTable {
  const gap = gapColour();
  return colourTable(BAND_SCALE, new Uint32Array(256).fill(hexToColour(theme.value["line-strong"])), {
    zero: gap,
    gap,
  });
}
