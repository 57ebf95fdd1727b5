/** One model per panel (a layer in a run) and per row (a layer in all shown runs), made when first needed. */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { contrastExtent, saturation } from "../../math/contrast";
import { type CellExtent, cellExtent } from "../../math/normalise";
import { type Grid, rebin, takeZeros } from "../../math/rebin";
import {
  columnsIn,
  holdsColumns,
  joinSpans,
  type RunClock,
  type Spans,
  StepAxis,
} from "../../math/step_axis";
import type { Tile } from "../../math/tile";
import type { ValueScale } from "../../math/value_scale";
import { LEAST_COLUMN_PX, widenSpans } from "../../math/wide_columns";
import { BANDS, type BandName, presentBands } from "../../paint/bands";
import type { PixelColumns } from "../../paint/rasterise";
import { seriesId } from "../../series/series_id";
import type { Series, TileRequest } from "../../series/types";
import { index, newestSteps } from "../catalog/catalog";
import { panelHeight_px, pixelRatio, plot_px, strip_px } from "../layout/metrics";
import { type PanelLayout, placeParts, STRIP_LAYOUT } from "../layout/panel_layout";
import { isExpanded, layers, runs } from "../selection/selection";
import type { Interval } from "../settings/codec";
import * as settings from "../settings/settings";
import { type Zooms, zoomX, zoomY } from "../settings/settings";
import { cursor, liveX, liveY } from "../settings/zoom";
import { type Colouring, colouringOf, colourScope, limitsOf, scaleOwner } from "./contrast";
import { colourUnder } from "./highlight";
import { pixelsOf, placeColumns } from "./placing";
import { chooseScale, rowsOf, snap } from "./value_range";

/** A run's clock is known from any of its tiles; epochs come from its scalars. */
export const epochs = signal<ReadonlyMap<string, Pick<RunClock, "epochs" | "epochSteps">>>(new Map());

export class PanelModel {
  readonly id: string;
  /** All steps at the resolution of the page; what was asked for it; the same for the zoomed part. */
  readonly tile: Signal<Tile | null> = signal(null);
  readonly fine: Signal<Tile | null> = signal(null);
  request: TileRequest | null = null;
  fineRequest: TileRequest | null = null;
  /** Reloads of the host and revision of the index that this panel was last asked for. */
  reloads = 0;
  revision = "";
  /** Why something could not be loaded, and whether that was the whole or the zoomed part. */
  readonly error = signal("");
  failed: "tile" | "fine" = "tile";

  constructor(
    readonly run: string,
    readonly row: RowModel,
  ) {
    this.id = panelId(run, row.id);
  }

  get series(): Series {
    return this.row.series.peek();
  }

  /** Newest step that the index knows of. */
  get newestStep(): number {
    const at = index.peek()?.runs.findIndex((run) => run.name === this.run) ?? -1;
    return newestSteps.peek().get(this.row.id)?.[this.series.runs.indexOf(at)] ?? 0;
  }

  /** By itself, so that a new index makes no new clocks, with which all panels would be drawn. */
  private readonly startTime = computed(
    () => index.value?.runs.find((run) => run.name === this.run)?.start_time,
  );

  readonly clock = computed<RunClock | null>(() => {
    const tile = this.tile.value;
    if (tile === null || tile.columns.length === 0) return null;
    const startTime = this.startTime.value ?? tile.columns.firstWallTime[0] ?? 0;
    return {
      firstStep: tile.firstStep,
      lastStep: tile.lastStep,
      records: tile.records,
      startTime: Math.min(startTime, tile.columns.firstWallTime[0] ?? startTime),
      sampled: tile.missing > 0,
      ...epochs.value.get(this.run),
    };
  });

  /** Where the columns of the whole series lie on the time axis. */
  readonly span = computed(() => spansOf(this.tile.value, this.clock.value));

  /** Which zoom of the time axis it follows; a strip shows no axis, so that it has none of its own. */
  get keyX(): string {
    return settings.linked.value || !this.row.expanded.value ? "" : this.id;
  }

  /** Linked panels have one axis object between them, so that its ticks are worked out once. */
  readonly liveAxis: ReadonlySignal<StepAxis> = computed(
    () => this.ownAxis(liveX.value) ?? sharedLiveAxis.value,
  );
  readonly axis: ReadonlySignal<StepAxis> = computed(() => this.ownAxis(zoomX.value) ?? sharedAxis.value);

  /** An unlinked panel shows what all do until it is zoomed itself. */
  private ownAxis(zooms: Zooms): StepAxis | undefined {
    const part = this.keyX === "" ? undefined : zooms.get(this.keyX);
    return part && zoomedTo(fullAxis.value, part);
  }

  /** Exactly what is wanted while a gesture moves it, the nearest rows when it rests. */
  readonly liveScale: ReadonlySignal<ValueScale> = computed(() => {
    const part = liveY.value.get(this.keyY);
    return part === zoomY.value.get(this.keyY) ? this.scale.value : zoomedTo(this.fullScale.value, part);
  });
  readonly scale: ReadonlySignal<ValueScale> = computed(() => {
    const full = this.fullScale.value;
    const part = zoomY.value.get(this.keyY);
    return zoomedTo(full, part && snap(full, ...part, this.row.bins.value));
  });

