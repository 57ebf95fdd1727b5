/** What one place of a panel says, as numbers and as words. */

import {
  formatBin,
  formatDuration,
  formatExact,
  formatShare,
  formatSteps,
  formatValue,
} from "../../math/format";
import { divisors, formatEnd, rowDivisor } from "../../math/normalise";
import type { CellGrid } from "../../math/rebin";
import { columnAt, nearestColumn, toUnit } from "../../math/step_axis";
import type { Columns, Tile } from "../../math/tile";
import { lastAtMost } from "../../math/value_scale";
import { type BandName, bandCounts } from "../../paint/bands";
import * as settings from "../settings/settings";
import type { ThinPart } from "../settings/zoom";
import { differenceBase } from "./compare";
import type { PanelView } from "./panel_view";
import { columnStrip, formatStrip } from "./strip";

export interface Readout {
  readonly firstStep: number;
  readonly lastStep: number;
  readonly steps: string;
  /** Records that are pooled in the column; 1 mostly. */
  readonly records: number;
  /** Time since the run began, and the epoch where it is known. */
  readonly time: string;
  /** The interval of values, or the name of the band or strip. */
  readonly bin: string;
  /** The interval's ends; null elsewhere. */
  readonly ends: readonly [number, number] | null;
  /** null where nothing is counted: in the strip and outside of the axis. */
  readonly count: number | null;
  readonly n: number;
  /** Share of the step's values, or the strip's value; NaN outside of the axis. */
  readonly share: number;
  /** The same in words. */
  readonly value: string;
  /** The cell's quantity, by which it is coloured. */
  readonly quantity: number;
  /** That quantity minus the baseline's; NaN where no difference is shown. */
  readonly difference: number;
}

export const BAND_WORDS: Readonly<Record<BandName, string>> = {
  zeros: "exactly 0",
  nans: "NaN",
  posInfs: "+∞",
  negInfs: "−∞",
  above: "above the range",
  below: "below the range",
};

/** Counted by themselves at every step. */
export const COUNTED_APART = ["zeros", "nans", "posInfs", "negInfs"] as const;

/** Where nothing is counted. */
const NOTHING = {
  bin: "outside the value axis",
  ends: null,
  count: null,
  n: 0,
  share: Number.NaN,
  value: "",
  quantity: 0,
  difference: Number.NaN,
};

/** null in gaps. */
export function readPanel(
  panel: PanelView,
  unit: number,
  value: number | null,
  part: ThinPart | null,
): Readout | null {
  const spans = panel.spans.value;
  const grid = panel.grid.value;
  const tile = panel.shown.value;
  const column = spans === null ? -1 : columnAt(spans, unit);
  if (grid === null || tile === null || column < 0) return null;
  const when = { ...NOTHING, ...readTime(panel, tile.columns, column) };
  if (part === "strip") return { ...when, ...stripReadout(panel, column) };
  if (part !== null) {
    const count = bandCounts(part, tile.columns, grid)[column] ?? 0;
    return { ...when, ...readCount(tile, column, count), bin: BAND_WORDS[part] };
  }
  const row = rowAt(grid, value);
  if (row < 0) return when;
  const ends = [grid.edges[row] ?? 0, grid.edges[row + 1] ?? 0] as const;
  const quantity = quantityAt(grid, tile.columns, column, row);
  return {
    ...when,
    ...readCount(tile, column, grid.counts[row * grid.columns + column] ?? 0),
    bin: formatBin(...ends),
    ends,
    quantity,
    difference: quantity - baseQuantity(panel, column, row),
  };
}

function readCount({ columns }: Tile, column: number, count: number) {
  const n = columns.n[column] ?? 0;
  const share = n > 0 ? count / n : 0;
  return { count, n, share, value: formatShare(share) };
}

function readTime(panel: PanelView, columns: Columns, column: number) {
  const firstStep = columns.firstStep[column] ?? 0;
  const lastStep = columns.lastStep[column] ?? 0;
  const clock = panel.clock.value;
  const since = formatDuration((columns.lastWallTime[column] ?? 0) - (clock?.startTime ?? 0));
  const epoch =
    clock?.epochs?.[1] === undefined ? "" : `epoch ${formatExact(toUnit("epoch", firstStep, 0, clock))} · `;
  return {
    firstStep,
    lastStep,
    steps: formatSteps(firstStep, lastStep),
    records: columns.records[column] ?? 1,
    time: epoch + since,
  };
}

