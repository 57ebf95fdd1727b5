/** What a finding measured and the limit that this passed, in plain words. */

import { formatShare, formatValue } from "../../math/format";
import type { FindingAnswer } from "../../series/types";

/** By the name of the threshold: the figures that it may limit, and what they are. */
const MEASURES: Readonly<Record<string, readonly [figures: string, words: string]>> = {
  collapsed_share: ["idle_share", "values that are zero or tiny"],
  growth: ["growth", "size of the values, times what it was"],
  depth: ["growth", "size of the values, times the first layer's"],
  level: ["rms largest", "size of the values"],
  vanishing_decay: ["decay", "times smaller than before"],
  vanishing_depth: ["fading", "times less variation with the input than the first layer"],
  vanishing_gradient: ["fading", "times smaller than the last layer's"],
  mostly_zero_share: ["zero_share", "values that are exactly zero"],
  saturated_share: ["end_share", "values at the ends of the range"],
  cycles: ["cycles", "rises and crashes"],
  still_ratio: ["ratio", "own movement, times the noise of batches (at most)"],
  moving_ratio: ["moving_ratio", "movement of the layer that moves most"],
  ratio: ["ratio", "largest value, times the median"],
  distance: ["distance", "distance to the histograms before"],
  low_precision_share: ["share_at_limit", "values at the limits of the number format"],
};

export interface Measure {
  readonly words: string;
  readonly measured: string;
  /** "" where nothing limits it. */
  readonly limit: string;
  /** Places of the measured value and of the limit on a bar, 0 to 1; null where there is no limit. */
  readonly bar: readonly [measured: number, limit: number] | null;
}

/** Those with a limit first, then whatever else was measured. */
export function findingToMeasures({ figures, threshold }: FindingAnswer): readonly Measure[] {
  const used = new Set<string>();
  // Of values that are no numbers none is allowed, which needs no bar.
  const limits = "nans" in figures ? [] : Object.entries(threshold);
  const limited = limits.flatMap(([name, limit]): Measure[] => {
    const [names, words] = MEASURES[name] ?? [name, plain(name)];
    const figure = names.split(" ").find((one) => typeof figures[one] === "number");
    if (figure === undefined)
      return [{ words: `threshold: ${plain(name)}`, measured: toText(name, limit), limit: "", bar: null }];
    if (used.has(figure)) return [];
    used.add(figure);
    const value = figures[figure] as number;
    return [
      { words, measured: toText(figure, value), limit: toText(name, limit), bar: barOf(name, value, limit) },
    ];
  });
  const others = Object.entries(figures).flatMap(([name, value]): Measure[] =>
    used.has(name) || (typeof value !== "number" && typeof value !== "string")
      ? []
      : [{ words: plain(name), measured: toText(name, value), limit: "", bar: null }],
  );
  return [...limited, ...others];
}

/** Figures whose names say too little. */
const WORDS: Readonly<Record<string, string>> = {
  rms: "size of the values",
  rms_before: "size before",
  early_rms: "size at first",
  nans: "values that are NaN",
  pos_infs: "values that are +∞",
  neg_infs: "values that are −∞",
  n: "of so many values",
  values: "values that a unit put out",
  expected: "values other than 0 that are missing",
};

function plain(name: string): string {
  return WORDS[name] ?? name.replaceAll("_", " ");
}

function toText(name: string, value: number | string): string {
  if (typeof value === "string") return value;
  return isShare(name) ? formatShare(value) : formatValue(value);
}

function isShare(name: string): boolean {
  return /share/.test(name);
}

/** Shares on a bar from none to all; others three decades to either side of the limit. */
function barOf(name: string, value: number, limit: number): readonly [number, number] | null {
  if (isShare(name)) return [value, limit];
  if (!(value > 0 && limit > 0)) return null;
  return [Math.min(1, Math.max(0.02, 0.5 + Math.log10(value / limit) / 6)), 0.5];
}
