/** Keeps the tiles of what is on the screen up to date. */

import { batch, effect, untracked } from "@preact/signals";
import { seriesId } from "../../series/series_id";
import { TileLoader, type Want, type Wants } from "../../series/tile_loader";
import { client, index, pageShown, reloads } from "../catalog/catalog";
import { plot_px } from "../layout/metrics";
import { knownPanels, layersToRank, panelDataOf, panelStore } from "../panel/known_panels";
import { slice_ms } from "../reactive/frame_budget";
import { strip, zoomX, zoomY } from "../settings/settings";
import { alsoDrawn, lookAhead, opened } from "./screen";
import { inSight, layerViews, visible } from "./views";
import { coarseWantOf, enlarged, resting, wantOf } from "./wanted_tiles";

/** The first tiles of a warm server come sooner; empty panels for a moment would be rendered and drawn for nothing. */
const OPEN_AFTER_MS = 150;
const POLL_MS = 20;

export const tileLoader = new TileLoader(client, panelStore, {
  wants: () => untracked(wants),
  slice_ms,
  answered: open,
  settled() {
    if (visible.peek().length === 0) return;
    lookAhead();
    window.clearTimeout(restTimer);
    restTimer = window.setTimeout(rest, REST_AFTER_MS);
  },
});

/** So long nothing was asked for when the page counts as resting. */
const REST_AFTER_MS = 400;
let restTimer = 0;

function rest(): void {
  resting.value = !tileLoader.busy.peek();
}

/** Uses layers, on the screen or not, once their panels have the columns for a picture twice as wide as they are. */
export async function withEnlarged<T>(layers: readonly string[], use: () => T | Promise<T>): Promise<T> {
  try {
    enlarged.value = new Set(layers);
    alsoDrawn.value = enlarged.value;
    tileLoader.update();
    do await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    while (tileLoader.busy.peek());
    return await use();
  } finally {
    enlarged.value = new Set();
    alsoDrawn.value = enlarged.value;
  }
}

/** Call once. */
export function startLoading(): void {
  window.setTimeout(open, OPEN_AFTER_MS);
  effect(() => {
    if (!pageShown.value || plot_px.value <= 0) return;
    void layersToRank.value;
    // Read here so that each of them starts the work again.
    void [index.value, reloads.value, zoomX.value, zoomY.value, strip.value, resting.value];
    for (const panel of visible.value)
      void [panel.fullScale.value, panel.layer.rows.value, panel.data.tile.value];
    untracked(() => tileLoader.update());
  });
  effect(() => {
    if (!pageShown.value) tileLoader.abort();
  });
}

/** Asks again for all that could not be loaded, and for what is new. */
export function retry(): void {
  batch(() => {
    for (const panel of knownPanels.peek()) panel.error.value = "";
    reloads.value++;
  });
}

function open(): void {
  opened.value = true;
}

function wants(): Wants | null {
  if (!pageShown.value) return null;
  const seen = inSight.value;
  if ([...seen].some((panel) => panel.data.tile.value === null)) resting.value = false;
  return {
    panels: [...visible.value.map((panel) => wantOf(panel, seen.has(panel))), ...wantedForOrder()],
    revision: index.value?.revision ?? "",
    reloads: reloads.value,
  };
}

/** Tiles that are needed to order the layers, of panels that are not on the screen. */
function wantedForOrder(): readonly Want[] {
  return layersToRank.value
    .filter((series) => !layerViews.value.has(seriesId(series)))
    .flatMap((series) => panelDataOf(series).map((panel) => coarseWantOf(panel, series)));
}
