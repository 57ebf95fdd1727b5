/** A heatmap without bands: what lies beyond its axis, and what is no number, is marked along its edges. */

import { type BandName, bandCells, bandCounts } from "./bands";
import type { CanvasArea } from "./canvas_area";
import type { EdgeInks, PanelScene } from "./scene";

/** Smaller shares would mark every strip, since the automatic range leaves out a thousandth. */
const LEAST_SHARE = 0.02;
const MARK_PX = 2;

export function paintEdgeMarks(
  { context, left, top, height }: CanvasArea,
  scene: PanelScene,
  inks: EdgeInks,
): void {
  const size = Math.max(1, Math.round(MARK_PX * scene.ratio));
  const mark = (names: readonly BandName[], at: number, ink: string) => {
    context.fillStyle = ink;
    sharesOf(scene, names).forEach((share, x) => {
      if (share >= LEAST_SHARE) context.fillRect(left + x, at, 1, size);
    });
  };
  mark(["above"], top, inks.outside);
  mark(["below"], top + height - size, inks.outside);
  mark(["nans", "posInfs", "negInfs"], top, inks.nonFinite);
}

/** Share of all values of each pixel that lie in any of the bands. */
function sharesOf({ pixels, grid, columns }: PanelScene, names: readonly BandName[]): readonly number[] {
  const all = names
    .map((name) => bandCounts(name, columns, grid))
    .filter((counts) => counts.some((count) => count > 0))
    .map((counts) => bandCells(counts, columns.n, pixels).values);
  return Array.from({ length: all.length === 0 ? 0 : pixels.first.length }, (_, x) =>
    all.reduce((sum, values) => sum + (values[x] || 0), 0),
  );
}
