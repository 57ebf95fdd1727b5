/** Strips have no bands: what lies beyond their axis, and what is no number, is marked along their edges. */

import { type BandName, bandCells, bandCounts } from "../../paint/bands";
import { dark } from "../../view/catalog/catalog";
import type { PanelModel } from "../../view/panel/panels";
import type { Area } from "./canvas_area";

/** Smaller shares would mark every strip, since the automatic range leaves out a thousandth. */
const LEAST_SHARE = 0.02;
const MARK_PX = 2;

const COLOURS = {
  light: { outside: "#5f6368", nonFinite: "#b3261e" },
  dark: { outside: "#c4c4c4", nonFinite: "#ff9c94" },
} as const;

export function paintStripEnds({ context, left, top, height }: Area, panel: PanelModel, ratio: number): void {
  const colours = dark.value ? COLOURS.dark : COLOURS.light;
  const size = Math.max(1, Math.round(MARK_PX * ratio));
  const mark = (names: readonly BandName[], at: number, colour: string) => {
    const shares = sharesOf(panel, names);
    context.fillStyle = colour;
    shares.forEach((share, x) => {
      if (share >= LEAST_SHARE) context.fillRect(left + x, at, 1, size);
    });
  };
  mark(["above"], top, colours.outside);
  mark(["below"], top + height - size, colours.outside);
  mark(["nans", "posInfs", "negInfs"], top, colours.nonFinite);
}

/** Share of all values of each pixel that lie in any of the bands. */
function sharesOf(panel: PanelModel, names: readonly BandName[]): readonly number[] {
  const pixels = panel.pixels.value;
  const grid = panel.grid.value;
  const columns = panel.shown.value?.columns;
  if (pixels === null || grid === null || columns === undefined) return [];
  const all = names
    .map((name) => bandCounts(name, columns, grid))
    .filter((counts) => counts.some((count) => count > 0))
    .map((counts) => bandCells(counts, columns.n, pixels).values);
  return Array.from({ length: all.length === 0 ? 0 : pixels.first.length }, (_, x) =>
    all.reduce((sum, values) => sum + (values[x] || 0), 0),
  );
}
