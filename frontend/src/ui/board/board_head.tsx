/** The heads of the board's columns: sorting, and folding of stages. */

import {
  cell_px,
  factsStick,
  factWidths_px,
  fixed_px,
  head_px,
  names_px,
  type PlacedStage,
  stagesInSight,
  stagesLeft_px,
  wideCells,
} from "../../view/board/board_layout";
import { sortBy, sorting } from "../../view/board/board_rows";
import { type FactColumn, factColumns, nameColumn } from "../../view/board/facts";
import { stages, toggleStage } from "../../view/board/stages";
import { box } from "../widgets/box";
import { Icon } from "../widgets/icons";
import { firstStage } from "./place";

export function BoardHead() {
  return (
    <div class="board-head" role="row" aria-rowindex={1} style={box({ height: head_px.value })}>
      <FactHead column={nameColumn} at={0} width={names_px.value} />
      {factsStick.value ? <FactHeads /> : null}
      <div class="board-clip">
        <div class="board-moved">
          {factsStick.value ? null : <FactHeads />}
          {stagesInSight.value.map((placed) => (
            <StageHead key={placed.stage.id} placed={placed} />
          ))}
        </div>
      </div>
    </div>
  );
}

function FactHeads() {
  return (
    <div class="board-facts">
      {factColumns.value.map((column, i) => (
        <FactHead key={column.id} column={column} at={i + 1} width={factWidths_px.value[i] ?? 0} />
      ))}
    </div>
  );
}

function sortOf(id: string): "ascending" | "descending" | "none" {
  const { id: now, direction } = sorting.value;
  if (now !== id || direction === 0) return "none";
  return direction > 0 ? "ascending" : "descending";
}

function Arrow({ id }: { readonly id: string }) {
  const order = sortOf(id);
  return order === "none" ? null : <span aria-hidden="true">{order === "ascending" ? "▲" : "▼"}</span>;
}

interface FactProps {
  readonly column: FactColumn;
  readonly at: number;
  readonly width: number;
}

function FactHead({ column: { id, label, tip }, at, width }: FactProps) {
  return (
    <div
      class={at === 0 ? "board-name" : "board-fact"}
      role="columnheader"
      aria-colindex={at + 1}
      aria-sort={sortOf(id)}
      style={box({ width })}
    >
      <button type="button" title={`${tip}. Click to sort`} onClick={() => sortBy(id)}>
        <span class="ellipsis">{label}</span>
        <Arrow id={id} />
      </button>
    </div>
  );
}

interface StageProps {
  readonly placed: PlacedStage;
}

function StageHead({ placed: { stage, at } }: StageProps) {
  const { id, label, name, path, series, layers } = stage;
  const left = stagesLeft_px.value - fixed_px.value + at * cell_px.value;
  const tip = `Unfold ${path}: ${layers.length} layers`;
  return (
    <div
      class={`board-stage${wideCells.value ? " wide" : ""}`}
      role="columnheader"
      aria-colindex={firstStage.value + at + 1}
      aria-sort={sortOf(id)}
      style={box({ left, width: cell_px.value })}
    >
      <Band placed={{ stage, at }} />
      {path === "" ? null : (
        <button
          type="button"
          class="board-fold"
          title={tip}
          aria-label={tip}
          aria-expanded={false}
          onClick={() => toggleStage(path)}
        >
          <Icon name="fold" />
          <span class="count">{layers.length}</span>
        </button>
      )}
      <button
        type="button"
        class="board-layer"
        title={`${name}${path === "" ? "" : `: ${layers.length} layers, drawn: ${series.layer}`}. Click to sort by what is wrong in it`}
        onClick={() => sortBy(id)}
      >
        <span class="ellipsis">{label}</span>
        <Arrow id={id} />
      </button>
    </div>
  );
}

/** Over the first layer of an unfolded stage: its name, across all its layers. */
function Band({ placed: { stage, at } }: { readonly placed: PlacedStage }) {
  const { inside } = stage;
  const all = stages.value;
  if (inside === "" || all[at - 1]?.inside === inside) return null;
  let end = at;
  while (all[end]?.inside === inside) end++;
  return (
    <button
      type="button"
      class="board-band"
      title={`Fold ${inside}`}
      aria-expanded
      style={box({ width: (end - at) * cell_px.value - 4 })}
      onClick={() => toggleStage(inside)}
    >
      <Icon name="unfold" />
      <span class="ellipsis">{inside}</span>
    </button>
  );
}
