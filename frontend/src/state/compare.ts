/** Comparison of a panel with the same layer in the baseline run. */

import { type Alignment, alignColumns } from "../math/align";
import { distanceBetween, distanceToPrevious } from "../math/distance";
import { saturationBounds, shareNearZero, shareOutside, shareZero } from "../math/near_zero";
import type { PanelModel } from "./panels";
import { runs } from "./selection";
import * as settings from "./settings";

/** Name of the run that others are compared with: the chosen one while it is shown, else the first. */
export function baselineRun(): string {
  const names = runs.value.map((run) => run.name);
  return names.includes(settings.baseline.value) ? settings.baseline.value : (names[0] ?? "");
}

/** The panel that this one is compared with; null for the baseline itself and for layers it lacks. */
export function baselinePanel(panel: PanelModel): PanelModel | null {
  const base = panel.row.panels.value.find((other) => other.run === baselineRun());
  return base === undefined || base === panel ? null : base;
}

/** Whether a panel shows the difference to the baseline. */
export function showsDifference(panel: PanelModel): boolean {
  return settings.compare.value === "difference" && settings.linked.value && baselinePanel(panel) !== null;
}

export function alignPanels(panel: PanelModel, base: PanelModel): Alignment | null {
  const own = panel.shown.value;
  const other = base.shown.value;
  const clock = panel.clock.value;
  const otherClock = base.clock.value;
  if (own === null || other === null || clock === null || otherClock === null) return null;
  return alignColumns(
    { columns: own.columns, clock },
    { columns: other.columns, clock: otherClock },
    settings.time.value,
  );
}

export interface ShareStrip {
  /** One value per column; NaN where there is none. */
  readonly values: Float64Array;
  /** What fills the strip's height: 1 for shares; for distances the largest of the row. */
  readonly most: number;
  readonly name: string;
}

/** The strip under a panel; null when it has nothing to show. */
export function shareStrip(panel: PanelModel): ShareStrip | null {
  const strip = readStrip(panel);
  if (strip === null || !isDistance()) return strip === null ? null : { ...strip, most: 1 };
  const all = panel.row.panels.value.map((other) => (other === panel ? strip : readStrip(other)));
  const most = Math.max(...all.map((one) => (one === null ? 0 : largest(one.values))));
  return { ...strip, most: most > 0 ? most : 1 };
}

function isDistance(): boolean {
  return settings.strip.value === "change" || settings.strip.value === "distance";
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

function readStrip(panel: PanelModel): Omit<ShareStrip, "most"> | null {
  const tile = panel.shown.value;
  const grid = panel.grid.value;
  if (tile === null || grid === null) return null;
  const { type, dtypes } = panel.row.series.value;
  switch (settings.strip.value) {
    case "near_zero":
      return { values: shareNearZero(tile), name: "share of values near zero (|x| ≤ 0.05)" };
    case "zero":
      return { values: shareZero(tile), name: "share of values exactly zero" };
    case "saturated": {
      const bounds = saturationBounds(type, dtypes[0] ?? "");
      if (bounds === null) return null;
      return {
        values: shareOutside(tile, ...bounds),
        name: `share outside ${bounds.join(" … ")}`,
      };
    }
    case "change":
      return {
        values: distanceToPrevious(grid),
        name: "earth mover's distance to the column before",
      };
    case "distance": {
      const base = baselinePanel(panel);
      const other = base?.grid.value;
      const alignment = base === null ? null : alignPanels(panel, base);
      const sameRows = base?.scale.value.equals(panel.scale.value);
      if (!other || alignment === null || !sameRows || other.rows !== grid.rows) return null;
      const values = distanceBetween(grid, other, alignment.partners);
      return {
        values,
        name: `earth mover's distance to ${baselineRun()}; ${alignment.statement}`,
      };
    }
    case "none":
      return null;
  }
}
