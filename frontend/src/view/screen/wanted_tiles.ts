/** Which tiles the panels on the screen need: whole series as sharp as their pixels, and sharper zoomed parts. */

import { signal } from "@preact/signals";
import { columnsIn } from "../../math/column_spans";
import type { ValueScale } from "../../math/value_scale";
import type { PanelData } from "../../series/panel_data";
import type { Want } from "../../series/tile_loader";
import type { Series, TileRequest } from "../../series/types";
import { index, newestTimes } from "../catalog/catalog";
import { pixelRatio, plot_px, roundUp } from "../layout/metrics";
import type { PanelView } from "../panel/panel_view";
import * as settings from "../settings/settings";

const MAX_ROWS = 4096;
const STRIP_ROWS = 32;
/** A zoomed part is fetched with this much on either side, so that small pans need no request. */
const AHEAD_MARGIN = 0.25;
/** More rows than 4,096 are all stored bins. */
const UNMERGED = 0;
/** Bins this many times coarser than the rows of the axis are asked for anew. */
const COARSE = 4;
/** Near zero the rows of a symlog axis are much finer than its bins would be. */
const SYMLOG_ROWS = 1024;

/** Pixels that a column takes at least, in an open panel and in a strip, until all that is in sight is there. */
const SOON_PX = { open: 2, strip: 4 };
/** And once the page rests. Many strips would be more than their low pictures are worth. */
const RESTING_PX = { open: 1, strip: 2 };

/** Whether all that is in sight has come and nothing else is asked for: pooled panels then get all columns they can show. */
export const resting = signal(false);
/** The layers that are to be drawn twice as wide, for a picture to keep. */
export const enlarged = signal<ReadonlySet<string>>(new Set());

export function wantOf(panel: PanelView, inSight: boolean): Want {
  const series = panel.layer.series.peek();
  return {
    panel: panel.data,
    group: panel.layer.id,
    inSight,
    whole: sharpRequest(panel, inSight),
    fine: fineRequest(panel),
    newestTime: newestTimeOfRun(panel.data, series),
  };
}

/** For a panel that is not on the screen: enough to tell how much a layer changes. */
export function coarseWantOf(panel: PanelData, series: Series): Want {
  const { tag, source } = series;
  return {
    panel,
    group: panel.seriesId,
    inSight: false,
    whole: { run: panel.run, tag, source, columns: 64, rows: STRIP_ROWS },
    fine: null,
    newestTime: newestTimeOfRun(panel, series),
  };
}

/** Time of the newest record that the index knows of. */
function newestTimeOfRun({ run, seriesId }: PanelData, series: Series): number {
  const at = index.peek()?.runs.findIndex(({ name }) => name === run) ?? -1;
  return newestTimes.peek().get(seriesId)?.[series.runs.indexOf(at)] ?? 0;
}

/** As many columns as there are pixels, where they are asked for and the tile at hand has fewer. */
function sharpRequest(panel: PanelView, inSight: boolean): TileRequest {
  const isPooled = (panel.data.tile.peek()?.level ?? 0) > 0;
  const wide = enlarged.peek().has(panel.layer.id);
  if (!isPooled || !(wide || (inSight && resting.peek()))) return wholeRequest(panel);
  return wholeRequest(panel, RESTING_PX, wide ? 2 : 1);
}

function wholeRequest(panel: PanelView, each_px = SOON_PX, enlargement = 1): TileRequest {
  const { tag, source } = panel.layer.series.peek();
  const width_px = plot_px.peek() * pixelRatio.peek() * enlargement;
  const open = panel.layer.open.peek();
  // The server halves their number until they fit, so that a column may be up to twice as wide.
  const columns = roundUp(width_px / (open ? each_px.open : each_px.strip), 64, 8192);
  const rows = sharpRows(panel, open ? axisRows(panel) : STRIP_ROWS);
  return { run: panel.run, tag, source, columns, rows };
}

/** Bins as fine as the axis can show; away from linear axes they must be finer near zero. */
function axisRows(panel: PanelView): number {
  const { kind } = panel.fullScale.peek();
  // A merged bin may hold a limit of the format, so that the share beyond it would not be known.
  if (kind === "native" || settings.strip.peek() === "lost") return UNMERGED;
  if (kind === "symlog") return SYMLOG_ROWS;
  return roundUp(panel.layer.rows.peek(), 32, 1024);
}

/**
 * The server merges bins by the run's own range, which may be far longer than the axis: then the whole axis would lie
 * in a few bins.
 */
function sharpRows(panel: PanelView, rows: number): number {
  const range = panel.data.tile.peek()?.range;
  const scale = panel.fullScale.peek();
  if (!range || rows === UNMERGED || scale.kind === "native") return rows;
  const wanted = (range[1] - range[0]) / narrowestRow(scale, panel.layer.rows.peek());
  if (!(wanted > COARSE * rows)) return rows;
  return wanted > MAX_ROWS ? UNMERGED : roundUp(wanted, rows, MAX_ROWS);
}

/** Rows of a symlog axis are the narrower the nearer they are to zero; others are equal. */
function narrowestRow(scale: ValueScale, rows: number): number {
  const at = scale.valueToFraction(Math.min(scale.hi, Math.max(scale.lo, 0)));
  const next = at > 0.5 ? at - 1 / rows : at + 1 / rows;
  return Math.abs(scale.fractionToValue(next) - scale.fractionToValue(at));
}

function fineRequest(panel: PanelView): TileRequest | null {
  const tile = panel.data.tile.peek();
  const spans = panel.wholeSpans.peek();
  if (tile === null || spans === null || spans.start.length === 0) return null;
  const axis = panel.axis.peek();
  const share = shownFraction(panel);
  const closer = tile.level > 0 && axis.hi - axis.lo < spans.end[spans.end.length - 1]! - spans.start[0]!;
  const taller = tile.unit !== null && share < 0.9 && panel.layer.open.peek();
  if (!closer && !taller) return null;
  const margin = (axis.hi - axis.lo) * AHEAD_MARGIN;
  const near = columnsIn(spans, axis.lo - margin, axis.hi + margin);
  if (near === null) return null;
  const base = wholeRequest(panel);
  const rows = base.rows === 0 ? 0 : roundUp((base.rows ?? 256) / Math.max(share, 1e-3), 8, MAX_ROWS);
  return {
    ...base,
    steps: [tile.columns.firstStep[near[0]]!, tile.columns.lastStep[near[1]]!],
    columns: Math.min(8192, 2 * (base.columns ?? 512)),
    rows: taller ? rows : (base.rows ?? 256),
  };
}

/** Part of the whole value axis that is shown. */
function shownFraction(panel: PanelView): number {
  const scale = panel.scale.peek();
  const full = panel.fullScale.peek();
  return full.valueToFraction(scale.hi) - full.valueToFraction(scale.lo);
}
