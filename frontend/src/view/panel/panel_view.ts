/** What a panel on the screen shows: its columns, cells and colours. Dropped when it leaves the screen. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { columnsIn, holdsColumns } from "../../math/column_spans";
import { contrastExtent, saturation } from "../../math/contrast";
import { type CellExtent, type ColourScale, cellExtent } from "../../math/normalise";
import { type CellGrid, rebin, takeZeros } from "../../math/rebin";
import type { Tile } from "../../math/tile";
import { LEAST_COLUMN_PX, widenSpans } from "../../math/wide_columns";
import type { BandName } from "../../paint/bands";
import type { PixelColumns } from "../../paint/rasterise";
import type { PanelData } from "../../series/panel_data";
import { pixelRatio, plot_px } from "../layout/metrics";
import type { PanelLayout } from "../layout/panel_layout";
import * as settings from "../settings/settings";
import { pixelsOf } from "./column_places";
import {
  type Coloured,
  type Colouring,
  colouringOf,
  effectiveColourScope,
  limitsOf,
  scaleOwner,
} from "./contrast";
import { colourUnder } from "./highlight";
import { effectiveAxisScope } from "./known_panels";
import { type LayerAxes, PanelAxes } from "./layer_axes";
import { spansOf, timesOf } from "./panel_times";

/** The layer of a panel, as the panel and whoever draws or reads it know it. */
export interface PanelLayer extends LayerAxes {
  readonly panels: ReadonlySignal<readonly PanelView[]>;
  readonly layout: ReadonlySignal<PanelLayout>;
  readonly bands: ReadonlySignal<readonly BandName[]>;
  readonly colouring: ReadonlySignal<Colouring>;
  readonly colours: ReadonlySignal<ColourScale>;
  /** Of the panels of all layers. */
  readonly sharedColouring: ReadonlySignal<Colouring>;
}

export class PanelView extends PanelAxes implements Coloured {
  constructor(
    data: PanelData,
    override readonly layer: PanelLayer,
  ) {
    super(data, layer);
  }

  readonly clock = timesOf(this.data).clock;
  /** Where the columns of the whole series lie on the time axis. */
  readonly wholeSpans = timesOf(this.data).spans;

  /** The finest tile that has the whole visible part. */
  readonly shown = computed<Tile | null>(() => {
    const fine = this.data.fine.value;
    const tile = this.data.tile.value;
    const spans = this.wholeSpans.value;
    if (fine === null || tile === null || spans === null) return tile;
    const seen = columnsIn(spans, this.axis.value.lo, this.axis.value.hi);
    return seen !== null && holdsColumns(fine.columns, tile.columns, ...seen) ? fine : tile;
  });

  /** Panels with one axis have rows in common, so that they can be compared. */
  protected override peers(): readonly PanelAxes[] {
    return effectiveAxisScope() === "panel" ? [this] : this.layer.panels.value;
  }

  override binned(): Tile | null {
    return this.shown.value;
  }

  /** Where the shown columns lie. */
  readonly exactSpans = computed(() => {
    const shown = this.shown.value;
    return shown === this.data.tile.value ? this.wholeSpans.value : spansOf(shown, this.clock.value);
  });

  /** As drawn and read: a column that would be too narrow to see reaches into the gap beside it. */
  readonly spans = computed(() => {
    const exact = this.exactSpans.value;
    return exact && widenSpans(exact, this.axis.value, plot_px.value, LEAST_COLUMN_PX);
  });

  /** Whether any column is drawn wider than it lasted. */
  get widened(): boolean {
    return this.spans.value !== this.exactSpans.value;
  }

  /** Which columns each device pixel shows. */
  readonly pixels = computed<PixelColumns | null>(() => {
    const width_px = Math.round(plot_px.value * pixelRatio.value);
    const spans = this.spans.value;
    return spans === null || width_px < 1 ? null : pixelsOf(spans, this.axis.value, width_px);
  });

  readonly grid = computed<CellGrid | null>(() => {
    const tile = this.shown.value;
    // Overwriting the one before saves making room, which takes as long as the counting.
    this.lastGrid = tile === null ? undefined : rebinned(tile, this, this.lastGrid);
    return this.lastGrid ?? null;
  });
  private lastGrid: CellGrid | undefined;

  /** The grid of the whole series. */
  readonly whole = computed(() => {
    const tile = this.data.tile.value;
    if (tile === null) return null;
    return this.shown.value === tile ? this.grid.value : rebinned(tile, this);
  });

  /** Colours are chosen on the whole series, so that zooming over time does not change them. */
  readonly extent = computed(() => extentIn(this.data.tile.value, this.whole.value, cellExtent));
  readonly innerExtent = computed(() => extentIn(this.data.tile.value, this.whole.value, contrastExtent));

  readonly colouring: ReadonlySignal<Colouring> = computed(() => {
    const scope = effectiveColourScope();
    if (scope === "row") return this.layer.colouring.value;
    if (scope === "all") return this.layer.sharedColouring.value;
    return colouringOf([this], this.limits.value);
  });
  /** The same object while it stays the same, so that others' limits recolour nothing here. */
  readonly limits = computed(() => limitsOf(this.scaleOwner));
  readonly highlighted = computed(() => colourUnder(this.scaleOwner));

  get scaleOwner(): string {
    return scaleOwner(this.layer.id, this.id);
  }

  readonly colours = computed(() => this.colouring.value.scale);

  /** Occupied cells of the whole series beyond the ends of the colour scale. */
  readonly saturated = computed(() => {
    const tile = this.data.tile.value;
    const whole = this.whole.value;
    return tile && whole && saturation(whole, tile.columns, this.colours.value);
  });
}

/** The lowest and highest cell of a panel that is off the screen; its grid is not kept. */
export function distantExtents(axes: PanelAxes): Coloured {
  const measured = (measure: typeof cellExtent) =>
    computed(() => {
      const tile = axes.data.tile.value;
      return extentIn(tile, tile && rebinned(tile, axes), measure);
    });
  return { extent: measured(cellExtent), innerExtent: measured(contrastExtent) };
}

/** Counts over the rows of a panel's axis. */
export function rebinned(tile: Tile, axes: PanelAxes, reuse?: CellGrid): CellGrid {
  const { edges, places, heights } = axes.rows.value;
  const grid = { ...rebin(tile, edges, reuse), places, heights };
  // Only numbers that are tiny but not zero are left in the row at 0.
  if (axes.zerosApart && tile.source === "blocks") takeZeros(grid, tile.columns.zeros);
  return grid;
}

function extentIn(tile: Tile | null, whole: CellGrid | null, measure: typeof cellExtent): CellExtent {
  if (tile === null || whole === null) return { least: 0, most: 0 };
  return measure(whole, tile.columns, settings.quantity.value);
}
