/**
 * The table of everything that a reader can choose. An entry here is a signal, a key of the URL, a control, commands
 * and a line of docs/page.md at once; what the page offers of it at a time is in ui/settings/offers.ts.
 *
 * Names are part of shared links: never reuse one for something else, and list a name that changes in former_keys.ts.
 */

import type { Curve, Quantity } from "../../math/normalise";
import type { AxisKind } from "../../math/step_axis";
import { COLORMAPS, type ColormapName } from "../../paint/colormap";
import {
  type Interval,
  integer,
  interval,
  keyed,
  type Limits,
  limits,
  number,
  choice as oneOf,
  optional,
  text,
  texts,
} from "./codec";
import { amount, choice, choiceOf, choiceOfData, flag, listOf, listOfData, own, type Value } from "./setting";

const SCOPES = {
  row: "for the runs of a layer",
  panel: "for each panel alone",
  all: "for everything",
} as const;

/** null takes the first few, and new ones as they come. */
export const runs = listOfData<readonly string[] | null>("runs", null, optional(texts), {
  label: "Runs",
  tip: "Choose which runs stand side by side",
  group: "What is shown",
});
export const filter = own("filter", "", text, {
  label: "Filter layers",
  tip: "Words that must occur in a layer's name, or a /regular expression/",
  group: "What is shown",
});
export const kind = choiceOfData("kind", {
  label: "Kind",
  tip: "What the histograms are of",
  group: "What is shown",
  options: {
    activations: "activations",
    gradients: "gradients",
    weights: "weights",
    weight_gradients: "weight gradients",
    updates: "updates",
    histograms: "other histograms",
  },
});
export const phase = choiceOfData("phase", {
  label: "Phase",
  tip: "Training or evaluation",
  group: "What is shown",
});

export const time = choice<AxisKind>("time", "step", {
  label: "Time",
  tip: "What the horizontal axis counts; runs are aligned by it",
  group: "Axes and colours",
  options: {
    step: "step",
    log_step: "step (log)",
    epoch: "epoch",
    relative: "relative time",
    wall: "clock time",
    share: "share of run",
  },
});
export const valueScale = choice("valueScale", "auto", {
  label: "Values",
  tip: "Scale of the value axis. Auto: linear, or symlog where runs differ widely in size",
  group: "Axes and colours",
  options: { auto: "auto", linear: "linear", symlog: "symlog", native: "native bins" },
});
export const quantity = choice<Quantity>("quantity", "share", {
  label: "Colour",
  tip: "What a cell's colour stands for",
  group: "Axes and colours",
  options: { share: "share of step", peak: "share of peak", density: "density", count: "count" },
});
export const curve = choice<Curve>("curve", "log", {
  label: "Curve",
  tip: "How colours are spread: log also shows rare values",
  group: "Axes and colours",
  options: { linear: "linear", sqrt: "sqrt", log: "log" },
});

export const sort = choice("sort", "model", {
  label: "Sort layers",
  tip: "How the layers are ordered",
  group: "Layers",
  options: {
    model: "as in the model",
    name: "by name",
    health: "worst health first",
    change: "most change first",
    difference: "runs most different first",
  },
});
/** None: layers of all types. */
export const types = listOfData<readonly string[]>("types", [], texts, {
  label: "Module types",
  tip: "Types of modules whose layers are shown",
  group: "Layers",
});

export const range = choice("range", "auto", {
  label: "Value range",
  tip: "Which values the axis spans. Auto: the central 99.9 % of all shown runs",
  group: "Value axis",
  options: { auto: "auto (central 99.9 %)", full: "all values", manual: "manual" },
});
export const manualRange = own<Interval>("manualRange", [-1, 1], interval, {
  label: "Manual range",
  tip: "Lowest and highest value shown",
  group: "Value axis",
});
export const axisScope = choice("axisScope", "row", {
  label: "Same axis",
  tip: "Which panels share one value axis, while they are linked",
  group: "Value axis",
  options: SCOPES,
});
/** 0: as many as there are pixels for. */
export const heatmapRows = choiceOf(
  "heatmapRows",
  0,
  integer(0, 512),
  {
    label: "Heatmap rows",
    tip: "Rows of a heatmap; counts are split in proportion where rows cut stored bins",
    group: "Value axis",
  },
  [0, 16, 32, 64, 128, 256, 512].map((value) => ({ value, label: value === 0 ? "auto" : String(value) })),
);
export const zerosInside = flag("zerosInside", {
  label: "Zeros inside the heatmap too",
  tip: "Exact zeros have a band of their own under the heatmap; this also counts them in the bin at 0",
  group: "Value axis",
});
export const linked = flag(
  "linked",
  {
    label: "Link axes and colours",
    tip: "Runs of a layer share value axis and colours, all panels the time axis",
    group: "Value axis",
    shortcut: "L",
  },
  true,
);

export const colourScope = choice("colourScope", "row", {
  label: "Same colours",
  tip: "Which panels share one colour scale, while they are linked",
  group: "Colours",
  options: SCOPES,
});
export const colormap = choiceOf<ColormapName>(
  "colormap",
  "viridis",
  oneOf(COLORMAPS),
  {
    label: "Colour map",
    tip: "Cividis looks alike with and without colour-vision deficiency",
    group: "Colours",
  },
  COLORMAPS.map((value) => ({ value, label: value })),
);
export const contrast = choice("contrast", "full", {
  label: "Contrast",
  tip: "Auto leaves 0.5 % of the occupied cells at either end of the scale in the end colours: from percentile 0.5 to 99.5",
  group: "Colours",
  options: { full: "all cells", auto: "auto (0.5–99.5 %)" },
});
/** Ends of colour scales that were set by hand; view/panel/contrast.ts has their keys. */
export const colourLimits = own<ReadonlyMap<string, Limits>>("colourLimits", new Map(), keyed(limits), {
  label: "Colour limits",
  tip: "Where colours end, for all layers or for one; the ends of a colour bar can be dragged too",
  group: "Colours",
});
export const emptyColoured = flag("emptyColoured", {
  label: "Colour empty cells",
  tip: "Paint cells without any value in the lowest colour; else they are left as background",
  group: "Colours",
});