  readonly fullScale = computed(() => {
    const scope = axisScope();
    if (scope === "row") return this.row.fullScale.value;
    if (scope === "all") return chooseScale(allTiles.value, this.row.bins.value);
    const tile = this.tile.value;
    return chooseScale(tile === null ? [] : [tile], this.row.bins.value);
  });

  /** Whether its value axis stands for anything. */
  get hasAxis(): boolean {
    return axisScope() === "panel" ? (this.tile.value?.range ?? null) !== null : this.row.isFinite.value;
  }

  get keyY(): string {
    return { panel: this.id, row: this.row.id, all: "" }[axisScope()];
  }

  /** Height of the crosshair on the value axis, in all panels that are read by it; null where it is not. */
  readonly crossShare = computed(() => {
    const at = cursor.value;
    if (at === null || at.value === null) return null;
    if (at.rowId !== this.row.id && axisScope() !== "all") return null;
    const share = this.liveScale.value.valueToShare(at.value);
    return share < 0 || share > 1 ? null : share;
  });

  /** The finest tile that has the whole visible part. */
  readonly shown = computed<Tile | null>(() => {
    const fine = this.fine.value;
    const tile = this.tile.value;
    const span = this.span.value;
    if (fine === null || tile === null || span === null) return tile;
    const seen = columnsIn(span, this.axis.value.lo, this.axis.value.hi);
    return seen !== null && holdsColumns(fine.columns, tile.columns, ...seen) ? fine : tile;
  });

  /** Where the shown columns lie. */
  readonly exactSpans = computed(() => {
    const shown = this.shown.value;
    return shown === this.tile.value ? this.span.value : spansOf(shown, this.clock.value);
  });

  /** As drawn and read: a column that would be too narrow to see reaches into the gap beside it. */
  readonly spans = computed(() => {
    const exact = this.exactSpans.value;
    return exact === null ? null : widenSpans(exact, this.axis.value, plot_px.value, LEAST_COLUMN_PX);
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

  readonly grid = computed<Grid | null>(() => {
    const tile = this.shown.value;
    // Overwriting the one before saves making room, which takes as long as the counting.
    this.lastGrid = tile === null ? undefined : this.rebinned(tile, this.lastGrid);
    return this.lastGrid ?? null;
  });
  private lastGrid: Grid | undefined;

  /** Zeros have a band of their own beside a panel; a strip has no room for one. */
  get zerosApart(): boolean {
    return this.row.expanded.value && !settings.zerosInside.value;
  }

  private rebinned(tile: Tile, reuse?: Grid): Grid {
    const grid = rebin(tile, this.edges.value, reuse);
    // Only numbers that are tiny but not zero are left in the row at 0.
    if (this.zerosApart && tile.source === "blocks") takeZeros(grid, tile.columns.zeros);
    return grid;
  }

  private readonly edges = computed(() =>
    this.scale.value.edges(rowsOf(this.scale.value, this.row.bins.value)),
  );

  /** Colours are chosen on the whole series, so that zooming over time does not change them. */
  readonly extent = computed(() => this.extentBy(cellExtent));
  readonly innerExtent = computed(() => this.extentBy(contrastExtent));

  private extentBy(measure: typeof cellExtent): CellExtent {
    const tile = this.tile.value;
    const whole = this.whole.value;
    if (tile === null || whole === null) return { least: 0, most: 0 };
    return measure(whole, tile.columns, settings.quantity.value);
  }

  /** The grid of the whole series. */
  readonly whole = computed(() => {
    const tile = this.tile.value;
    if (tile === null) return null;
    return this.shown.value === tile ? this.grid.value : this.rebinned(tile);
  });

  readonly colouring = computed<Colouring>(() => {
    const scope = colourScope();
    if (scope === "row") return this.row.colouring.value;
    if (scope === "all") return sharedColouring.value;
    return colouringOf([this], this.limits.value);
  });
  /** The same object while it stays the same, so that others' limits recolour nothing here. */
  readonly limits = computed(() => limitsOf(this.scaleOwner));
  readonly highlighted = computed(() => colourUnder(this.scaleOwner));

  get scaleOwner(): string {
    return scaleOwner(this.row.id, this.id);
  }

  readonly colours = computed(() => this.colouring.value.scale);

  /** Occupied cells of the whole series beyond the ends of the colour scale. */
  readonly saturated = computed(() => {
    const tile = this.tile.value;
    const whole = this.whole.value;
    return tile === null || whole === null ? null : saturation(whole, tile.columns, this.colours.value);
  });
}

export class RowModel {
  readonly series: Signal<Series>;

  constructor(
    readonly id: string,
    series: Series,
  ) {
    this.series = signal(series);
  }

  /** Panels of the shown runs that have this layer, in the order of the runs. */
  readonly panels = computed<readonly PanelModel[]>(() => {
    const used = this.series.value.runs;
    return runs.value.filter((run) => used.includes(run.at)).map((run) => panelOf(run.name, this));
  });

  readonly expanded = computed(() => isExpanded(this.id) || settings.full.value === this.id);

  /** Rows of the heatmap; linear axes take up to a half less, so that no stored bin is cut. */
  readonly bins = computed(() => {
    if (!this.expanded.value) return strip_px.value;
    if (settings.heatmapRows.value > 0) return settings.heatmapRows.value;
    return panelHeight_px.value >= 200 ? 160 : 96;
  });

  readonly tiles = computed(() => this.panels.value.flatMap((panel) => panel.tile.value ?? []));
  /** Without any finite value an axis and its colours would be made up. */
  readonly isFinite = computed(() => this.tiles.value.some((tile) => tile.range !== null));
  readonly fullScale = computed<ValueScale>(() => chooseScale(this.tiles.value, this.bins.value));
  private readonly limits = computed(() => limitsOf(scaleOwner(this.id)));
  readonly colouring = computed(() => colouringOf(this.panels.value, this.limits.value));
  readonly colours = computed(() => this.colouring.value.scale);

  /** Bands that hold anything in any of the panels, so that panels of a row stay aligned. */
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
    if (!this.expanded.value)
      return { ...STRIP_LAYOUT, heatHeight_px: strip_px.value, height_px: strip_px.value };
    return placeParts(this.bands.value, panelHeight_px.value, settings.strip.value !== "none");
  });
}

