/** Orders layers by what happens in them: what is wrong, how much they change, how much their runs differ. */

import { effect, signal, untracked } from "@preact/signals";
import { changeOverRun, differenceOfRuns } from "../../math/change";
import { seriesId } from "../../series/series_id";
import type { FindingAnswer, Series } from "../../series/types";
import { ranks } from "../layout/rows";
import { layersToRank, panelDataOf } from "../panel/known_panels";
import * as settings from "../settings/settings";
import { shownChecked, sorted } from "./findings";

const SLICE_MS = 12;

/** Share of the needed panels that are known; 1 when the order is final. */
export const orderProgress = signal(1);

/** Layers with findings: the more severe, then the earlier ones first. The others keep their order after them. */
export function healthRanks(worstFirst: readonly FindingAnswer[]): ReadonlyMap<string, number> {
  const tags = [...new Set(worstFirst.flatMap((finding) => finding.tags))];
  return new Map(tags.map((tag, at) => [tag, tags.length - at]));
}

/** Works ranks out when all tiles are there, so that the rows move once and not for each tile; call once. */
export function startRanking(): void {
  effect(() => {
    if (settings.sort.value === "health") {
      const known = shownChecked.value;
      orderProgress.value = known ? 1 : 0;
      if (known) ranks.value = healthRanks(sorted.value);
      return;
    }
    const layers = layersToRank.value;
    const panels = layers.flatMap(panelDataOf);
    const known = panels.filter((panel) => panel.tile.value !== null || panel.error.value !== "").length;
    orderProgress.value = panels.length === 0 ? 1 : known / panels.length;
    if (panels.length === 0 || known < panels.length) return;
    const byDifference = settings.sort.value === "difference";
    const task = { stopped: false };
    untracked(() => void rankAll(layers, byDifference, task));
    return () => {
      task.stopped = true;
    };
  });
}

async function rankAll(
  layers: readonly Series[],
  byDifference: boolean,
  task: { readonly stopped: boolean },
): Promise<void> {
  const found = new Map<string, number>();
  let slice_ms = performance.now();
  for (const series of layers) {
    const tiles = panelDataOf(series).flatMap((panel) => panel.tile.peek() ?? []);
    const rank = byDifference ? differenceOfRuns(tiles) : Math.max(0, ...tiles.map(changeOverRun));
    found.set(seriesId(series), rank);
    if (performance.now() - slice_ms < SLICE_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    if (task.stopped) return;
    slice_ms = performance.now();
  }
  ranks.value = found;
}
