/** Layers down, runs across; names and run heads stay in sight. */

import {
  content_px,
  HEAD_PX,
  name_px,
  panel_px,
  SCALAR_PX,
  stuckSlice_px,
  Y_AXIS_PX,
} from "../../view/layout/metrics";
import { cellsTop_px, type PlacedRow, total_px } from "../../view/layout/rows";
import { shownTags } from "../../view/screen/scalars";
import { layerViews } from "../../view/screen/views";
import { runColour, type ShownRun, shownRuns } from "../../view/selection/selection";
import { HeadAxis } from "../panel/axes";
import { Surfaces } from "../panel/surface";
import { box } from "../widgets/box";
import { ColumnLines } from "./column_lines";
import { Corner } from "./corner";
import { RunBadge } from "./finding_badges";
import { type PlacedRowProps, PlacedRowView } from "./rows";
import { RunName } from "./run_name";
import { ScalarChart } from "./scalar_chart";

export function LayerRows({ onScreen }: { readonly onScreen: readonly PlacedRow[] }) {
  const views = layerViews.value;
  // A layer that has left and come back meanwhile has another view, and its elements are made anew with it.
  const keyOf = ({ row }: PlacedRow) => views.get(row.id) ?? row.id;
  return (
    <>
      <RunHeads />
      <div class="rows" style={box({ height: total_px.value, width: content_px.value })}>
        {/* All surfaces come before all rows, so that these share one layer above them. */}
        {onScreen.map((placed) => (
          <RowSurfaces key={keyOf(placed)} placed={placed} layer={views.get(placed.row.id)} />
        ))}
        {onScreen.map((placed) => (
          <PlacedRowView key={keyOf(placed)} placed={placed} layer={views.get(placed.row.id)} />
        ))}
        <ColumnLines
          lefts_px={shownRuns.value.map((_, at) => name_px.value + at * panel_px.value + Y_AXIS_PX)}
        />
      </div>
    </>
  );
}

function RowSurfaces({ placed: { top_px, height_px }, layer }: PlacedRowProps) {
  if (layer === undefined) return null;
  const title_px = cellsTop_px(layer.open.value);
  const lefts_px = new Map(shownRuns.value.map((run, at) => [run.name, name_px.value + at * panel_px.value]));
  const panels = layer.panels.value.map((panel) => ({ panel, left_px: lefts_px.get(panel.run) ?? 0 }));
  return <Surfaces panels={panels} top_px={top_px + title_px} height_px={height_px - title_px} />;
}

function RunHeads() {
  return (
    <div
      class="heads"
      style={box({ width: content_px.value, height: HEAD_PX + shownTags.value.length * SCALAR_PX })}
    >
      <Corner />
      {shownRuns.value.map((run) => (
        <Head key={run.name} run={run} />
      ))}
      <div class="head-end" style={box({ width: stuckSlice_px.value })} />
    </div>
  );
}

function Head({ run }: { readonly run: ShownRun }) {
  const colour = runColour(run.at);
  return (
    <div class="head" style={box({ width: panel_px.value })}>
      <div class="run-line">
        <RunName run={run} />
        <RunBadge run={run.name} />
      </div>
      {shownTags.value.map((tag) => (
        <ScalarChart key={tag} run={run.name} tag={tag} colour={colour} />
      ))}
      <HeadAxis />
    </div>
  );
}
