/** A number format on the panels: its limits as lines, and what a cast to it would lose. Loaded when it is chosen. */

import { formatShare, formatValue } from "../../math/format";
import { type FormatLoss, formatLimits, formatLoss, type NumberFormat } from "../../math/number_format";
import type { OverlayLine } from "../../paint/scene";
import { index } from "../catalog/catalog";
import { computedPerObject } from "../reactive/per_object";
import * as settings from "../settings/settings";
import type { Note } from "./notes";
import type { PanelView } from "./panel_view";

/** Limits that lie this near to 0 on the axis would be one line with it. */
const LEAST_FRACTION = 0.008;

function chosen(): NumberFormat | null {
  const format = settings.numberFormat.value;
  return format === "off" ? null : format;
}

function scale(): number {
  return 2 ** settings.formatScale.value;
}

/** Where values become 0, subnormal and too large. */
function limits(format: NumberFormat) {
  const { zeroUpTo, normalFrom, overflow } = formatLimits(format);
  return [
    { size: overflow / scale(), says: "too large beyond", dash: [], look: "solid" },
    { size: normalFrom / scale(), says: "subnormal below", dash: [6, 3], look: "dashed" },
    { size: zeroUpTo / scale(), says: "0 below", dash: [1.5, 2.5], look: "dotted" },
  ];
}

function limitToText({ says, size }: { readonly says: string; readonly size: number }): string {
  return `${says} ±${formatValue(size)}`;
}

/** On both sides of 0. */
export function limitLines(panel: PanelView): OverlayLine[] {
  const format = chosen();
  if (format === null) return [];
  const axis = panel.axis.value;
  const values = panel.scale.value;
  const fromZero = (value: number) => Math.abs(values.valueToFraction(value) - values.valueToFraction(0));
  const isSeen = (value: number) =>
    value >= values.lo && value <= values.hi && fromZero(value) >= LEAST_FRACTION;
  return limits(format).flatMap(({ dash, ...limit }) =>
    [limit.size, -limit.size].filter(isSeen).map((value, at) => ({
      dash,
      width: 1,
      name: at === 0 ? `${format}: ${limitToText(limit)}` : "",
      points: [
        [axis.lo, value],
        [axis.hi, value],
      ] as const,
    })),
  );
}

/** What the lines stand for. */
export function limitNotes(): Note[] {
  const format = chosen();
  if (format === null) return [];
  const own = limits(format);
  const ends = own.slice(0, 2).map(({ size }) => formatValue(size));
  return [
    {
      short: `${format}: ±${ends[1]} to ±${ends[0]}`,
      long: `Lines: ${own.map((limit) => `${limitToText(limit)} (${limit.look})`).join(", ")}`,
    },
  ];
}

/** Per column the share of values that become 0 or too large, or why it is not known. */
export const lostStrip = computedPerObject((panel: PanelView) => {
  const loss = lossOf(panel);
  if (typeof loss === "string") return loss;
  const power = settings.formatScale.value === 0 ? "" : ` at scale 2^${settings.formatScale.value}`;
  return {
    values: loss.underflow.map((share, c) => share + loss.overflow[c]!),
    name: `share lost in ${chosen()}${power}${isExact(panel) ? "" : ", estimated from its own bins"}.`,
    detail: (c: number) =>
      `${formatShare(loss.underflow[c]!)} become 0, ${formatShare(loss.overflow[c]!)} too large; ` +
      `${formatShare(loss.subnormal[c]!)} subnormal`,
  };
});

function lossOf(panel: PanelView): FormatLoss | string {
  const format = chosen();
  const tile = panel.shown.value;
  if (tile === null || format === null) return "";
  if (tile.source === "histograms") return "unknown for histograms from another tool";
  // Asked for anew without merging, since a merged bin may hold a limit.
  if (tile.unit !== null) return "";
  return formatLoss(tile, format, scale(), dtypeOf(panel));
}

/** The limits do not lie on the edges of bins that were chosen by hand. */
function isExact({ layer }: PanelView): boolean {
  return layer.series.value.bins.scheme === "float_bits";
}

function dtypeOf({ run, layer }: PanelView): string {
  const { runs, dtypes } = layer.series.value;
  const at = index.value?.runs.findIndex(({ name }) => name === run) ?? -1;
  return dtypes[runs.indexOf(at)] ?? "float32";
}
