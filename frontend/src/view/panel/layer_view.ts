/** A layer on the screen, with its panels in all shown runs. Dropped when it leaves the screen. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { BANDS, type BandName, presentBands } from "../../paint/bands";
import type { Series } from "../../series/types";
import { effectivePanelHeight_px, strip_px } from "../layout/metrics";
import { type PanelLayout, placeParts, placeStrip } from "../layout/panel_layout";
import * as settings from "../settings/settings";
import { type Colouring, colouringOf, limitsOf, scaleOwner } from "./contrast";
import { LayerAxes } from "./layer_axes";
import { type PanelLayer, PanelView } from "./panel_view";

export class LayerView extends LayerAxes implements PanelLayer {
  private views = new Map<string, PanelView>();

  constructor(
    series: Series,
    /** Where all panels have one colour scale. */
    readonly sharedColouring: ReadonlySignal<Colouring>,
  ) {
    super(series);
  }

  /** Those of runs that stay shown stay the same; the others are let go. */
  readonly panels: ReadonlySignal<readonly PanelView[]> = computed(() => {
    const panels = this.data.value.map((data) => {
      const known = this.views.get(data.run);
      return known?.data === data ? known : new PanelView(data, this);
    });
    this.views = new Map(panels.map((panel) => [panel.run, panel]));
    return panels;
  });

  private readonly limits = computed(() => limitsOf(scaleOwner(this.id)));
  readonly colouring = computed(() => colouringOf(this.panels.value, this.limits.value));
  readonly colours = computed(() => this.colouring.value.scale);

  /** Bands that hold anything in any of the panels, so that panels of a layer stay aligned. */
  readonly bands = computed<readonly BandName[]>(() => {
    const present = new Set<BandName>();
    for (const panel of this.panels.value) {
      const grid = panel.grid.value;
      const tile = panel.shown.value;
      if (grid !== null && tile !== null)
        for (const band of presentBands(tile.columns, grid)) present.add(band);
    }
    return BANDS.filter((band) => present.has(band));
  });

  readonly layout = computed<PanelLayout>(() => {
    if (!this.open.value) return placeStrip(strip_px.value);
    return placeParts(this.bands.value, effectivePanelHeight_px.value, settings.strip.value !== "none");
  });
}
