/** Brings a layer into sight. */

import { signal } from "@preact/signals";
import { seriesId } from "../../series/series_id";
import type { Series } from "../../series/types";
import { isExpanded, layers, leaveBoard, toggleExpanded } from "../selection/selection";
import * as settings from "../settings/settings";

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
  leaveBoard();
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
