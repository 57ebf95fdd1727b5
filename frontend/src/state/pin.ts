/** The step whose histograms are shown beside the heatmaps: pinned, or the newest. */

import { nearestColumn } from "../math/step_axis";
import { fullAxis, knownPanels, type PanelModel } from "./panels";
import * as settings from "./settings";

export function pinAt(unit: number | null): void {
  settings.pinned.value = unit;
}

/** The column of a panel that the pin is at; the last one without a pin; -1 when there is none. */
export function pinnedColumn(panel: PanelModel): number {
  const spans = panel.spans.value;
  if (spans === null) return -1;
  const unit = settings.pinned.value;
  return unit === null ? spans.start.length - 1 : nearestColumn(spans, unit);
}

/** Moves the pin by columns of the panel with the finest ones; beyond the last column it is let go. */
export function movePin(columns: number): void {
  const panel = finestPanel();
  const spans = panel?.spans.peek();
  if (panel === undefined || !spans) return;
  const now = pinnedColumn(panel);
  const next = Math.max(0, now + columns);
  if (next >= spans.start.length - 1) pinAt(null);
  else pinAt(((spans.start[next] ?? 0) + (spans.end[next] ?? 0)) / 2);
}

export function pinFirst(): void {
  const spans = finestPanel()?.spans.peek();
  if (spans) pinAt(((spans.start[0] ?? 0) + (spans.end[0] ?? 0)) / 2);
}

function finestPanel(): PanelModel | undefined {
  let best: PanelModel | undefined;
  for (const panel of knownPanels.peek()) {
    const columns = panel.spans.peek()?.start.length ?? 0;
    if (columns > (best?.spans.peek()?.start.length ?? 0)) best = panel;
  }
  return best;
}

/** Pins the column that holds a step, or the nearest one; on an axis that counts steps. */
export function pinStep(step: number): void {
  const { lo, hi } = fullAxis.peek();
  pinAt(Math.min(hi, Math.max(lo, step + 0.5)));
}
