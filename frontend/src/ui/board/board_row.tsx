/** A row of the board: a run with its facts and the picture of its layers, or the line of a group. */

import {
  cell_px,
  factsStick,
  factWidths_px,
  fixed_px,
  names_px,
  row_px,
  stagesLeft_px,
} from "../../view/board/board_layout";
import type { BoardRow } from "../../view/board/board_rows";
import { boardNames, factColumns } from "../../view/board/facts";
import { findingsIn, healthOf, worstFinding } from "../../view/board/health";
import { openCell, openRun } from "../../view/board/open_cell";
import { type RunGroup, sumUp } from "../../view/board/run_groups";
import { hasStage, type Stage, stages, toggleGroup } from "../../view/board/stages";
import { openFinding } from "../../view/findings/explained";
import { colourOfRun } from "../../view/selection/selection";
import { box } from "../widgets/box";
import { CutName } from "../widgets/cut_name";
import { Icon } from "../widgets/icons";
import { active, cellId, firstStage, pointedAt, stageAt } from "./place";

interface RowProps {
  readonly row: BoardRow;
  readonly at: number;
}

/** The head is row 1 for who listens. */
const FIRST_ROW = 2;

export function BoardRowView({ row, at }: RowProps) {
  const height = row_px.value;
  return (
    <div
      class={`board-row ${row.kind}`}
      role="row"
      aria-rowindex={at + FIRST_ROW}
      style={box({ top: at * height, height })}
    >
      {row.kind === "run" ? <RunCells run={row.run} at={at} /> : <GroupLine {...row} at={at} />}
    </div>
  );
}

interface RunProps {
  readonly run: string;
  readonly at: number;
}

function RunCells({ run, at }: RunProps) {
  const here = active.value?.row === at ? active.value.column : -1;
  const stage = stageAt(here);
  return (
    <>
      <div
        id={cellId(at, 0)}
        class={`board-name${here === 0 ? " active" : ""}`}
        role="rowheader"
        aria-colindex={1}
        style={box({ width: names_px.value })}
      >
        <button
          type="button"
          tabIndex={-1}
          title={`${run}: show it beside the nearest healthy run`}
          onClick={() => openRun(run)}
        >
          <span class="swatch" style={{ background: colourOfRun(run) }} />
          <CutName name={boardNames.value.get(run) ?? run} />
        </button>
      </div>
      {factsStick.value ? <FactCells run={run} at={at} here={here} /> : null}
      <div class="board-clip">
        <div class="board-moved">
          {factsStick.value ? null : <FactCells run={run} at={at} here={here} />}
          <StageCells run={run} />
          {stage && <ActiveCell run={run} at={at} column={here} stage={stage} />}
        </div>
      </div>
    </>
  );
}

interface FactProps extends RunProps {
  /** The active column. */
  readonly here: number;
}

function FactCells({ run, at, here }: FactProps) {
  const worst = worstFinding(run);
  return (
    <div class="board-facts">
      {factColumns.value.map((column, i) => {
        const isWorst = column.id === "worst";
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the cells of the layers have keys that open the same.
          <div
            key={column.id}
            id={cellId(at, i + 1)}
            class={`board-fact${here === i + 1 ? " active" : ""} ${isWorst ? healthOf(run) : ""}`}
            role="gridcell"
            aria-colindex={i + 2}
            title={(isWorst && worst?.title) || column.show(run)}
            style={box({ width: factWidths_px.value[i] ?? 0 })}
            onClick={() => isWorst && worst && openFinding(worst)}
          >
            {column.show(run)}
          </div>
        );
      })}
    </div>
  );
}

/** Takes the pointer for all layers of a run; who listens gets what is wrong in them. */
function StageCells({ run }: { readonly run: string }) {
  const columnOf = (event: MouseEvent) => firstStage.peek() + Math.floor(event.offsetX / cell_px.value);
  const sick = stages.value.flatMap((stage) => {
    const [worst] = findingsIn(run, stage.tags);
    return worst === undefined ? [] : [`${stage.name}: ${worst.severity}`];
  });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys, for the active cell.
    <div
      class="board-stages"
      role="gridcell"
      aria-colindex={firstStage.value + 1}
      aria-colspan={Math.max(1, stages.value.length)}
      aria-label={sick.length === 0 ? "no findings in the layers" : sick.join(", ")}
      style={box({
        left: stagesLeft_px.value - fixed_px.value,
        width: stages.value.length * cell_px.value,
      })}
      onPointerMove={(event) => {
        pointedAt.value = { run, column: columnOf(event) };
      }}
      onPointerLeave={() => {
        pointedAt.value = null;
      }}
      onClick={(event) => {
        const stage = stageAt(columnOf(event));
        if (stage !== undefined) openCell(run, stage);
      }}
    />
  );
}

interface ActiveProps extends RunProps {
  readonly column: number;
  readonly stage: Stage;
}

function ActiveCell({ run, at, column, stage }: ActiveProps) {
  const [worst] = findingsIn(run, stage.tags);
  const words = !hasStage(run, stage) ? "not in this run" : (worst?.title ?? "no finding");
  const left = stagesLeft_px.value - fixed_px.value + (column - firstStage.value) * cell_px.value;
  return (
    <div
      id={cellId(at, column)}
      class="board-active"
      role="gridcell"
      aria-colindex={column + 1}
      aria-label={`${stage.name}, ${run}: ${words}`}
      style={box({ left, width: cell_px.value, height: row_px.value })}
    />
  );
}

interface GroupProps {
  readonly group: RunGroup;
  readonly folded: boolean;
  readonly at: number;
}

function GroupLine({ group, folded, at }: GroupProps) {
  const { name, runs } = group;
  return (
    <div
      id={cellId(at, 0)}
      class={`board-group${active.value?.row === at ? " active" : ""}`}
      role="rowheader"
      aria-colindex={1}
      aria-colspan={firstStage.value + stages.value.length}
    >
      <button type="button" tabIndex={-1} aria-expanded={!folded} onClick={() => toggleGroup(name)}>
        <Icon name={folded ? "fold" : "unfold"} />
        <strong>{name}:</strong>
        <span>{sumUp(runs)}</span>
      </button>
    </div>
  );
}
