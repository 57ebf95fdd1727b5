/** The settings of rows, zoom and step: those that are set at the heatmaps themselves. */

import { type Interval, interval, keyed, number, optional, text, texts } from "./codec";
import { SettingGroup, type Value } from "./setting";

const rows = new SettingGroup("Rows, zoom and step");
export const layout = rows.choice("layout", "auto", {
  label: "Layout",
  tip: "Initial height of the layers; auto uses the overview if there are many layers",
  labels: {
    auto: "auto",
    strips: "overview, one thin strip per layer",
    panels: "panels, every layer with its axes",
  },
});
export const transposed = rows.choice("transposed", "auto", {
  label: "Transpose",
  tip: "Layers as rows with the runs side by side, or layers as columns with the runs as rows. Auto: as columns where more than six runs are shown and they are more than the layers",
  labels: { auto: "auto", 0: "layers as rows", 1: "layers as columns" },
});
/** Layers that are not as the layout would have them. */
export const toggled = rows.own<readonly string[]>("toggled", [], texts, {
  label: "Open or close this layer",
  tip: "Click its name",
});
export const folded = rows.own<readonly string[]>("folded", [], texts, {
  label: "Fold all groups",
  tip: "Click an arrow to fold one",
});
/** "symlog" or "linear", a space and the layer: of those whose value axis was switched by its name. */
export const ownScales = rows.own<readonly string[]>("ownScales", [], texts, {
  label: "Switch the value axis of this layer",
  tip: "Click the word at the axis: linear or symlog",
});
export const pinnedLayers = rows.own<readonly string[]>("pinnedLayers", [], texts, {
  label: "Keep this layer at the top",
  tip: "Click the pin of the layer",
});
export const full = rows.own("full", "", text, {
  label: "Show only this layer, enlarged",
  tip: "Click the arrows of the layer",
});
/** Layers that were recorded with `split` and show their units in place of their histograms. */
export const units = rows.own<readonly string[]>("units", [], texts, {
  label: "Show the units of this layer",
  tip: "Click the word at a panel of a layer that was recorded with split",
});
export const unitStatistic = rows.choice("unitStatistic", "auto", {
  label: "Statistic of the units",
  tip: "What colours the units. Auto: share of zeros, else root mean square",
  labels: {
    auto: "auto",
    zero_share: "share of zeros",
    mean: "mean",
    std: "standard deviation",
    abs_max: "largest |x|",
    rms: "root mean square",
    min: "smallest value",
    max: "largest value",
  },
});
export const unitsSorted = rows.flag("unitsSorted", {
  label: "Sort the units",
  tip: "The unit with the largest value at the last step comes first; else they stand by number",
});
/** A place on the time axis; null follows the newest step. */
export const pinned = rows.own<number | null>("pinned", null, optional(number), {
  label: "Pin a step",
  tip: "Click a heatmap, or type the step",
});

/** Run, kind, tag and first step of the finding that is explained; empty for none. */
export const incident = rows.own<readonly string[]>("incident", [], texts, {
  label: "Explain a finding",
  tip: "Click a badge, a mark or an entry in the list of findings",
});

/** Zoomed intervals by what they belong to: a panel, a row, or "" for the axis that all share. */
export type Zooms = ReadonlyMap<string, Interval>;
export const NO_ZOOM: Zooms = new Map();
/** Where the zoom rests; sharp pictures and requests follow it. */
export const zoomX = rows.own<Zooms>("zoomX", NO_ZOOM, keyed(interval), {
  label: "Zoom in on the steps",
  tip: "Drag over a heatmap",
});
export const zoomY = rows.own<Zooms>("zoomY", NO_ZOOM, keyed(interval), {
  label: "Zoom in on the values",
  tip: "Drag up or down",
});

export type Layout = Value<typeof layout>;
