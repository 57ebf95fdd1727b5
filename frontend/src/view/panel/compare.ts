/** Comparison of a panel with the same layer in the baseline run. */

import { type Alignment, alignColumns } from "../../math/align";
import type { CellGrid } from "../../math/rebin";
import type { Tile } from "../../math/tile";
import { computedPerObject } from "../reactive/per_object";
import { shownRuns } from "../selection/selection";
import * as settings from "../settings/settings";
import type { PanelView } from "./panel_view";

export const NEEDS_ONE_SCALE =
  "Differences need the same rows in both runs, so the runs of a layer share their value axis for now.";
export const NEEDS_LINKS = "Differences need axes in common: link axes and colours (L) to see them.";

/** Name of the run that others are compared with: the chosen one while it is shown, else the first. */
export function baselineRun(): string {
  const names = shownRuns.value.map((run) => run.name);
  return names.includes(settings.baseline.value) ? settings.baseline.value : (names[0] ?? "");
}

/** What a panel is compared with, row by row. */
interface Base {
  readonly grid: CellGrid;
  readonly tile: Tile;
  readonly alignment: Alignment;
}

/** The baseline's columns for those of a panel, or why there are none. */
export const baseOf = computedPerObject(readBase);

function readBase(panel: PanelView): Base | string {
  if (panel.run === baselineRun()) return "this is the baseline";
  const base = panel.layer.panels.value.find((other) => other.run === baselineRun());
  if (base === undefined) return "not in the baseline";
  const [own, tile] = [panel.shown.value, base.shown.value];
  const [clock, baseClock] = [panel.clock.value, base.clock.value];
  const grid = base.grid.value;
  if (!own || !tile || !clock || !baseClock || !grid) return "baseline not loaded";
  const edges = panel.grid.value?.edges;
  const sameRows = grid.edges.length === edges?.length && grid.edges.every((edge, i) => edge === edges[i]);
  if (!settings.linked.value || !sameRows) return "needs axes in common";
  const timed = { columns: own.columns, clock };
  const alignment = alignColumns(timed, { columns: tile.columns, clock: baseClock }, settings.time.value);
  return { grid, tile, alignment };
}

/** Whether panels show differences where they can. */
export function wantsDifference(): boolean {
  return settings.difference.value && settings.linked.value && shownRuns.value.length > 1;
}

/** What a panel shows the difference to; null where it shows itself. */
export function differenceBase(panel: PanelView): Base | null {
  const base = wantsDifference() ? baseOf(panel) : "";
  return typeof base === "string" ? null : base;
}

export function showsDifference(panel: PanelView): boolean {
  return differenceBase(panel) !== null;
}
