/** Brings a layer into sight. */

import { signal } from "@preact/signals";
import type { Finding, Series } from "../data/types";
import { findPanel, panelId } from "./panels";
import { pinAt } from "./pin";
import { allLayers, isExpanded, layers, toggleExpanded } from "./selection";
import * as settings from "./settings";
import { seriesId } from "./tree";

/** The row to scroll to; whoever scrolls sets it back to null. */
export const scrollTarget = signal<string | null>(null);

/** Opens a layer and scrolls to it, whatever hid it. */
export function showLayer(series: Series): void {
  const id = seriesId(series);
  if (!layers.peek().includes(series)) {
    settings.filter.value = "";
    settings.types.value = [];
  }
  settings.full.value = "";
  settings.folded.value = settings.folded.peek().filter((path) => !series.layer.startsWith(path));
  if (!isExpanded(id)) toggleExpanded(id);
  scrollTarget.value = id;
}

/** Opens the first layer of a finding and pins the step at which it begins. */
export function showFinding(finding: Finding): void {
  const series = allLayers.peek().find((layer) => finding.tags.includes(layer.tag));
  if (series === undefined) return;
  showLayer(series);
  const panel = findPanel(panelId(finding.run, seriesId(series)));
  const spans = panel?.span.peek();
  const columns = panel?.tile.peek()?.columns;
  const at = columns?.lastStep.findIndex((step) => step >= finding.first_step) ?? -1;
  if (spans && at >= 0) pinAt(((spans.start[at] ?? 0) + (spans.end[at] ?? 0)) / 2);
}
