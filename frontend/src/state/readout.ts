/** What one place of a panel says, as numbers and as words. */

import type { Tile } from "../data/types";
import { type BandName, bandCounts } from "../draw/bands";
import { formatBin, formatDuration, formatExact, formatShare, formatSteps } from "../math/format";
import type { Quantity } from "../math/normalise";
import { type Grid, pointLower } from "../math/rebin";
import { columnAt, nearestColumn } from "../math/step_axis";
import { lastAtMost } from "../math/value_scale";
import type { PanelModel } from "./panels";
import * as settings from "./settings";

export interface Readout {
  readonly firstStep: number;
  readonly lastStep: number;
  readonly steps: string;
  /** Records that are pooled in the column; 1 mostly. */
  readonly records: number;
  /** Time since the run began. */
  readonly time: string;
  /** The interval of values, or the name of the band. */
  readonly bin: string;
  /** The interval's ends; null for a band. */
  readonly ends: readonly [number, number] | null;
  readonly count: number;
  readonly share: number;
  readonly n: number;
  /** The cell's quantity, by which it is coloured. */
  readonly quantity: number;
  readonly split: boolean;
}

const BAND_WORDS: Readonly<Record<BandName, string>> = {
  zeros: "exactly 0",
  nans: "NaN",
  posInfs: "+∞",
  negInfs: "−∞",
  above: "above the range",
  below: "below the range",
};

/** null in gaps and where there is no cell. */
export function readPanel(
  panel: PanelModel,
  unit: number,
  value: number | null,
  band: BandName | null,
): Readout | null {
  const spans = panel.spans.value;
  const grid = panel.grid.value;
  const tile = panel.shown.value;
  const clock = panel.clock.value;
  if (spans === null || grid === null || tile === null || clock === null) return null;
  const column = columnAt(spans, unit);
  const row = value === null ? -1 : Math.min(grid.rows - 1, lastAtMost(grid.edges, value));
  if (column < 0 || (band === null && row < 0)) return null;
  const { columns } = tile;
  const n = columns.n[column] ?? 0;
  const count =
    band === null
      ? (grid.counts[row * grid.columns + column] ?? 0)
      : (bandCounts(band, columns, grid)[column] ?? 0);
  const share = n > 0 ? count / n : 0;
  const ends = band === null ? ([grid.edges[row] ?? 0, grid.edges[row + 1] ?? 0] as const) : null;
  const width = ends === null ? 0 : ends[1] - ends[0];
  const firstStep = columns.firstStep[column] ?? 0;
  const lastStep = columns.lastStep[column] ?? 0;
  const records = columns.records[column] ?? 1;
  const most = band === null && settings.quantity.value === "peak" ? fullest(grid, column) : 0;
  return {
    firstStep,
    lastStep,
    steps: formatSteps(firstStep, lastStep),
    records,
    time: formatDuration((columns.lastWallTime[column] ?? 0) - clock.startTime),
    bin: ends === null ? BAND_WORDS[band ?? "zeros"] : formatBin(...ends),
    ends,
    count,
    share,
    n,
    quantity: quantityOf(settings.quantity.value, { count, share, width, records, most }),
    split: ends !== null && cutsBins(tile, ...ends),
  };
}

/** Whether a stored bin lies only partly between two values, so that its count was split in proportion. */
function cutsBins(tile: Tile, lo: number, hi: number): boolean {
  return [lo, hi].some((edge) => {
    const bin = lastAtMost(tile.lower, edge);
    const lower = tile.lower[bin] ?? edge;
    const upper = tile.upper[bin] ?? edge;
    return bin >= 0 && pointLower(lower, upper) < edge && edge < upper;
  });
}

interface Cell {
  readonly count: number;
  readonly share: number;
  readonly width: number;
  readonly records: number;
  /** Count of the column's fullest cell. */
  readonly most: number;
}

function fullest(grid: Grid, column: number): number {
  let most = 0;
  for (let row = 0; row < grid.rows; row++)
    most = Math.max(most, grid.counts[row * grid.columns + column] ?? 0);
  return most;
}

function quantityOf(quantity: Quantity, cell: Cell): number {
  if (quantity === "peak") return cell.most > 0 ? cell.count / cell.most : 0;
  if (quantity === "count") return cell.count / Math.max(1, cell.records);
  if (quantity === "density") return cell.width > 0 ? cell.share / cell.width : 0;
  return cell.share;
}

/** One line of text, for the screen reader and the clipboard. */
export function readoutToText(panel: PanelModel, readout: Readout): string {
  const layer = panel.row.series.value.layer;
  const what = `${formatExact(readout.count)} of ${formatExact(readout.n)} values`;
  return `${panel.run}, ${layer}, step ${readout.steps}, ${readout.bin}: ${what}, ${formatShare(readout.share)}`;
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
];

/** The same as cells of a table, numbers in full. */
export function readoutToCells(panel: PanelModel, readout: Readout): readonly (string | number)[] {
  const { firstStep, lastStep, bin, ends, count, n, share } = readout;
  const [from, to] = ends ?? ["", ""];
  return [panel.run, panel.row.series.value.layer, firstStep, lastStep, bin, from, to, count, n, share];
}

/** What a picture shows, in a sentence, for those who cannot see it. */
export function summarise(panel: PanelModel): string {
  const { layer, type } = panel.row.series.value;
  const tile = panel.tile.value;
  const what = `${layer}${type ? ` (${type})` : ""} in run ${panel.run}`;
  if (tile === null) return `Heatmap of ${what}, loading.`;
  const { columns } = tile;
  const last = columns.length - 1;
  if (last < 0) return `Heatmap of ${what}: no records.`;
  const zeros = (columns.zeros[last] ?? 0) / Math.max(1, columns.n[last] ?? 1);
  const mean = columns.mean[last] ?? Number.NaN;
  const std = columns.std[last] ?? Number.NaN;
  return (
    `Heatmap of ${what}: ${formatExact(tile.records)} records, steps ${formatSteps(tile.firstStep, tile.lastStep)}. ` +
    `At the last: mean ${mean.toPrecision(3)}, standard deviation ${std.toPrecision(3)}, ${formatShare(zeros)} zeros.`
  );
}

/** The column of a panel nearest to a place on the time axis. */
export function columnNear(panel: PanelModel, unit: number): number {
  const spans = panel.spans.value;
  return spans === null ? -1 : nearestColumn(spans, unit);
}
