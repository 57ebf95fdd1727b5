/** The histogram of one step, for all runs of a layer, on the value axis of the heatmaps beside it. */

import { bandCounts } from "../draw/bands";
import { formatShare, formatSteps } from "../math/format";
import type { Grid } from "../math/rebin";
import { lastAtMost } from "../math/value_scale";
import { dark } from "../state/catalog";
import { SLICE_MARGIN_PX, slice_px, THIN_PX, X_AXIS_PX } from "../state/metrics";
import { axisScope, type PanelModel, type RowModel } from "../state/panels";
import { pinnedColumn } from "../state/pin";
import { runColor, runs } from "../state/selection";
import * as settings from "../state/settings";

interface Part {
  readonly panel: PanelModel;
  readonly grid: Grid;
  readonly column: number;
  /** Share of the step's values per row, lowest first; cumulative where that is asked for. */
  readonly shares: Float64Array;
  readonly color: string;
  readonly steps: string;
}

/** Log counts show this many decades. */
const DECADES = 5;

export function Slice({ row }: { readonly row: RowModel }) {
  const width_px = slice_px.value - 2 * SLICE_MARGIN_PX;
  const layout = row.layout.value;
  const parts = row.panels.value.flatMap((panel) => readPart(panel) ?? []);
  if (parts.length === 0) return null;
  const mode = settings.sliceMode.value;
  const most =
    mode === "cumulative" ? 1 : Math.max(1e-12, ...parts.flatMap((part) => Math.max(...part.shares)));
  const lanes = mode === "offset" ? Math.max(1, parts.length) : 1;
  const lane_px = width_px / lanes;
  const toPx = (share: number) => sharePx(share, most, lane_px);
  const steps = [...new Set(parts.map((part) => part.steps))];
  const title = steps.length === 1 ? `step ${steps[0]}` : `steps ${steps.join(" | ")}`;
  const words = parts.map((part) => `${part.panel.run}: ${describe(part)}`).join("; ");
  return (
    <div class="slice" title={`Histogram at ${title}`}>
      <svg
        width={width_px}
        height={layout.axisTop_px + X_AXIS_PX}
        role="img"
        aria-label={`Histogram of ${row.series.value.layer} at ${title}. ${words}`}
      >
        <line
          class="base"
          x1="0.5"
          x2="0.5"
          y1={layout.heatTop_px}
          y2={layout.heatTop_px + layout.heatHeight_px}
        />
        {parts.map((part, at) => (
          <g key={part.panel.id} transform={`translate(${mode === "offset" ? at * lane_px : 0} 0)`}>
            <path
              d={outline(part.shares, layout.heatTop_px, layout.heatHeight_px, toPx)}
              fill={mode === "cumulative" ? "none" : part.color}
              fill-opacity="0.16"
              stroke={part.color}
              stroke-width="1.2"
            />
            {layout.bands.map(({ band, top_px }) => (
              <rect
                key={band}
                x="0"
                y={top_px + (at * THIN_PX) / parts.length}
                width={bandWidth(part, band, lane_px)}
                height={THIN_PX / parts.length}
                fill={part.color}
              />
            ))}
          </g>
        ))}
        <g class="axis" transform={`translate(0 ${layout.axisTop_px})`}>
          <line x1="0" x2={width_px} y1="0.5" y2="0.5" />
          <text x="0" y="13">
            {settings.sliceLog.value && mode !== "cumulative" ? formatShare(most / 10 ** DECADES) : "0"}
          </text>
          <text x={width_px} y="13" text-anchor="end">
            {lanes > 1 ? `each ${formatShare(most)}` : formatShare(most)}
          </text>
        </g>
      </svg>
      <span class="slice-title">
        {axisScope() === "panel" && parts.length > 1 ? `${title}, own scales` : title}
      </span>
    </div>
  );
}

function readPart(panel: PanelModel): Part | null {
  const grid = panel.grid.value;
  const tile = panel.shown.value;
  const column = pinnedColumn(panel);
  if (grid === null || tile === null || column < 0) return null;
  const n = tile.columns.n[column] ?? 0;
  const shares = new Float64Array(grid.rows);
  // A cumulated curve must rise by the zeros too, which elsewhere have a band of their own.
  const apart =
    settings.sliceMode.value === "cumulative" && panel.zerosApart ? lastAtMost(grid.edges, 0) : -1;
  let sum = n > 0 ? (grid.below[column] ?? 0) / n : 0;
  for (let at = 0; at < grid.rows; at++) {
    const share = n > 0 ? (grid.counts[at * grid.columns + column] ?? 0) / n : 0;
    sum += share + (at === apart && n > 0 ? (tile.columns.zeros[column] ?? 0) / n : 0);
    shares[at] = settings.sliceMode.value === "cumulative" ? sum : share;
  }
  const place = runs.value.find((run) => run.name === panel.run)?.at ?? 0;
  const steps = formatSteps(tile.columns.firstStep[column] ?? 0, tile.columns.lastStep[column] ?? 0);
  return { panel, grid, column, shares, color: runColor(place, dark.value), steps };
}

function sharePx(share: number, most: number, lane_px: number): number {
  if (!settings.sliceLog.value || settings.sliceMode.value === "cumulative") return (share / most) * lane_px;
  return share > 0 ? Math.max(0, 1 + Math.log10(share / most) / DECADES) * lane_px : 0;
}

/** Bands are shares of all values, on the full width. */
function bandWidth(part: Part, band: Parameters<typeof bandCounts>[0], lane_px: number): number {
  const tile = part.panel.shown.value;
  if (tile === null) return 0;
  const count = bandCounts(band, tile.columns, part.grid)[part.column] ?? 0;
  return (count / Math.max(1, tile.columns.n[part.column] ?? 1)) * lane_px;
}

/** Steps along the value axis, upwards. */
function outline(
  shares: Float64Array,
  top_px: number,
  height_px: number,
  toPx: (share: number) => number,
): string {
  const each_px = height_px / shares.length;
  let path = `M0 ${(top_px + height_px).toFixed(1)}`;
  for (let at = 0; at < shares.length; at++) {
    const x = toPx(shares[at] ?? 0).toFixed(1);
    const y = (top_px + height_px - (at + 1) * each_px).toFixed(1);
    path += `H${x}V${y}`;
  }
  return settings.sliceMode.value === "cumulative" ? path : `${path}H0`;
}

function describe(part: Part): string {
  const columns = part.panel.shown.value?.columns;
  const mean = columns?.mean[part.column] ?? Number.NaN;
  const std = columns?.std[part.column] ?? Number.NaN;
  return `mean ${mean.toPrecision(3)}, standard deviation ${std.toPrecision(3)}`;
}