export const overlays = listOf("overlays", {
  label: "Lines",
  tip: "Statistics of each step, drawn over the heatmaps",
  group: "On the heatmaps",
  options: {
    mean: "Mean",
    std: "Mean ± standard deviation",
    percentiles: "Percentiles 5, 25, 50, 75, 95",
  },
  tips: {
    mean: "Mean of each step, exact",
    std: "Exact, from sums kept at every step",
    percentiles: "Median solid, quartiles dashed, 5 and 95 dotted",
  },
});
export const strip = choice("strip", "none", {
  label: "Strip below",
  tip: "An area under each heatmap: shares fill 0 to 100 % of its height, distances up to the largest of the layer",
  group: "On the heatmaps",
  options: {
    none: "none",
    near_zero: "near zero",
    zero: "exactly zero",
    saturated: "saturated",
    change: "change since the column before",
    distance: "distance to the baseline",
  },
});
/** null takes the loss. */
export const scalars = listOfData<readonly string[] | null>("scalars", null, optional(texts), {
  label: "Scalars above",
  tip: "Scalars of the runs, drawn above the heatmaps",
  group: "On the heatmaps",
});

export const baseline = choiceOfData("baseline", {
  label: "Baseline",
  tip: "The run that others are compared with",
  group: "Compare",
});
export const difference = flag("difference", {
  label: "Show differences to the baseline",
  tip: "Other runs show their share minus the baseline's: red more, blue less; runs are aligned by the time axis",
  group: "Compare",
});

export const sliceMode = choice("sliceMode", "overlaid", {
  label: "Step histogram",
  tip: "How the runs' histograms of the pinned step stand to each other",
  group: "Beside the heatmaps",
  options: { overlaid: "overlaid", offset: "offset", cumulative: "cumulative" },
});
export const sliceLog = flag("sliceLog", {
  label: "Log shares in the step histogram",
  tip: "Shares of the step histogram on a log axis",
  group: "Beside the heatmaps",
});

export const density = choice("density", "normal", {
  label: "Density",
  tip: "Height of strips and panels",
  group: "Size",
  options: { compact: "compact", normal: "normal", large: "large" },
});
/** In CSS px; 0: as wide as the page allows. */
export const panelWidth_px = amount("panelWidth_px", 4000, {
  label: "Panel width",
  tip: "Width of a run's panels; double-click: as wide as the page allows",
  group: "Size",
  min: 230,
  max: 1600,
  step: 10,
});
/** In CSS px; 0: as the density has it. */
export const panelHeight_px = amount("panelHeight_px", 1200, {
  label: "Panel height",
  tip: "Height of a panel; double-click: as the density has it",
  group: "Size",
  min: 80,
  max: 600,
  step: 4,
});

export const layout = choice("layout", "auto", {
  label: "Layout",
  tip: "How tall the layers are at first; auto takes the overview where they are many",
  group: "Rows, zoom and step",
  options: {
    auto: "auto",
    strips: "overview, one thin strip per layer",
    panels: "panels, every layer with its axes",
  },
});
export const transposed = flag("transposed", {
  label: "Transpose: layers as columns",
  tip: "Runs as rows and layers as columns",
  group: "Rows, zoom and step",
});
/** Layers that are not as the layout would have them. */
export const toggled = own<readonly string[]>("toggled", [], texts, {
  label: "Open or close a layer",
  tip: "A click on a layer's name makes a panel of its strip, and back",
  group: "Rows, zoom and step",
});
export const folded = own<readonly string[]>("folded", [], texts, {
  label: "Fold groups",
  tip: "The arrow before a module's name hides its layers",
  group: "Rows, zoom and step",
});
export const pinnedLayers = own<readonly string[]>("pinnedLayers", [], texts, {
  label: "Keep layers at the top",
  tip: "The pin at a layer keeps it above all others",
  group: "Rows, zoom and step",
});
export const full = own("full", "", text, {
  label: "Show only one layer, large",
  tip: "The arrows at a layer show it alone",
  group: "Rows, zoom and step",
});
/** A place on the time axis; null follows the newest step. */
export const pinned = own<number | null>("pinned", null, optional(number), {
  label: "Pinned step",
  tip: "The step whose histograms stand beside the heatmaps: click a heatmap, or type it",
  group: "Rows, zoom and step",
});

/** Zoomed intervals by what they belong to: a panel, a row, or "" for the axis that all share. */
export type Zooms = ReadonlyMap<string, Interval>;
export const NO_ZOOM: Zooms = new Map();
/** Where the zoom rests; sharp pictures and requests follow it. */
export const zoomX = own<Zooms>("zoomX", NO_ZOOM, keyed(interval), {
  label: "Zoom of the time axis",
  tip: "Drag over a heatmap, or the ends of the bar above all panels",
  group: "Rows, zoom and step",
});
export const zoomY = own<Zooms>("zoomY", NO_ZOOM, keyed(interval), {
  label: "Zoom of the value axes",
  tip: "Drag over a heatmap with Shift, or straight up or down",
  group: "Rows, zoom and step",
});

export type Layout = Value<typeof layout>;
export type Sort = Value<typeof sort>;
export type Range = Value<typeof range>;
export type Scope = Value<typeof axisScope>;
export type Overlay = Value<typeof overlays>[number];
export type Strip = Value<typeof strip>;