function stripReadout(panel: PanelView, column: number) {
  const strip = columnStrip(panel);
  if (typeof strip === "string") return { bin: `no strip: ${strip}` };
  const share = strip.values[column] ?? Number.NaN;
  if (Number.isNaN(share)) return { bin: strip.name, share, value: "" };
  const detail = strip.detail === undefined ? "" : ` (${strip.detail(column)})`;
  return { bin: strip.name, share, value: formatStrip(panel, share) + detail };
}

/** -1 outside of the axis, which panels with axes of their own do not share. */
function rowAt(grid: CellGrid, value: number | null): number {
  if (value === null || value > (grid.edges[grid.rows] ?? 0)) return -1;
  return Math.min(grid.rows - 1, lastAtMost(grid.edges, value));
}

/** NaN where no difference is shown, and where nothing is compared. */
function baseQuantity(panel: PanelView, column: number, row: number): number {
  const base = differenceBase(panel);
  const partner = base?.alignment.partners[column] ?? -1;
  if (base === null || partner < 0) return Number.NaN;
  return quantityAt(base.grid, base.tile.columns, partner, row);
}

function quantityAt(grid: CellGrid, columns: Columns, column: number, row: number): number {
  const quantity = settings.quantity.value;
  const count = grid.counts[row * grid.columns + column] ?? 0;
  const whole = quantity === "peak" ? fullest(grid, column) : (divisors(columns, quantity)[column] ?? 0);
  return whole > 0 ? count / whole / rowDivisor(grid, row, quantity) : 0;
}

/** Count of the column's fullest cell, in rows of the usual height. */
function fullest(grid: CellGrid, column: number): number {
  let most = 0;
  for (let row = 0; row < grid.rows; row++) {
    const count = grid.counts[row * grid.columns + column] ?? 0;
    most = Math.max(most, count / rowDivisor(grid, row, "peak"));
  }
  return most;
}

/** "difference +0.2 percentage points"; "" where none is shown. */
export function differenceToText({ difference }: Readout): string {
  if (Number.isNaN(difference)) return "";
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
  const size = formatEnd(settings.quantity.value, Math.abs(difference));
  return `difference ${sign}${size.replace("%", "percentage points")}`;
}

/** One line of text, for the screen reader and the clipboard. */
export function readoutToText(panel: PanelView, readout: Readout): string {
  const layer = panel.layer.series.value.layer;
  const { steps, bin, count, n, value } = readout;
  const what = count === null ? "" : `${formatExact(count)} of ${formatExact(n)} values`;
  const says = [what, value, differenceToText(readout)].filter(Boolean).join(", ");
  return `${panel.run}, ${layer}, step ${steps}, ${bin}${says && `: ${says}`}`;
}

export const TSV_HEAD = [
  "run",
  "layer",
  "first_step",
  "last_step",
  "bin",
  "from",
  "to",
  "count",
  "of",
  "share",
  "difference",
];

/** The same as cells of a table, numbers in full. */
export function readoutToCells(panel: PanelView, readout: Readout): readonly (string | number)[] {
  const { firstStep, lastStep, bin, ends, count, n, share, difference } = readout;
  const [from, to] = ends ?? ["", ""];
  const of = count === null ? ["", ""] : [count, n];
  const known = [share, difference].map((number) => (Number.isNaN(number) ? "" : number));
  return [panel.run, panel.layer.series.value.layer, firstStep, lastStep, bin, from, to, ...of, ...known];
}

/** What a picture shows, in a sentence, for those who cannot see it. */
export function summarise(panel: PanelView): string {
  const { layer, type } = panel.layer.series.value;
  const tile = panel.data.tile.value;
  const what = `${layer}${type ? ` (${type})` : ""} in run ${panel.run}`;
  if (tile === null) return `Heatmap of ${what}, loading.`;
  const { columns } = tile;
  const last = columns.length - 1;
  if (last < 0) return `Heatmap of ${what}: no records.`;
  const mean = columns.mean[last] ?? Number.NaN;
  const std = columns.std[last] ?? Number.NaN;
  const moments = Number.isFinite(mean)
    ? `mean ${formatValue(mean)}, standard deviation ${formatValue(std)}`
    : "no finite values";
  const apart = COUNTED_APART.filter((name) => columns[name][last]).map(
    (name) => `, ${formatShare((columns[name][last] ?? 0) / (columns.n[last] ?? 1))} ${BAND_WORDS[name]}`,
  );
  return (
    `Heatmap of ${what}: ${formatExact(tile.records)} records, steps ${formatSteps(tile.firstStep, tile.lastStep)}. ` +
    `At the last: ${moments}${apart.join("")}.`
  );
}

/** The column of a panel nearest to a place on the time axis. */
export function columnNear(panel: PanelView, unit: number): number {
  const spans = panel.spans.value;
  return spans === null ? -1 : nearestColumn(spans, unit);
}
