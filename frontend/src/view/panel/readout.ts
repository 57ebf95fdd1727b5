/** What one place of a panel says. */

import { columnAt } from "../../math/column_spans";
import {
  formatBin,
  formatDuration,
  formatExact,
  formatShare,
  formatSteps,
  formatValue,
} from "../../math/format";
import { divisors, rowDivisor } from "../../math/normalise";
import type { CellGrid } from "../../math/rebin";
import { toUnit } from "../../math/step_axis";
import type { Columns, Tile } from "../../math/tile";
import { lastAtMost } from "../../math/value_scale";
import { bandCounts } from "../../paint/bands";
import * as settings from "../settings/settings";
import type { ThinPart } from "../settings/zoom";
import { differenceBase } from "./compare";
import { BAND_WORDS } from "./panel_summary";
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
  const read = readColumn(panel, { tile, grid, column }, value, part);
  const row = read.ends === null ? -1 : rowAt(grid, value);
  return row < 0 ? read : { ...read, difference: read.quantity - baseQuantity(panel, column, row) };
}

/** A column of a tile, over the rows of a panel. */
export interface ReadColumn {
  readonly tile: Tile;
  readonly grid: CellGrid;
  readonly column: number;
}

export function readColumn(
  panel: PanelView,
  { tile, grid, column }: ReadColumn,
  value: number | null,
  part: ThinPart | null,
): Readout {
  const when = { ...NOTHING, ...readTime(panel, tile.columns, column) };
  if (part === "strip") return { ...when, ...stripReadout(panel, column) };
  if (part !== null) {
    const count = bandCounts(part, tile.columns, grid)[column] ?? 0;
    return { ...when, ...readCount(tile, column, count), bin: BAND_WORDS[part] };
  }
  const row = rowAt(grid, value);
  if (row < 0) return when;
  const ends = [grid.edges[row] ?? 0, grid.edges[row + 1] ?? 0] as const;
  return {
    ...when,
    ...readCount(tile, column, grid.counts[row * grid.columns + column] ?? 0),
    bin: formatBin(...ends),
    ends,
    quantity: quantityAt(grid, tile.columns, column, row),
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
  // As `update_ratio` of Python; a column may pool records, whose mean and std are theirs together.
  const size = Math.hypot(columns.mean[column] ?? 0, columns.std[column] ?? 0);
  const ratio =
    panel.layer.series.value.kind === "updates"
      ? ` · log10 update/weight ${formatValue(Math.log10(size))}`
      : "";
  const epoch =
    clock?.epochs?.[1] === undefined ? "" : `epoch ${formatExact(toUnit("epoch", firstStep, 0, clock))} · `;
  return {
    firstStep,
    lastStep,
    steps: formatSteps(firstStep, lastStep),
    records: columns.records[column] ?? 1,
    time: epoch + since + ratio,
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
