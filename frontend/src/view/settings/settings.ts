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
  choice as oneOf,
  optional,
  text,
  texts,
} from "./codec";
import { SettingGroup, type Value } from "./setting";

export * from "./row_settings";

const SCOPES = {
  row: "for the runs of a layer",
  panel: "for each panel alone",
  all: "for everything",
} as const;

const shown = new SettingGroup("What is shown");
/** null takes the first few, and new ones as they come. */
export const runs = shown.listOf<readonly string[] | null>("runs", null, optional(texts), {
  label: "Runs",
  tip: "Choose which runs are shown side by side",
});
export const filter = shown.own("filter", "", text, {
  label: "Filter layers",
  tip: "Words that must occur in a layer's name, or a /regular expression/",
});
export const sort = shown.choice("sort", "model", {
  label: "Sort layers",
  tip: "How the layers are ordered",
  labels: {
    model: "model order",
    name: "name",
    health: "worst health first",
    change: "most change first",
    difference: "runs most different first",
  },
});
export const kind = shown.choiceOfData("kind", {
  label: "Kind",
  tip: "What the histograms are of",
});
export const phase = shown.choiceOfData("phase", {
  label: "Phase",
  tip: "Training or evaluation",
});
export const view = shown.choice("view", "auto", {
  label: "View",
  tip: "Panels of a few runs, a board of all runs, or all layers of one step by depth. Auto: the board if there are more than six runs and none was chosen",
  labels: { auto: "auto", panels: "Panels", board: "Board", depth: "Depth" },
});
/** "": as many layers as read well; "all", or a place as view/profile/places.ts names it. */
export const depthPlace = shown.own("depthPlace", "", text, {
  label: "Layers by depth",
  tip: "Follow one place of every block, or all layers",
});

const board = new SettingGroup("Board");
export const boardFilter = board.own("boardFilter", "", text, {
  label: "Filter runs",
  tip: "Words of a run's name, a /regular expression/, or conditions on columns, such as lr=1 loss<0.5 worst=sick",
});
export const boardGroup = board.choiceOfData("boardGroup", {
  label: "Group runs by",
  tip: "Groups runs with equal values of this column under a summary line",
});
/** A column's id, after "-" for the largest first. */
export const boardSort = board.choiceOfData("boardSort", {
  label: "Sort runs",
  tip: "Click a column head to sort; click again to reverse, a third time to sort by name",
});
/** Stages of layers that are not as at first: open, or closed. */
export const boardFolds = board.own<readonly string[]>("boardFolds", [], texts, {
  label: "Unfold all stages of the board",
  tip: "Click an arrow to unfold one",
});
/** Names of the folded groups of runs, such as "lr=1". */
export const boardFoldedGroups = board.own<readonly string[]>("boardFoldedGroups", [], texts, {
  label: "Unfold all groups of runs",
  tip: "Click the head of a group to fold it",
});

const axes = new SettingGroup("Axes and colours");
export const time = axes.choice<AxisKind>("time", "step", {
  label: "Time",
  tip: "What the horizontal axis counts; runs are aligned by it",
  labels: {
    step: "step",
    log_step: "step (log)",
    epoch: "epoch",
    relative: "relative time",
    wall: "clock time",
    share: "share of run",
  },
});
export const valueScale = axes.choice("valueScale", "auto", {
  label: "Values",
  tip: "Scale of the value axis. Auto: linear, or symlog if runs differ widely in size",
  labels: { auto: "auto", linear: "linear", symlog: "symlog", native: "stored bins" },
});
export type ScaleChoice = Value<typeof valueScale>;
export const quantity = axes.choice<Quantity>("quantity", "share", {
  label: "Colour",
  tip: "What the colour of a cell shows",
  labels: { share: "share of step", peak: "share of peak", density: "density", count: "count" },
});
export const curve = axes.choice<Curve>("curve", "log", {
  label: "Curve",
  tip: "How colours are spread: log also shows rare values",
  labels: { linear: "linear", sqrt: "sqrt", log: "log" },
});

