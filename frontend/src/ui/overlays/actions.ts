/** Everything that the command palette can do, as it stands when the palette is opened. */

import { COLORMAPS } from "../../paint/colormap";
import { seriesId } from "../../series/series_id";
import { sorted } from "../../view/findings/findings";
import { baselineRun } from "../../view/panel/compare";
import type { LayerView } from "../../view/panel/layer_view";
import { epochs } from "../../view/panel/panel_times";
import { movePin, pinAt, pinFirst } from "../../view/screen/pin";
import { showFinding, showLayer } from "../../view/screen/reveal";
import { findPanel, visible } from "../../view/screen/views";
import * as selection from "../../view/selection/selection";
import { layersToTree } from "../../view/selection/tree";
import type { Setting } from "../../view/settings/setting";
import * as settings from "../../view/settings/settings";
import {
  type Cursor,
  canGoBack,
  chooseRange,
  chooseTime,
  goBack,
  resetZoom,
  zoomed,
} from "../../view/settings/zoom";
import { copyCell } from "../input/copy_cell";
import { helpOpen } from "../input/keys";
import * as options from "../settings/options";
import { paneOpen } from "../settings/pane_state";
import { type Option, toOptions } from "../widgets/controls";
import { say } from "../widgets/toast";
import { copyLink, FORMATS, saveRow } from "./save";
import { tableOf } from "./table";

export interface Action {
  readonly name: string;
  /** A key that does the same, or what kind of thing it is. */
  readonly hint?: string;
  /** In force already. */
  readonly current?: boolean;
  run(): void;
}

/** `at`: where the crosshair was before the palette covered the page. */
export function listActions(at: Cursor | null): readonly Action[] {
  const row = rowInSight(at);
  return [
    ...commands(at),
    ...(row === undefined ? [] : rowActions(row)),
    ...switches(),
    ...choices(),
    ...runActions(),
    ...layerActions(),
    ...sorted.peek().map((finding) => ({
      name: `Go to finding: ${finding.title}`,
      hint: `${finding.severity}, ${finding.run}`,
      run: () => showFinding(finding),
    })),
  ];
}

function commands(at: Cursor | null): readonly Action[] {
  const possible: (Action | false)[] = [
    zoomed.peek() && { name: "Reset zoom", hint: "0", run: resetZoom },
    canGoBack.peek() && { name: "Back to the zoom before", hint: "Z", run: goBack },
    settings.colourLimits.peek().size > 0 && {
      name: "Reset limits of colours",
      run: settings.colourLimits.reset,
    },
    {
      name: "Filter layers",
      hint: "/",
      run: () => document.getElementById("layer-filter")?.focus(),
    },
    at !== null && { name: "Copy readout", hint: "C", run: () => void copyCell(false, at) },
    at !== null && { name: "Copy cell as TSV", hint: "Shift C", run: () => void copyCell(true, at) },
    { name: "Copy link to this view", run: () => void copyLink().then(say) },
    { name: "Fold all groups", run: () => fold(groupPaths()) },
    { name: "Unfold all groups", run: () => fold([]) },
    { name: "Pin the first step", hint: "Home", run: pinFirst },
    { name: "Pin the step before", hint: "←", run: () => movePin(-1) },
    { name: "Follow the newest step", hint: "End", run: () => pinAt(null) },
    { name: "Settings", run: () => toggle(paneOpen) },
    { name: "Keys and gestures", hint: "?", run: () => toggle(helpOpen) },
  ];
  return possible.filter((action) => action !== false);
}

function fold(paths: readonly string[]): void {
  settings.folded.value = paths;
}

function groupPaths(): readonly string[] {
  const rows = layersToTree(selection.layers.peek(), new Set());
  return rows.flatMap((row) => (row.kind === "group" ? [row.path] : []));
}

function toggle(state: { value: boolean }): void {
  state.value = !state.value;
}

/** The row of the crosshair, or the only one shown, or the first one on the screen. */
function rowInSight(at: Cursor | null): LayerView | undefined {
  const shown = visible.peek();
  const full = shown.find((panel) => panel.layer.id === settings.full.peek());
  return ((at === null ? undefined : findPanel(at.panelId)) ?? full ?? shown[0])?.layer;
}

