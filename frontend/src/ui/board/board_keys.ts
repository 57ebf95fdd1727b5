/** Keys on the board: arrows move from cell to cell, Enter opens. */

import { boardFrame } from "../../view/board/board_frame";
import { cell_px, head_px, row_px, stagesLeft_px } from "../../view/board/board_layout";
import { boardRows, sortBy } from "../../view/board/board_rows";
import { factColumns } from "../../view/board/facts";
import { openCell, openRun } from "../../view/board/open_cell";
import { stages, toggleGroup } from "../../view/board/stages";
import { active, firstStage, stageAt } from "./place";

const MOVES: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};

/** Whether the key was one of the board's. */
export function takeKey(key: string, scroller: HTMLElement): boolean {
  const { row, column } = active.peek() ?? { row: 0, column: 0 };
  if (key === "Enter") return open(row, column);
  const page = Math.floor((boardFrame.peek().height_px - head_px.peek()) / row_px.peek()) - 1;
  const move = key === "PageDown" ? [page, 0] : key === "PageUp" ? [-page, 0] : MOVES[key];
  if (move === undefined) return false;
  const first = active.peek() === null;
  const [down = 0, right = 0] = first ? [] : move;
  active.value = {
    row: clamp(row + down, boardRows.peek().length - 1),
    column: clamp(column + right, firstStage.peek() + stages.peek().length - 1),
  };
  reveal(scroller);
  return true;
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

function open(row: number, column: number): boolean {
  const at = boardRows.peek()[row];
  if (active.peek() === null || at === undefined) return false;
  if (at.kind === "group") {
    toggleGroup(at.group.name);
    return true;
  }
  const stage = stageAt(column);
  if (stage !== undefined) openCell(at.run, stage);
  else if (column === 0) openRun(at.run);
  else sortBy(factColumns.peek()[column - 1]?.id ?? "");
  return true;
}

/** Scrolls until the active cell can be seen beside and under what stays in sight. */
function reveal(scroller: HTMLElement): void {
  const { row, column } = active.peek() ?? { row: 0, column: 0 };
  const top_px = row * row_px.peek();
  const bottom_px = top_px + row_px.peek() - (scroller.clientHeight - head_px.peek());
  scroller.scrollTop = Math.max(bottom_px, Math.min(scroller.scrollTop, top_px));
  const stage = column - firstStage.peek();
  if (stage < 0) return;
  const left_px = stage * cell_px.peek();
  const right_px = left_px + cell_px.peek() - (scroller.clientWidth - stagesLeft_px.peek());
  scroller.scrollLeft = Math.max(right_px, Math.min(scroller.scrollLeft, left_px));
}
