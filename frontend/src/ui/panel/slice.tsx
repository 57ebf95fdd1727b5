/** The histogram of one step, for all runs of a layer, on the value axis of the heatmaps beside it. */

import { formatShare, formatSteps } from "../../math/format";
import { formatEnd, rowDivisor } from "../../math/normalise";
import { type CellGrid, rowEnd } from "../../math/rebin";
import { columnShares, cumulativeShares } from "../../math/slice_shares";
import { type SliceSpread, spreadOf } from "../../math/slice_spread";
import type { Tile } from "../../math/tile";
import { type BandName, bandCounts } from "../../paint/bands";
import { THIN_PX } from "../../paint/scene";
import { SLICE_MARGIN_PX, slice_px, X_AXIS_PX } from "../../view/layout/metrics";
import type { PanelLayout } from "../../view/layout/panel_layout";
import { effectiveAxisScope } from "../../view/panel/known_panels";
import type { PanelLayer, PanelView } from "../../view/panel/panel_view";
import { pinnedColumn } from "../../view/screen/pin";
import { colourOfRun } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";

interface RunSlice {
  readonly panel: PanelView;
  readonly tile: Tile;
  readonly grid: CellGrid;
  readonly column: number;
  /** Values of the step; 1 where there are none. */
  readonly n: number;
  /** Share of the step's values per row of the usual height, lowest first; cumulative where that is asked for. */
  readonly shares: Float64Array;
  readonly colour: string;
  readonly steps: string;
}

/** Shares on a log axis show this many decades. */
const DECADES = 5;

/** How shares become lengths. */
interface Chart {
  readonly mode: settings.SliceMode;
  readonly log: boolean;
  /** The largest share, which fills a lane. */
  readonly most: number;
  /** Lanes beside each other, of a width each. */
  readonly lanes: number;
  readonly lane_px: number;
}

export function Slice({ layer }: { readonly layer: PanelLayer }) {
  const width_px = slice_px.value - 2 * SLICE_MARGIN_PX;
  const layout = layer.layout.value;
  const parts = layer.panels.value.flatMap((panel) => readPart(panel) ?? []);
  if (parts.length === 0) return null;
  const spread = manySpread(parts);
  const drawn = spread === null ? parts : spread.outliers.slice(0, MOST_OUTLIERS).map((at) => parts[at]!);
  const chart = chartOf(parts, drawn, spread, width_px);
  const bars = layout.bands.length > 0 ? "; thin bars: 0 to 100 %" : "";
  const words = spread === null ? parts.map(runSliceToText).join("; ") : spreadToText(parts, drawn);
  const { heatTop_px, heatHeight_px } = layout;
  return (
    <div class="slice" title={words + bars}>
      <svg
        width={width_px}
        height={layout.axisTop_px + X_AXIS_PX}
        role="img"
        aria-label={`Histogram of ${layer.series.value.layer}. ${words}`}
      >
        <line class="base" x1="0.5" x2="0.5" y1={heatTop_px} y2={heatTop_px + heatHeight_px} />
        {spread && <Spread spread={spread} grid={parts[0]!.grid} chart={chart} layout={layout} />}
        {drawn.map((part, at) => (
          <Histogram
            key={part.panel.id}
            part={part}
            at={at}
            of={drawn.length}
            chart={chart}
            layout={layout}
          />
        ))}
        <ShareAxis layer={layer} chart={chart} width_px={width_px} />
      </svg>
      <Steps parts={parts} many={spread !== null} />
    </div>
  );
}

/** More histograms than this hide each other: what they have in common is drawn, and those that are unlike it. */
const OVERLAID_UP_TO = 6;
const MOST_OUTLIERS = 6;

/** null where each run is drawn: few runs, another mode, or rows that are not the same for all. */
function manySpread(parts: readonly RunSlice[]): SliceSpread | null {
  if (parts.length <= OVERLAID_UP_TO || settings.sliceMode.value !== "overlaid") return null;
  const edges = parts[0]?.grid.edges.join(" ");
  if (parts.some(({ grid }) => grid.edges.join(" ") !== edges)) return null;
  return spreadOf(parts.map(({ shares }) => shares));
}

function spreadToText(parts: readonly RunSlice[], outliers: readonly RunSlice[]): string {
  const what = `median and middle half of ${parts.length} runs`;
  if (outliers.length === 0) return what;
  return `${what}; unlike the others: ${outliers.map(({ panel }) => panel.run).join(", ")}`;
}

function chartOf(
  parts: readonly RunSlice[],
  drawn: readonly RunSlice[],
  spread: SliceSpread | null,
  width_px: number,
): Chart {
  const mode = settings.sliceMode.value;
  const cumulative = mode === "cumulative";
  const shares = [...drawn.map((part) => part.shares), ...(spread === null ? [] : [spread.high])];
  const most = cumulative ? 1 : Math.max(1e-12, ...shares.map((row) => Math.max(...row)));
  const lanes = mode === "offset" ? parts.length : 1;
  return { mode, log: settings.sliceLog.value && !cumulative, most, lanes, lane_px: width_px / lanes };
}

interface HistogramProps {
  readonly part: RunSlice;
  /** Place among the parts. */
  readonly at: number;
  readonly of: number;
  readonly chart: Chart;
  readonly layout: PanelLayout;
}