function rowActions(row: LayerView): readonly Action[] {
  const { layer } = row.series.peek();
  const full = settings.full.peek() === row.id;
  return [
    ...FORMATS.map(({ format, label }) => ({
      name: `Save ${layer}: ${label}`,
      run: () => void saveRow(row, format).then(say),
    })),
    {
      name: `Table of ${layer}`,
      run: () => {
        tableOf.value = row;
      },
    },
    {
      name: full ? "Show all layers again" : `Show only ${layer}, large`,
      ...(full ? { hint: "Esc" } : {}),
      run: () => {
        settings.full.value = full ? "" : row.id;
      },
    },
    { name: `Keep ${layer} at the top`, run: () => selection.togglePinnedLayer(row.series.peek()) },
  ];
}

function switches(): readonly Action[] {
  const differs = settings.compare.peek() === "difference";
  return [
    flag("Link axes and colours", settings.linked, "L"),
    flag("Transpose: layers as columns", settings.transposed),
    flag("Colour empty cells", settings.emptyColoured),
    flag("Zeros inside the heatmap too", settings.zerosInside),
    flag("Log shares in the step histogram", settings.sliceLog),
    ...options.OVERLAYS.map(({ value, label }) => ({
      name: `Line: ${label}`,
      current: settings.overlays.peek().includes(value),
      run: () => {
        settings.overlays.value = options.toggled(settings.overlays.peek(), value);
      },
    })),
    {
      name: "Show differences to the baseline",
      current: differs,
      run: () => {
        settings.compare.value = differs ? "none" : "difference";
      },
    },
  ];
}

function flag(name: string, setting: Setting<boolean>, hint?: string): Action {
  return { name, ...(hint ? { hint } : {}), current: setting.peek(), run: () => toggle(setting) };
}

/** What panels have in common, while they are linked. */
function sharings(): readonly Action[] {
  return [
    ...choose("Same value axis", settings.axisScope, options.SCOPES),
    ...choose("Same colour scale", settings.scope, options.SCOPES),
  ];
}

function choices(): readonly Action[] {
  const times = options.TIMES.filter(({ value }) => value !== "epoch" || epochs.peek().size > 0);
  return [
    ...choose("Values", settings.scale, options.SCALES),
    ...choose("Value range", settings.range, options.RANGES, chooseRange),
    ...choose("Time", settings.time, times, chooseTime),
    ...choose("Colour", settings.quantity, options.QUANTITIES),
    ...choose("Colour as", settings.curve, options.CURVES),
    ...choose("Colour map", settings.colormap, toOptions(COLORMAPS)),
    ...choose("Contrast", settings.contrast, options.CONTRASTS),
    ...(settings.linked.peek() ? sharings() : []),
    ...choose("Sort layers", settings.sort, options.SORTS),
    ...choose("Strip below", settings.strip, options.STRIPS),
    ...choose("Step histogram", settings.sliceMode, toOptions(settings.SLICES)),
    ...choose("Density", settings.density, toOptions(settings.DENSITIES), (value) => {
      settings.density.value = value;
      settings.panelHeight_px.reset();
    }),
    ...options.BINS.map(({ value, label }) => ({
      name: `Bins: ${label}`,
      current: settings.bins.peek() === Number(value),
      run: () => {
        settings.bins.value = Number(value);
      },
    })),
    ...(["strips", "panels"] as const).map((value) => ({
      name: `Layout: ${value}`,
      current: selection.layout.peek() === value,
      run: () => {
        settings.layout.value = value;
        settings.toggled.value = [];
      },
    })),
  ];
}

/** `take`: how the choice is made in its usual place, where that does more than set it. */
function choose<T extends string>(
  name: string,
  setting: Setting<T>,
  offered: readonly Option<T>[],
  take = (value: T) => {
    setting.value = value;
  },
): readonly Action[] {
  return offered.map(({ value, label }) => ({
    name: `${name}: ${label}`,
    current: setting.peek() === value,
    run: () => take(value),
  }));
}

function runActions(): readonly Action[] {
  const shown = selection.runs.peek().map((run) => run.name);
  const all = selection.runsWithData.peek().map((run) => run.name);
  if (all.length < 2) return [];
  return all.flatMap((name) => [
    {
      name: `Run: show or hide ${name}`,
      current: shown.includes(name),
      run: () => {
        settings.runs.value = options.toggled(shown, name);
      },
    },
    { name: `Run: only ${name}`, run: () => selection.soloRun(name) },
    {
      name: `Baseline: ${name}`,
      current: baselineRun() === name,
      run: () => {
        settings.baseline.value = name;
      },
    },
  ]);
}

function layerActions(): readonly Action[] {
  return selection.allLayers.peek().map((series) => ({
    name: `Go to ${series.layer}`,
    hint: series.type || "layer",
    current: settings.full.peek() === seriesId(series),
    run: () => showLayer(series),
  }));
}
