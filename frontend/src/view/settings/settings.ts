/** Everything a reader can choose. Keys are part of shared links: never reuse one for something else. */

import type { Curve, Quantity } from "../../math/normalise";
import type { AxisKind } from "../../math/step_axis";
import { COLORMAPS, type ColormapName } from "../../paint/colormap";
import {
  choice,
  choices,
  flag,
  integer,
  interval,
  keyed,
  type Limits,
  limits,
  optional,
  text,
  texts,
} from "./codec";
import { setting } from "./setting";

export const LAYOUTS = ["auto", "strips", "panels"] as const;
export const SORTS = ["model", "name", "health", "change", "difference"] as const;
export const TIMES = [
  "step",
  "log_step",
  "relative",
  "epoch",
  "wall",
  "share",
] as const satisfies readonly AxisKind[];
export const SCALES = ["auto", "linear", "symlog", "native"] as const;
export const AXIS_SCOPES = ["row", "panel", "all"] as const;
export const RANGES = ["auto", "full", "manual"] as const;
export const QUANTITIES = ["share", "count", "density", "peak"] as const satisfies readonly Quantity[];
export const SCOPES = ["row", "panel", "all"] as const;
export const CURVES = ["linear", "sqrt", "log"] as const satisfies readonly Curve[];
export const CONTRASTS = ["full", "auto"] as const;
export const OVERLAYS = ["mean", "std", "percentiles"] as const;
export const STRIPS = ["none", "near_zero", "zero", "saturated", "change", "distance"] as const;
export const SLICES = ["overlaid", "offset", "cumulative"] as const;
export const COMPARES = ["none", "difference"] as const;
export const DENSITIES = ["compact", "normal", "large"] as const;

export type Layout = (typeof LAYOUTS)[number];
export type Sort = (typeof SORTS)[number];
export type Range = (typeof RANGES)[number];
export type Scale = (typeof SCALES)[number];
export type Scope = (typeof SCOPES)[number];
export type Overlay = (typeof OVERLAYS)[number];
export type Strip = (typeof STRIPS)[number];
export type Density = (typeof DENSITIES)[number];

/** What is shown. `runs`: null takes the first few, and new ones as they come. */
export const runs = setting<readonly string[] | null>("runs", null, optional(texts));
export const filter = setting("q", "", text);
export const kind = setting("kind", "", text);
export const phase = setting("phase", "", text);
export const types = setting<readonly string[]>("types", [], texts);

/** Rows and their order. `toggled`: rows that are not as the layout would have them. */
export const layout = setting<Layout>("layout", "auto", choice(LAYOUTS));
export const sort = setting<Sort>("sort", "model", choice(SORTS));
export const folded = setting<readonly string[]>("fold", [], texts);
export const toggled = setting<readonly string[]>("open", [], texts);
/** Runs as rows, layers as columns. */
export const transposed = setting("t", false, flag);
export const pinnedLayers = setting<readonly string[]>("pins", [], texts);
export const full = setting("full", "", text);

/** Axes. */
export const time = setting<AxisKind>("x", "step", choice(TIMES));
export const scale = setting<Scale>("y", "auto", choice(SCALES));
/** Which panels share one value axis: those of a layer, none, or all. */
export const axisScope = setting<(typeof AXIS_SCOPES)[number]>("yof", "row", choice(AXIS_SCOPES));
export const range = setting<Range>("range", "auto", choice(RANGES));
export const manualRange = setting<readonly [number, number]>("yrange", [-1, 1], interval);
export const bins = setting("bins", 0, integer(0, 512));
export const zerosInside = setting("zeros", false, flag);
export const linked = setting("linked", true, flag);

/** Colour. `scope`: which panels share one colour scale. */
export const quantity = setting<Quantity>("unit", "share", choice(QUANTITIES));
export const curve = setting<Curve>("color", "log", choice(CURVES));
export const scope = setting<Scope>("same", "row", choice(SCOPES));
export const colormap = setting<ColormapName>("map", "viridis", choice(COLORMAPS));
export const contrast = setting<(typeof CONTRASTS)[number]>("contrast", "full", choice(CONTRASTS));
/** Ends of colour scales that were set by hand; view/panel/contrast.ts has their keys. */
export const colourLimits = setting<ReadonlyMap<string, Limits>>("limits", new Map(), keyed(limits));
export const emptyColoured = setting("empty", false, flag);

/** On and beside the heatmaps. */
export const overlays = setting<readonly Overlay[]>("lines", [], choices(OVERLAYS));
export const strip = setting<Strip>("strip", "none", choice(STRIPS));
export const scalars = setting<readonly string[] | null>("scalars", null, optional(texts));
export const marks = setting("marks", true, flag);

/** The histogram of one step. `pinned`: null follows the newest step; else a place on the time axis. */
export const pinned = setting<number | null>("step", null, optional(number()));
export const sliceMode = setting<(typeof SLICES)[number]>("slice", "overlaid", choice(SLICES));
export const sliceLog = setting("slicelog", false, flag);

/** Comparison against one run. */
export const baseline = setting("base", "", text);
export const compare = setting<(typeof COMPARES)[number]>("cmp", "none", choice(COMPARES));

/** Sizes, CSS px; 0: as the density has it. */
export const density = setting<Density>("density", "normal", choice(DENSITIES));
export const panelWidth_px = setting("w", 0, integer(0, 4000));
export const panelHeight_px = setting("h", 0, integer(0, 1200));

function number(): { parse(value: string): number | undefined; format(value: number): string } {
  return {
    parse: (value) => (value !== "" && Number.isFinite(Number(value)) ? Number(value) : undefined),
    format: (value) => String(Number(value.toPrecision(12))),
  };
}
