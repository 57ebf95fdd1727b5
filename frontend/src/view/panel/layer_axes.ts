/** What the axes of a layer's panels have in common, and those of one panel; they hold no counts. */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type Rows, snapRows } from "../../math/snapped_rows";
import type { StepAxis } from "../../math/step_axis";
import type { Tile } from "../../math/tile";
import type { ValueScale } from "../../math/value_scale";
import type { PanelData } from "../../series/panel_data";
import { seriesId } from "../../series/series_id";
import type { Series } from "../../series/types";
import { effectivePanelHeight_px, strip_px } from "../layout/metrics";
import { isOpen } from "../selection/selection";
import * as settings from "../settings/settings";
import { type Zooms, zoomX, zoomY } from "../settings/settings";
import { cursor, liveX, liveY } from "../settings/zoom";
import { KeptScale, ownScaleOf } from "./kept_scale";
import {
  allTiles,
  effectiveAxisScope,
  fullAxis,
  panelDataOf,
  sharedAxis,
  sharedLiveAxis,
  zoomedTo,
} from "./known_panels";
import { chooseScale, rowsOf, snap } from "./value_range";

const LOW_PX = 200;
const LOW_ROWS = 96;
const USUAL_ROWS = 160;

export class LayerAxes {
  readonly id: string;
  readonly series: Signal<Series>;

  constructor(series: Series) {
    this.id = seriesId(series);
    this.series = signal(series);
  }

  /** Of the shown runs that have this layer, in their order. */
  readonly data = computed(() => panelDataOf(this.series.value));

  readonly open = computed(() => isOpen(this.id));

  /** Rows of cells that are wanted; linear axes take up to a half less, so that no stored bin is cut. */
  readonly rows = computed(() => {
    if (!this.open.value) return strip_px.value;
    if (settings.heatmapRows.value > 0) return settings.heatmapRows.value;
    return effectivePanelHeight_px.value >= LOW_PX ? USUAL_ROWS : LOW_ROWS;
  });

  readonly tiles = computed(() => this.data.value.flatMap((panel) => panel.tile.value ?? []));
  /** Without any finite value an axis and its colours would be made up. */
  readonly isFinite = computed(() => this.tiles.value.some((tile) => tile.range !== null));
  readonly fullScale = computed<ValueScale>(() => {
    const complete = this.tiles.value.length === this.data.value.length;
    return scaleOf(this, this.kept, this.tiles.value, complete);
  });
  private readonly kept = new KeptScale();
}

/** The kind that the user chose for the layer, or else the one that is kept. */
function scaleOf(
  { id, rows }: LayerAxes,
  kept: KeptScale,
  tiles: readonly Tile[],
  complete: boolean,
): ValueScale {
  const own = ownScaleOf(id);
  return own === undefined ? kept.choose(tiles, complete, rows.value) : chooseScale(tiles, rows.value, own);
}

/** Where all panels have one axis. */
const keptByAll = new KeptScale();

export class PanelAxes {
  readonly id: string;
  readonly run: string;

  constructor(
    readonly data: PanelData,
    readonly layer: LayerAxes,
  ) {
    this.id = data.id;
    this.run = data.run;
  }

  /** Which zoom of the time axis it follows; a strip shows no axis, so that it has none of its own. */
  get keyX(): string {
    return settings.linked.value || !this.layer.open.value ? "" : this.id;
  }

  get keyY(): string {
    return { panel: this.id, row: this.layer.id, all: "" }[effectiveAxisScope()];
  }

  readonly liveAxis = this.axisAt(liveX, sharedLiveAxis);
  readonly axis = this.axisAt(zoomX, sharedAxis);

  /**
   * Linked panels have one axis object between them, so that its ticks are worked out once. Newer columns of others
   * do not move that of a panel that still waits for its own, and so is drawn once.
   */
  private axisAt(zooms: ReadonlySignal<Zooms>, shared: ReadonlySignal<StepAxis>): ReadonlySignal<StepAxis> {
    let axis: StepAxis;
    let known: Zooms;
    return computed(() => {
      const isKnown = zooms.value === known && axis.kind === settings.time.value;
      if (isKnown && this.data.awaited.value) return axis;
      known = zooms.value;
      axis = this.ownAxis(known) ?? shared.value;
      return axis;
    });
  }

  /** An unlinked panel shows what all do until it is zoomed itself. */
  private ownAxis(zooms: Zooms): StepAxis | undefined {
    const part = this.keyX === "" ? undefined : zooms.get(this.keyX);
    return part && zoomedTo(fullAxis.value, part);
  }

  readonly fullScale = computed(() => {
    const scope = effectiveAxisScope();
    if (scope === "row") return this.layer.fullScale.value;
    if (scope === "all") return keptByAll.choose(allTiles.value, true, this.layer.rows.value);
    const tile = this.data.tile.value;
    return scaleOf(this.layer, this.kept, tile === null ? [] : [tile], tile !== null);
  });
  private readonly kept = new KeptScale();

  readonly scale: ReadonlySignal<ValueScale> = computed(() => {
    const full = this.fullScale.value;
    const part = zoomY.value.get(this.keyY);
    return zoomedTo(full, part && snap(full, ...part, this.layer.rows.value));
  });

  /** Exactly what is wanted while a gesture moves it, the nearest rows when it rests. */
  readonly liveScale: ReadonlySignal<ValueScale> = computed(() => {
    const part = liveY.value.get(this.keyY);
    return part === zoomY.value.get(this.keyY) ? this.scale.value : zoomedTo(this.fullScale.value, part);
  });

  /** Edges of rows of equal height, which may cut stored bins. */
  readonly evenEdges = computed(() =>
    this.scale.value.edges(rowsOf(this.scale.value, this.layer.rows.value)),
  );

  /** The rows of cells. */
  readonly rows: ReadonlySignal<Rows> = computed(() => {
    const peers = this.peers();
    const [first = this] = peers;
    if (first !== this) return first.rows.value;
    const even = this.evenEdges.value;
    if (this.scale.value.kind === "native") return { edges: even, places: null, heights: null };
    return snapRows(
      this.scale.value,
      even,
      peers.flatMap((panel) => panel.binned() ?? []),
    );
  });

  /** Panels that have their rows in common. */
  protected peers(): readonly PanelAxes[] {
    return [this];
  }

  /** The tile whose bins the rows leave whole. */
  binned(): Tile | null {
    return this.data.tile.value;
  }

  /** Whether its value axis stands for anything. */
  get hasAxis(): boolean {
    return effectiveAxisScope() === "panel"
      ? (this.data.tile.value?.range ?? null) !== null
      : this.layer.isFinite.value;
  }

  /** Zeros have a band of their own beside a panel; a strip has no room for one. */
  get zerosApart(): boolean {
    return this.layer.open.value && !settings.zerosInside.value;
  }

  /** Height of the crosshair on the value axis, in all panels that are read by it; null where it is not. */
  readonly crossFraction = computed(() => {
    const at = cursor.value;
    if (at === null || at.value === null) return null;
    if (at.rowId !== this.layer.id && effectiveAxisScope() !== "all") return null;
    const share = this.liveScale.value.valueToFraction(at.value);
    return share < 0 || share > 1 ? null : share;
  });
}
