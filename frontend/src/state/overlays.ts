/** The lines over a heatmap: mean, spread, percentiles; for the page and for pictures. */

import { quantiles } from "../math/quantiles";
import type { PanelModel } from "./panels";
import * as settings from "./settings";

export interface OverlayLine {
  /** "" for a line that goes with the one before. */
  readonly name: string;
  /** One per column, in values. */
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly dash: readonly number[];
  /** In pictures, where lines have a legend instead of dashes. */
  readonly colour: string;
}

const PERCENTILES = [
  { name: "5th and 95th percentile", at: [0, 4], width: 0.8, dash: [1.5, 2.5], colour: "#ff8f00" },
  { name: "quartiles", at: [1, 3], width: 0.8, dash: [5, 3], colour: "#ff5252" },
  { name: "median", at: [2], width: 1.2, dash: [], colour: "#d50000" },
] as const;

export function overlayLines(panel: PanelModel): OverlayLine[] {
  const tile = panel.shown.value;
  if (tile === null) return [];
  const chosen = settings.overlays.value;
  const { mean, std } = tile.columns;
  const lines: OverlayLine[] = [];
  if (chosen.includes("percentiles")) {
    const all = quantiles(tile);
    for (const { at, name, ...look } of PERCENTILES) {
      at.forEach((which, i) => {
        const values = all[which];
        if (values) lines.push({ ...look, values, name: i === 0 ? name : "" });
      });
    }
  }
  if (chosen.includes("std")) {
    const look = { width: 1, dash: [4, 3], colour: "#d500f9" };
    lines.push({
      ...look,
      name: "mean ± standard deviation",
      values: mean.map((value, c) => value + (std[c] ?? 0)),
    });
    lines.push({ ...look, name: "", values: mean.map((value, c) => value - (std[c] ?? 0)) });
  }
  if (chosen.includes("mean"))
    lines.push({ name: "mean", values: mean, width: 1.5, dash: [], colour: "#aa00ff" });
  return lines;
}
