/** Runs down, layers across; names of runs and heads of layers stay in sight. */

import { HEAD_PX, name_px, narrow, panel_px, plot_px, Y_AXIS_PX } from "../../view/layout/metrics";
import { cellsTop_px, expanded_px } from "../../view/layout/rows";
import type { LayerView } from "../../view/panel/layer_view";
import type { PanelView } from "../../view/panel/panel_view";
import {
  columnsEnd_px,
  layersLeft_px,
  type PlacedColumn,
  runRow_px,
  runRowsEnd_px,
  showsScalars,
} from "../../view/screen/columns";
import { shownTags } from "../../view/screen/scalars";
import { drawnOnce } from "../../view/screen/screen";
import { layerViews } from "../../view/screen/views";
import { anyOpen, runColour, type ShownRun, shownRuns } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { HeadAxis, ValueAxis } from "../panel/axes";
import { Panel } from "../panel/panel";
import { LateSlice } from "../panel/slice_later";
import { Surfaces } from "../panel/surface";
import { box } from "../widgets/box";
import { Absent, nameBox } from "./cells";
import { ColumnLines } from "./column_lines";
import { Corner } from "./corner";
import { FindingBadge, RunBadge } from "./finding_badges";
import { LayerButton } from "./layer_button";
import { layerFacts, withFacts } from "./layer_facts";
import { LateBars, LateRowActions } from "./layer_tools_later";
import { RunName } from "./run_name";
import { ScalarChart } from "./scalar_chart";

/** Head of a layer with two colour bars. */
const TALL_HEAD_PX = 108;
/** With the second colour bar of difference maps. */
const TALLER_HEAD_PX = 144;

/** A layer and where its column begins. */
interface Column {
  readonly layer: LayerView;
  readonly left_px: number;
}

interface Props {
  readonly columns: readonly Column[];
}

export function RunRows({ onScreen }: { readonly onScreen: readonly PlacedColumn[] }) {
  const views = layerViews.value;
  const columns = onScreen.flatMap(({ row, left_px }) => {
    const layer = views.get(row.id);
    return layer === undefined ? [] : [{ layer, left_px }];
  });
  const scalars = showsScalars.value;
  const lefts_px = columns.map(({ left_px }) => left_px + Y_AXIS_PX);
  return (
    <>
      <LayerHeads columns={columns} />
      <div class="rows" style={box({ height: runRowsEnd_px.value, width: columnsEnd_px.value })}>
        {/* All surfaces come before all rows, so that these share one layer above them. */}
        {shownRuns.value.map((run, at) =>
          columns.map((column) => (
            <CellSurface key={`${run.name} ${column.layer.id}`} run={run} at={at} column={column} />
          )),
        )}
        {shownRuns.value.map((run, at) => (
          <RunRow key={run.name} run={run} at={at} columns={columns} />
        ))}
        {anyOpen.value ? <SliceRow columns={columns} /> : null}
        <ColumnLines lefts_px={scalars ? [name_px.value + Y_AXIS_PX, ...lefts_px] : lefts_px} />
      </div>
    </>
  );
}

function LayerHeads({ columns }: Props) {
  const differs = settings.difference.value && shownRuns.value.length > 1;
  const height = !anyOpen.value ? HEAD_PX : differs ? TALLER_HEAD_PX : TALL_HEAD_PX;
  return (
    <div class="heads across" style={box({ width: columnsEnd_px.value, height })}>
      <Corner />
      {showsScalars.value ? (
        <div class="head layer-head" style={box({ left: name_px.value, width: panel_px.value })}>
          <span class="scalars-title">scalars</span>
          <HeadAxis />
        </div>
      ) : null}
      {columns.map((column) => (
        <LayerHead key={column.layer} column={column} />
      ))}
    </div>
  );
}

