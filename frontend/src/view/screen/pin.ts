/** The step whose histograms are shown beside the heatmaps: pinned, or the last one that is shown. */

import { holdsColumns, nearestColumn, type Places, unionSpans } from "../../math/column_spans";
import type { StepAxis } from "../../math/step_axis";
import type { Tile } from "../../math/tile";
import { fullAxis, sharedAxis } from "../panel/known_panels";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";
import { visible } from "./views";

export interface PinnedColumn {
  /** The zoomed part where it has the column, since it is finer; else the whole series. */
  readonly tile: Tile;
  readonly column: number;
}

export function pinAt(unit: number | null): void {
  settings.pinned.value = unit;
}

/** The column of a panel that the pin is at; the last one shown without a pin; null when there is none. */
export function pinnedColumn(panel: PanelView): PinnedColumn | null {
  const tile = panel.data.tile.value;
  const shown = panel.shown.value;
  const spans = panel.spans.value;
  const whole = shown === tile ? spans : panel.wholeSpans.value;
  if (tile === null || shown === null || spans === null || whole === null) return null;
  const unit = shownUnit(panel);
  const column = nearestColumn(whole, unit);
  if (column < 0) return null;
  const finer = shown !== tile && holdsColumns(shown.columns, tile.columns, column);
  return finer ? { tile: shown, column: nearestColumn(spans, unit) } : { tile, column };
}

/** The pin; without one the end of what is shown, which is the newest step unless somebody zoomed. */
function shownUnit(panel: PanelView): number {
  if (settings.pinned.value !== null) return settings.pinned.value;
  return settings.zoomX.value.size === 0 ? Number.POSITIVE_INFINITY : lastUnit(panel.axis.value);
}

/** What begins at the very end of an axis is not shown any more. */
function lastUnit({ lo, hi }: StepAxis): number {
  return hi - (hi - lo) / 1e6;
}

/** The recorded step nearest to a pin on an axis of steps, of those that the panels on the screen show. */
export function pinnedStep(unit: number): number {
  const steps = visible.value.flatMap((panel) => {
    const at = pinnedColumn(panel);
    if (at === null) return [];
    const { firstStep, lastStep } = at.tile.columns;
    return Math.min(lastStep[at.column]!, Math.max(firstStep[at.column]!, Math.floor(unit)));
  });
  return steps.sort((a, b) => Math.abs(a - unit) - Math.abs(b - unit))[0] ?? Math.floor(unit);
}

/** Moves the pin by columns of any panel on the screen; at the last one it is let go. */
export function movePin(columns: number): void {
  const spans = spansOnScreen();
  const last = spans.start.length - 1;
  if (last < 0) return;
  const zoomed = settings.zoomX.peek().size > 0;
  const end = zoomed ? lastUnit(sharedAxis.peek()) : Number.POSITIVE_INFINITY;
  const now = nearestColumn(spans, settings.pinned.peek() ?? end);
  const next = Math.min(last, Math.max(0, now + columns));
  pinAt(next === last && !zoomed ? null : spanMiddle(spans, next));
}

export function pinFirst(): void {
  const spans = spansOnScreen();
  if (spans.start.length > 0) pinAt(spanMiddle(spans, 0));
}

/** Of all runs together, since a run with a gap lacks steps of the others; zoomed parts have more columns. */
export function spansOnScreen(): Places {
  const all = visible
    .peek()
    .flatMap(({ wholeSpans, exactSpans }) => [wholeSpans.peek() ?? [], exactSpans.peek() ?? []]);
  // Layers of a run that were recorded at the same steps have the same spans.
  return unionSpans([...new Set(all.flat())]);
}

/** The column of a panel nearest to a place on the time axis. */
export function columnNear(panel: PanelView, unit: number): number {
  const spans = panel.spans.value;
  return spans === null ? -1 : nearestColumn(spans, unit);
}

export function spanMiddle(spans: Places, column: number): number {
  return (spans.start[column]! + spans.end[column]!) / 2;
}

/** Pins the column that holds a step, or the nearest one; on an axis that counts steps. */
export function pinStep(step: number): void {
  const { lo, hi } = fullAxis.peek();
  pinAt(Math.min(hi, Math.max(lo, Math.round(step) + 0.5)));
}