const layers = new SettingGroup("Layers");
/** None: layers of all types. */
export const types = layers.listOf<readonly string[]>("types", [], texts, {
  label: "Module types",
  tip: "Modules whose layers are shown",
});

const values = new SettingGroup("Value axis");
export const range = values.choice("range", "auto", {
  label: "Value range",
  tip: "Which values the axis spans. Auto: the central 99.9 % of all shown runs",
  labels: { auto: "auto (central 99.9 %)", full: "all values", manual: "manual" },
});
export const manualRange = values.own<Interval>("manualRange", [-1, 1], interval, {
  label: "Manual range",
  tip: "Lowest and highest value shown",
});
export const axisScope = values.choice("axisScope", "row", {
  label: "Same axis",
  tip: "Which panels share one value axis while axes are linked",
  labels: SCOPES,
});
/** 0: as many as there are pixels for. */
export const heatmapRows = values.choiceOf("heatmapRows", 0, integer(0, 512), {
  label: "Heatmap rows",
  tip: "Largest number of rows in a heatmap; there are fewer if stored bins are taller than a row, because rows never cut bins",
  options: [0, 16, 32, 64, 128, 256, 512].map((value) => ({ value, label: value ? `${value}` : "auto" })),
});
export const zerosInside = values.flag("zerosInside", {
  label: "Zeros inside the heatmap too",
  tip: "Exact zeros have their own band under the heatmap; this also counts them in the bin at 0",
});
export const linked = values.flag(
  "linked",
  {
    label: "Link axes and colours",
    tip: "Runs of a layer share the value axis and the colours; all panels share the time axis",
    shortcut: "L",
  },
  true,
);

const colours = new SettingGroup("Colours");
export const colourScope = colours.choice("colourScope", "row", {
  label: "Same colours",
  tip: "Which panels share one colour scale while axes are linked",
  labels: SCOPES,
});
export const colormap = colours.choiceOf<ColormapName>("colormap", "viridis", oneOf(COLORMAPS), {
  label: "Colour map",
  tip: "Cividis looks alike with and without colour-vision deficiency",
  options: COLORMAPS.map((value) => ({ value, label: value })),
});
export const contrast = colours.choice("contrast", "full", {
  label: "Contrast",
  tip: "Auto spreads the colours from percentile 0.5 to 99.5 of the occupied cells",
  labels: { full: "all cells", auto: "auto (0.5–99.5 %)" },
});
/** Ends of colour scales that were set by hand; view/panel/contrast.ts has their keys. */
export const colourLimits = colours.own<ReadonlyMap<string, Limits>>(
  "colourLimits",
  new Map(),
  keyed(limits),
  {
    label: "Colour limits",
    tip: "Values at which the colour scale ends, for all layers or for one",
  },
);
export const emptyColoured = colours.flag("emptyColoured", {
  label: "Colour empty cells",
  tip: "Paint empty cells in the lowest colour instead of the background colour",
});