/** The middle half of the runs as an area, their median as a line. */
function Spread({ spread, grid, chart, layout }: SpreadProps) {
  const toPx = lengths(chart);
  const { heatTop_px: top_px, heatHeight_px: height_px } = layout;
  const path = (shares: Float64Array) => outline({ shares, grid }, top_px, height_px, toPx);
  const low = path(spread.low);
  return (
    <g class="spread">
      <path d={`${path(spread.high)}Z${low}Z`} fill-rule="evenodd" />
      <path d={path(spread.median)} />
    </g>
  );
}

interface SpreadProps {
  readonly spread: SliceSpread;
  readonly grid: CellGrid;
  readonly chart: Chart;
  readonly layout: PanelLayout;
}

/** From shares to lengths in CSS px. */
function lengths({ log, most, lane_px }: Chart): (share: number) => number {
  return (share) =>
    lane_px * (log ? Math.max(0, 1 + Math.log10(share / most) / DECADES) : Math.min(1, share / most));
}

function Histogram({ part, at, of, chart, layout }: HistogramProps) {
  const { mode, lane_px } = chart;
  const toPx = lengths(chart);
  return (
    <g transform={`translate(${mode === "offset" ? at * lane_px : 0} 0)`}>
      <path
        d={outline(part, layout.heatTop_px, layout.heatHeight_px, toPx)}
        fill={mode === "cumulative" ? "none" : part.colour}
        fill-opacity="0.16"
        stroke={part.colour}
        stroke-width="1.2"
      />
      {layout.bands.map(({ band, top_px }) => (
        <rect
          key={band}
          x="0"
          y={top_px + (at * THIN_PX) / of}
          width={bandWidth(part, band, lane_px)}
          height={THIN_PX / of}
          fill={part.colour}
        />
      ))}
    </g>
  );
}

interface ShareAxisProps {
  readonly layer: PanelLayer;
  readonly chart: Chart;
  readonly width_px: number;
}

function ShareAxis({ layer, chart: { log, most, lanes }, width_px }: ShareAxisProps) {
  return (
    <g
      class="axis"
      visibility={layer.isFinite.value ? undefined : "hidden"}
      transform={`translate(0 ${layer.layout.value.axisTop_px})`}
    >
      <line x1="0" x2={width_px} y1="0.5" y2="0.5" />
      <text x="0" y="13">
        {log ? formatEnd("share", most / 10 ** DECADES) : "0"}
      </text>
      <text x={width_px} y="13" text-anchor="end">
        {lanes > 1 ? "each " : ""}
        {formatShare(most)}
      </text>
    </g>
  );
}

/** Which steps are shown, one for each run where they differ. */
function Steps({ parts, many }: { readonly parts: readonly RunSlice[]; readonly many: boolean }) {
  const same = new Set(parts.map((part) => part.steps)).size === 1;
  if (many && !same) return <span class="slice-title">each run at its own step</span>;
  return (
    <span class="slice-title">
      {same
        ? `step ${parts[0]?.steps}`
        : parts.map(({ panel, colour, steps }) => (
            <span key={panel.id}>
              <span class="swatch" style={{ background: colour }} /> {steps}{" "}
            </span>
          ))}
      {effectiveAxisScope() === "panel" && parts.length > 1 ? ", own axes" : ""}
    </span>
  );
}

function readPart(panel: PanelView): RunSlice | null {
  const pinned = pinnedColumn(panel);
  if (pinned === null) return null;
  const { tile, column } = pinned;
  const grid = tile === panel.shown.value ? panel.grid.value : panel.whole.value;
  if (grid === null) return null;
  const n = Math.max(1, tile.columns.n[column] ?? 1);
  const zeros = panel.zerosApart ? (tile.columns.zeros[column] ?? 0) : 0;
  const cumulative = settings.sliceMode.value === "cumulative";
  // A cumulated curve must rise by the zeros too, which elsewhere have a band of their own.
  const shares = cumulative
    ? cumulativeShares(grid, column, n, zeros)
    : columnShares(grid, column, n).map((share, row) => share / rowDivisor(grid, row, "share"));
  const steps = formatSteps(tile.columns.firstStep[column] ?? 0, tile.columns.lastStep[column] ?? 0);
  return { panel, tile, grid, column, n, shares, colour: colourOfRun(panel.run), steps };
}

/** Bands are shares of all values, on the full width. */
function bandWidth({ tile, grid, column, n }: RunSlice, band: BandName, lane_px: number): number {
  return ((bandCounts(band, tile.columns, grid)[column] ?? 0) / n) * lane_px;
}

/** Steps along the value axis, upwards. */
function outline(
  { shares, grid }: Pick<RunSlice, "shares" | "grid">,
  top_px: number,
  height_px: number,
  toPx: (share: number) => number,
): string {
  let path = `M0 ${(top_px + height_px).toFixed(1)}`;
  for (let at = 0; at < shares.length; at++) {
    const x = toPx(shares[at] ?? 0).toFixed(1);
    const y = (top_px + height_px * (1 - rowEnd(grid, at))).toFixed(1);
    path += `H${x}V${y}`;
  }
  return settings.sliceMode.value === "cumulative" ? path : `${path}H0`;
}

function runSliceToText({ panel, steps, tile, column }: RunSlice): string {
  const mean = tile.columns.mean[column] ?? Number.NaN;
  const std = tile.columns.std[column] ?? Number.NaN;
  return `${panel.run}, step ${steps}: mean ${mean.toPrecision(3)}, standard deviation ${std.toPrecision(3)}`;
}
