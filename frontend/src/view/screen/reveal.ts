/** Brings a layer into sight. */

import { signal } from "@preact/signals";
import { stepToUnit } from "../../math/step_axis";
import { seriesId } from "../../series/series_id";
import type { FindingAnswer, Series } from "../../series/types";
import { knownPanels, panelStore } from "../panel/known_panels";
import { LayerAxes, PanelAxes } from "../panel/layer_axes";
import { timesOf } from "../panel/panel_times";
import { allLayers, isExpanded, layers, toggleExpanded } from "../selection/selection";
import * as settings from "../settings/settings";
import { clearZoom } from "../settings/zoom";
import { pinAt } from "./pin";

interface ScrollTarget {
  readonly rowId: string;
  /** Whose panel is to be in sight; without it any. */
  readonly run?: string | undefined;
  /** Whether the row is to stand at the top, else in the middle. */
  readonly top?: boolean;
}

/** Where to scroll to; whoever scrolls sets it back to null. */
export const scrollTarget = signal<ScrollTarget | null>(null);

/** Opens a layer and scrolls to it, whatever hid it. */
export function showLayer(series: Series, run?: string): void {
  const id = seriesId(series);
  if (!layers.peek().includes(series)) {
    settings.filter.value = "";
    settings.types.value = [];
  }
  settings.full.value = "";
  settings.folded.value = settings.folded.peek().filter((path) => !isUnder(series.layer, path));
  if (!isExpanded(id)) toggleExpanded(id);
  scrollTarget.value = { rowId: id, run };
}

/** "layer1.conv" is under "layer1", "layer10.conv" is not. */
export function isUnder(layer: string, path: string): boolean {
  return [".", "/"].some((end) => layer.startsWith(path + end));
}

/** Opens the first layer of a finding, pins the step at which it begins, and ends a zoom that would hide its steps. */
export function showFinding({
  run,
  tags,
  first_step,
  last_step,
}: Pick<FindingAnswer, "run" | "tags" | "first_step" | "last_step">): void {
  const series = allLayers.peek().find((layer) => tags.includes(layer.tag));
  if (series === undefined) return;
  showLayer(series, run);
  const own = panelStore.panel(run, seriesId(series));
  // A layer that was never on the screen has no tile; others of the run have the same steps and times.
  const panel = [own, ...knownPanels.peek()].find((one) => one.run === run && timesOf(one).clock.peek());
  const clock = panel && timesOf(panel).clock.peek();
  const columns = panel?.tile.peek()?.columns;
  if (!clock || !columns) return;
  const toUnit = (step: number) => stepToUnit(settings.time.peek(), step, columns, clock);
  const begin = toUnit(first_step + 0.5);
  // A run without epochs has no place on their axis.
  if (Number.isNaN(begin)) return;
  pinAt(begin);
  const { lo, hi } = new PanelAxes(own, new LayerAxes(series)).liveAxis.peek();
  if (toUnit(first_step) < lo || toUnit(last_step) > hi) clearZoom();
}