function LayerHead({ column: { layer: model, left_px } }: { readonly column: Column }) {
  const series = model.series.value;
  const expanded = model.open.value;
  const { layer } = series;
  return (
    <div class="head layer-head" style={box({ left: left_px, width: panel_px.value })}>
      <div class="layer-title">
        <LayerButton
          id={model.id}
          name={layer}
          label={layer}
          title={withFacts(layer, layerFacts(series))}
          open={expanded}
        />
        {expanded ? (
          drawnOnce.value && <LateRowActions model={model} />
        ) : (
          <FindingBadge series={series} short />
        )}
      </div>
      {expanded && drawnOnce.value ? <LateBars model={model} width_px={plot_px.value} /> : null}
      <HeadAxis />
    </div>
  );
}

interface RunRowProps extends Props {
  readonly run: ShownRun;
  readonly at: number;
}

function RunRow({ run, at, columns }: RunRowProps) {
  const colour = runColour(run.at);
  return (
    <div
      class={`row open run-row${narrow.value ? " narrow" : ""}`}
      style={box({ top: at * runRow_px.value, height: runRow_px.value, width: columnsEnd_px.value })}
    >
      <div class="name-cell run-cell" style={nameBox()}>
        <RunName run={run} />
        <RunBadge run={run.name} />
      </div>
      <div class="cells">
        {showsScalars.value ? (
          <div class="scalar-cell" style={box({ width: panel_px.value })}>
            {shownTags.value.map((tag) => (
              <ScalarChart key={tag} run={run.name} tag={tag} colour={colour} />
            ))}
          </div>
        ) : null}
        <Skipped columns={columns} />
        {columns.map((column) => (
          <RunPanel key={column.layer} run={run} model={column.layer} />
        ))}
      </div>
    </div>
  );
}

interface CellSurfaceProps {
  readonly run: ShownRun;
  readonly at: number;
  readonly column: Column;
}

function CellSurface({ run, at, column: { layer, left_px } }: CellSurfaceProps) {
  const panel = panelIn(run, layer);
  if (panel === undefined) return null;
  const title_px = cellsTop_px(true);
  return (
    <Surfaces
      panels={[{ panel, left_px }]}
      top_px={at * runRow_px.value + title_px}
      height_px={runRow_px.value - title_px}
    />
  );
}

/** The room of the columns to the left of those on the screen. */
function Skipped({ columns }: Props) {
  const width = (columns[0]?.left_px ?? layersLeft_px.value) - layersLeft_px.value;
  return width > 0 ? <div class="skipped" style={box({ width })} /> : null;
}

function panelIn(run: ShownRun, model: LayerView): PanelView | undefined {
  return model.panels.value.find((panel) => panel.run === run.name);
}

function RunPanel({ run, model }: { readonly run: ShownRun; readonly model: LayerView }) {
  const panel = panelIn(run, model);
  if (panel !== undefined) return <Panel key={panel} panel={panel} />;
  return <Absent open={model.open.value} />;
}

/** The histograms of one step, each under the panels of its layer and on their value axis. */
function SliceRow({ columns }: Props) {
  const top = shownRuns.value.length * runRow_px.value;
  return (
    <div
      class={`row run-row${narrow.value ? " narrow" : ""}`}
      style={box({ top, height: expanded_px.value, width: columnsEnd_px.value })}
    >
      <div class="name-cell run-cell" style={nameBox()}>
        <span class="scalars-title">histogram of one step</span>
      </div>
      <div class="cells">
        {showsScalars.value ? <div class="skipped" style={box({ width: panel_px.value })} /> : null}
        <Skipped columns={columns} />
        {columns.map(({ layer }) => (
          <SliceCell key={layer} model={layer} />
        ))}
      </div>
    </div>
  );
}

function SliceCell({ model }: { readonly model: LayerView }) {
  const [first] = model.panels.value;
  return (
    <div class="slice-cell" style={box({ width: panel_px.value })}>
      {model.open.value && first !== undefined ? (
        <>
          <ValueAxis panel={first} />
          <LateSlice layer={model} />
        </>
      ) : null}
    </div>
  );
}