const overHeatmaps = new SettingGroup("On the heatmaps");
export const overlays = overHeatmaps.list("overlays", {
  label: "Lines",
  tip: "Statistics drawn over the heatmaps",
  labels: {
    mean: "Mean",
    std: "Mean ± standard deviation",
    percentiles: "Percentiles 5, 25, 50, 75, 95",
    size: "Size: root mean square",
  },
  tips: {
    mean: "Mean of each step, exact",
    std: "Exact, from sums kept at every step",
    percentiles: "Median solid, quartiles dashed, 5 and 95 dotted",
    size: "For updates also the usual size, 10⁻³ of the weights, dashed",
  },
});
export const strip = overHeatmaps.choice("strip", "none", {
  label: "Strip below",
  tip: "An area under each heatmap. Its height is 100 % for shares, and the layer's largest value for distances",
  labels: {
    none: "none",
    near_zero: "near zero",
    zero: "exactly zero",
    saturated: "saturated",
    change: "change since the column before",
    distance: "distance to the baseline",
    lost: "lost in the number format",
  },
});
export const numberFormat = overHeatmaps.choice("numberFormat", "off", {
  label: "Number format",
  tip: "Draws the limits of a number format as lines and, in the strip below, the share of values that a cast to it would lose",
  labels: {
    off: "off",
    fp16: "fp16",
    bf16: "bf16",
    e4m3: "e4m3 (float8_e4m3fn)",
    e5m2: "e5m2 (float8_e5m2)",
  },
});
/** Exponent of a power of two; an address may have any that float32 holds. */
export const formatScale = overHeatmaps.choiceOf("formatScale", 0, integer(-126, 127), {
  label: "Scale before the cast",
  tip: "Power of two by which values are multiplied before the cast to the number format",
  options: [-16, -12, -8, -4, -2, -1, 0, 1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32].map((value) => ({
    value,
    label: value === 0 ? "1" : `2^${value}`,
  })),
});
/** null takes the loss. */
export const scalars = overHeatmaps.listOf<readonly string[] | null>("scalars", null, optional(texts), {
  label: "Scalars above",
  tip: "Scalars drawn above the heatmaps",
});
export const scalarScale = overHeatmaps.choice("scalarScale", "linear", {
  label: "Axis of scalars",
  tip: "Scale of the scalars above the heatmaps and in the timeline; log leaves out values up to 0",
  labels: { linear: "linear", log: "log" },
});
/** In hundredths. */
export const smoothing = overHeatmaps.amount("smoothing", 60, integer(0, 99), {
  label: "Smoothing of scalars",
  tip: "Moving average of the scalars, as in TensorBoard, over the pale line of what was logged",
  min: 0,
  max: 99,
  step: 1,
  show: (value) => (value / 100).toFixed(2),
});

const comparison = new SettingGroup("Compare");
export const baseline = comparison.choiceOfData("baseline", {
  label: "Baseline",
  tip: "The run that the others are compared with",
});
export const difference = comparison.flag("difference", {
  label: "Show differences to the baseline",
  tip: "The other runs show their share minus the baseline's: red for more, blue for less; runs are aligned by the time axis",
});

export const parting = comparison.choice("parting", "off", {
  label: "First difference",
  tip: "Marks where another run begins to differ from the baseline, exactly or beyond rounding, and hides equal layers",
  labels: { off: "off", exact: "exact", mass: "mass", octaves: "octaves" },
});

export const compared = comparison.choiceOfData("compared", {
  label: "Compared run",
  tip: "Run beside the baseline",
});

const besideHeatmaps = new SettingGroup("Beside the heatmaps");
export const sliceMode = besideHeatmaps.choice("sliceMode", "overlaid", {
  label: "Step histogram",
  tip: "How the runs' histograms of the pinned step are drawn",
  labels: { overlaid: "overlaid", offset: "offset", cumulative: "cumulative" },
});
export const sliceLog = besideHeatmaps.flag("sliceLog", {
  label: "Log shares in the step histogram",
  tip: "Shares of the step histogram on a log axis",
});

const sizes = new SettingGroup("Size");
function autoOrPx(value: number): string {
  return value === 0 ? "auto" : `${value} px`;
}
export const density = sizes.choice("density", "normal", {
  label: "Density",
  tip: "Height of strips and panels",
  labels: { compact: "compact", normal: "normal", large: "large" },
});
/** In CSS px; 0: as wide as the page allows. */
export const panelWidth_px = sizes.amount("panelWidth_px", 0, integer(0, 4000), {
  label: "Panel width",
  tip: "Width of a run's panels; double-click to use the full width of the page",
  min: 200,
  max: 1600,
  step: 10,
  show: autoOrPx,
});
/** In CSS px; 0: as the density has it. */
export const panelHeight_px = sizes.amount("panelHeight_px", 0, integer(0, 1200), {
  label: "Panel height",
  tip: "Height of a panel; double-click to use the height of the density",
  min: 80,
  max: 600,
  step: 4,
  show: autoOrPx,
});

export type Sort = Value<typeof sort>;
export type Range = Value<typeof range>;
export type Scope = Value<typeof axisScope>;
export type Overlay = Value<typeof overlays>[number];
export type StripContent = Value<typeof strip>;
export type SliceMode = Value<typeof sliceMode>;
