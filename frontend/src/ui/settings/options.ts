/** What the choices are called, in the settings pane and among the commands. */

import type { Curve, Quantity } from "../../math/normalise";
import type { AxisKind } from "../../math/step_axis";
import * as settings from "../../view/settings/settings";
import { type Option, toOptions } from "../widgets/controls";

export const SCALES: readonly Option<settings.Scale>[] = [
  { value: "auto", label: "auto" },
  { value: "linear", label: "linear" },
  { value: "symlog", label: "symlog" },
  { value: "native", label: "native bins" },
];

export const QUANTITIES: readonly Option<Quantity>[] = [
  { value: "share", label: "share of step" },
  { value: "peak", label: "share of peak" },
  { value: "density", label: "density" },
  { value: "count", label: "count" },
];

export const CURVES: readonly Option<Curve>[] = [
  { value: "linear", label: "linear" },
  { value: "sqrt", label: "sqrt" },
  { value: "log", label: "log" },
];

export const TIMES: readonly Option<AxisKind>[] = [
  { value: "step", label: "step" },
  { value: "log_step", label: "step (log)" },
  { value: "epoch", label: "epoch" },
  { value: "relative", label: "relative time" },
  { value: "wall", label: "clock time" },
  { value: "share", label: "share of run" },
];

export const SORTS = toOptions(settings.SORTS, {
  model: "as in the model",
  name: "by name",
  health: "worst health first",
  change: "most change first",
  difference: "runs most different first",
});

export const SCOPES = toOptions(settings.SCOPES, {
  row: "for the runs of a layer",
  panel: "for each panel alone",
  all: "for everything",
});

export const RANGES = toOptions(settings.RANGES, { auto: "auto (central 99.9 %)", full: "all values" });

export const CONTRASTS = toOptions(settings.CONTRASTS, { full: "all cells", auto: "auto (0.5–99.5 %)" });

export const STRIPS = toOptions(settings.STRIPS, {
  near_zero: "near zero",
  zero: "exactly zero",
  change: "change since the column before",
  distance: "distance to the baseline",
});

export const BINS: readonly Option<string>[] = [
  { value: "0", label: "auto" },
  ...["16", "32", "64", "128", "256", "512"].map((value) => ({ value, label: value })),
];

export const OVERLAYS = [
  { value: "mean", label: "Mean", tip: "Mean of each step, exact" },
  { value: "std", label: "Mean ± standard deviation", tip: "Exact, from sums kept at every step" },
  {
    value: "percentiles",
    label: "Percentiles 5, 25, 50, 75, 95",
    tip: "Median solid, quartiles dashed, 5 and 95 dotted",
  },
] as const;

/** The items with one more, or without it. */
export function toggled<T>(items: readonly T[], item: T): readonly T[] {
  return items.includes(item) ? items.filter((other) => other !== item) : [...items, item];
}
