/** Runs down, layers across; names of runs and heads of layers stay in sight. */

import { dark } from "../../view/catalog/catalog";
import { AXIS_PX, frame, HEAD_PX, name_px, narrow, panel_px, plot_px } from "../../view/layout/metrics";
import { cellsTop_px, expanded_px } from "../../view/layout/rows";
import { type PanelModel, type RowModel, rowOf } from "../../view/panel/panels";
import {
  anyExpanded,
  columnsEnd_px,
  layersLeft_px,
  type PlacedColumn,
  runRow_px,
  runRowsEnd_px,
  showsScalars,
} from "../../view/screen/columns";
import { shownTags } from "../../view/screen/scalars";
import { runColor, runs, type ShownRun, toggleExpanded } from "../../view/selection/selection";
import * as settings from "../../view/settings/settings";
import { FindingBadge, RunBadge } from "../overlays/findings_view";
import { HeadAxis, ValueAxis } from "../panel/axes";
import { Panel } from "../panel/panel";
import { Slice } from "../panel/slice";
import { Surfaces } from "../panel/surface";
import { box } from "../widgets/box";
import { axisName } from "./axis_name";
import { ColumnLines } from "./column_lines";
import { Bars, layerFacts, RowActions } from "./layer_name";
import { RunName } from "./run_name";
import { ScalarChart } from "./scalar_chart";
import { StepField } from "./step_field";

/** Head of a layer with its facts and two colour bars. */
const TALL_HEAD_PX = 108;
/** With the second colour bar of difference maps. */
const TALLER_HEAD_PX = 144;

const LEAST_STEP_FIELD_PX = 130;

interface Props {
  readonly onScreen: readonly PlacedColumn[];
}

export function RunRows({ onScreen }: Props) {
  const scalars = showsScalars.value;
  const lefts_px = onScreen.map(({ left_px }) => left_px + AXIS_PX);
  return (
    <>
      <Heads onScreen={onScreen} />
      <div class="rows" style={box({ height: runRowsEnd_px.value, width: columnsEnd_px.value })}>
        {/* All surfaces come before all rows, so that these share one layer above them. */}
        {runs.value.map((run, at) =>
          onScreen.map((column) => (
            <CellSurface key={`${run.name} ${column.row.id}`} run={run} at={at} column={column} />
          )),
        )}
        {runs.value.map((run, at) => (
          <RunRow key={run.name} run={run} at={at} onScreen={onScreen} />
        ))}
        {anyExpanded.value ? <SliceRow onScreen={onScreen} /> : null}
        <ColumnLines lefts_px={scalars ? [name_px.value + AXIS_PX, ...lefts_px] : lefts_px} />
      </div>
    </>
  );
}

function Heads({ onScreen }: Props) {
  const differs = settings.difference.value && runs.value.length > 1;
  const height = !anyExpanded.value ? HEAD_PX : differs ? TALLER_HEAD_PX : TALL_HEAD_PX;
  return (
    <div class="heads across" style={box({ width: columnsEnd_px.value, height })}>
      {narrow.value ? null : (
        <div class="corner" style={box({ width: name_px.value })}>
          <StepField width_px={Math.max(LEAST_STEP_FIELD_PX, name_px.value)} />
          <span>{axisName()}</span>
        </div>
      )}
      {showsScalars.value ? (
        <div class="head layer-head" style={box({ left: name_px.value, width: panel_px.value })}>
          <span class="scalars-title">scalars</span>
          <HeadAxis />
        </div>
      ) : null}
      {onScreen.map((column) => (
        <LayerHead key={column.row.id} column={column} />
      ))}
    </div>
  );
}

function LayerHead({ column: { row, left_px } }: { readonly column: PlacedColumn }) {
  const model = rowOf(row.series);
  const expanded = model.expanded.value;
  const facts = layerFacts(row.series);
  const { layer, tag } = row.series;
  return (
    <div class="head layer-head" style={box({ left: left_px, width: panel_px.value })}>
      <div class="layer-title">
        <button
          type="button"
          class="layer-name"
          aria-expanded={expanded}
          title={`${layer}${facts ? ` (${facts})` : ""}: ${expanded ? "close to a strip" : "open"}`}
          onClick={() => toggleExpanded(row.id)}
        >
          <span class="ellipsis">{layer}</span>
        </button>
        {expanded ? <RowActions model={model} /> : <FindingBadge tag={tag} short />}
      </div>
      {expanded ? (
        <>
          <div class="facts ellipsis" title={facts}>
            {facts}
          </div>
          <Bars model={model} width_px={plot_px.value} />
        </>
      ) : null}
      <HeadAxis />
    </div>
  );
}

interface RunRowProps extends Props {
  readonly run: ShownRun;
  readonly at: number;
}

function RunRow({ run, at, onScreen }: RunRowProps) {
  const color = runColor(run.at, dark.value);
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
              <ScalarChart key={tag} run={run.name} tag={tag} color={color} />
            ))}
          </div>
        ) : null}
        <Skipped onScreen={onScreen} />
        {onScreen.map((column) => (
          <Cell key={column.row.id} run={run} model={rowOf(column.row.series)} />
        ))}
      </div>
    </div>
  );
}

interface CellSurfaceProps {
  readonly run: ShownRun;
  readonly at: number;
  readonly column: PlacedColumn;
}

function CellSurface({ run, at, column: { row, left_px } }: CellSurfaceProps) {
  const panel = panelIn(run, rowOf(row.series));
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

/** A column of its own, or a line above the panels where there is no room for one. */
function nameBox() {
  return box({ width: narrow.value ? frame.value.width_px : name_px.value });
}

/** The room of the columns to the left of those on the screen. */
function Skipped({ onScreen }: Props) {
  const width = (onScreen[0]?.left_px ?? layersLeft_px.value) - layersLeft_px.value;
  return width > 0 ? <div class="skipped" style={box({ width })} /> : null;
}

function panelIn(run: ShownRun, model: RowModel): PanelModel | undefined {
  return model.panels.value.find((panel) => panel.run === run.name);
}

function Cell({ run, model }: { readonly run: ShownRun; readonly model: RowModel }) {
  const panel = panelIn(run, model);
  if (panel !== undefined) return <Panel panel={panel} />;
  return (
    <div class="absent" style={box({ width: panel_px.value })} title="This run has no such layer">
      {model.expanded.value ? "not recorded in this run" : ""}
    </div>
  );
}

/** The histograms of one step, each under the panels of its layer and on their value axis. */
function SliceRow({ onScreen }: Props) {
  const top = runs.value.length * runRow_px.value;
  return (
    <div
      class={`row run-row${narrow.value ? " narrow" : ""}`}
      style={box({ top, height: expanded_px.value, width: columnsEnd_px.value })}
    >
      <div class="name-cell run-cell" style={nameBox()}>
        {narrow.value ? (
          <StepField width_px={200} />
        ) : (
          <span class="scalars-title">histogram of one step</span>
        )}
      </div>
      <div class="cells">
        {showsScalars.value ? <div class="skipped" style={box({ width: panel_px.value })} /> : null}
        <Skipped onScreen={onScreen} />
        {onScreen.map(({ row }) => (
          <SliceCell key={row.id} model={rowOf(row.series)} />
        ))}
      </div>
    </div>
  );
}

function SliceCell({ model }: { readonly model: RowModel }) {
  const [first] = model.panels.value;
  return (
    <div class="slice-cell" style={box({ width: panel_px.value })}>
      {model.expanded.value && first !== undefined ? (
        <>
          <ValueAxis panel={first} />
          <Slice row={model} />
        </>
      ) : null}
    </div>
  );
}