const rows = new Map<string, RowModel>();
const panels = new Map<string, PanelModel>();
/** Grows with each new panel, so that what depends on all of them is worked out again. */
const panelCount = signal(0);

export function panelId(run: string, rowId: string): string {
  return `${run}\n${rowId}`;
}

export function rowOf(series: Series): RowModel {
  const id = seriesId(series);
  let row = rows.get(id);
  if (row === undefined) {
    row = new RowModel(id, series);
    rows.set(id, row);
  }
  if (row.series.peek() !== series) row.series.value = series;
  return row;
}

function panelOf(run: string, row: RowModel): PanelModel {
  const id = panelId(run, row.id);
  let panel = panels.get(id);
  if (panel === undefined) {
    panel = new PanelModel(run, row);
    panels.set(id, panel);
    queueMicrotask(() => {
      panelCount.value = panels.size;
    });
  }
  return panel;
}

export function findPanel(id: string): PanelModel | undefined {
  return panels.get(id);
}

/** Those panels of the shown layers and runs that were on the screen so far. */
export const knownPanels = computed<readonly PanelModel[]>(() => {
  void panelCount.value;
  return layers.value.flatMap((series) => rows.get(seriesId(series))?.panels.value ?? []);
});

const sharedColouring = computed(() => colouringOf(knownPanels.value, limitsOf("")));

let lastAxis: StepAxis | null = null;

/** The whole time axis, over all shown runs; the same object while it is, or all panels were drawn with each tile. */
export const fullAxis: ReadonlySignal<StepAxis> = computed(() => {
  const kind = settings.time.value;
  const known = knownPanels.value.map((panel) => panel.span.value).filter((spans) => spans !== null);
  const [lo, hi] = joinSpans([...new Set(known)]) ?? [0, 1];
  if (lastAxis?.kind !== kind || lastAxis.lo !== lo || lastAxis.hi !== hi)
    lastAxis = new StepAxis(kind, lo, hi);
  return lastAxis;
});

/** One clock for each run that has a place on the axis, for scalars, which belong to no layer. */
export const clocks = computed<ReadonlyMap<string, RunClock>>(() => {
  const found = new Map<string, RunClock>();
  for (const panel of knownPanels.value) {
    const clock = panel.clock.value;
    if (clock !== null && panel.span.value?.start.length && !found.has(panel.run))
      found.set(panel.run, clock);
  }
  return found;
});

/** Which panels share one value axis; a difference needs the same rows in both runs. */
export function axisScope(): settings.Scope {
  if (!settings.linked.value) return "panel";
  const chosen = settings.axisScope.value;
  return chosen === "panel" && settings.difference.value ? "row" : chosen;
}

export const allTiles = computed(() => knownPanels.value.flatMap((panel) => panel.tile.value ?? []));

const sharedAxis = computed(() => zoomedTo(fullAxis.value, zoomX.value.get("")));
export const sharedLiveAxis = computed(() => zoomedTo(fullAxis.value, liveX.value.get("")));

function zoomedTo<Axis extends { withRange(lo: number, hi: number): Axis }>(
  axis: Axis,
  part: Interval | undefined,
): Axis {
  return part === undefined ? axis : axis.withRange(...part);
}

function spansOf(tile: Tile | null, clock: RunClock | null): Spans | null {
  return tile === null || clock === null ? null : placeColumns(tile, settings.time.value, clock);
}
