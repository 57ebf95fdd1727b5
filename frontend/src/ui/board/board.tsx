/** The board: all runs of the log directory down, their layers across, each cell a small picture. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { boardFrame, boardLeft_px, boardTop_px } from "../../view/board/board_frame";
import {
  boardWidth_px,
  head_px,
  recordColumns,
  row_px,
  rowCount,
  rowsInSight,
  stagesInSight,
} from "../../view/board/board_layout";
import { boardRows } from "../../view/board/board_rows";
import { stopAsking, wantCells } from "../../view/board/cells";
import { startFacts } from "../../view/board/facts";
import { stages } from "../../view/board/stages";
import { index, newestTimes } from "../../view/catalog/catalog";
import { pixelRatio } from "../../view/layout/metrics";
import { noteMovement } from "../../view/reactive/frame_budget";
import { box } from "../widgets/box";
import { BoardBar } from "./board_bar";
import { BoardHead } from "./board_head";
import { takeKey } from "./board_keys";
import { BoardRowView } from "./board_row";
import { BoardTip } from "./board_tip";
import { active, cellId, firstStage, pointedAt } from "./place";
import { Strips } from "./strips";

export function SweepBoard() {
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => followSize(scroller.current), []);
  useEffect(startFacts, []);
  useEffect(() => {
    // Before anything has the focus, arrows go to the board.
    const take = (event: KeyboardEvent) => {
      const element = scroller.current;
      if (element === null || event.target !== document.body || event.defaultPrevented) return;
      if (event.ctrlKey || event.metaKey || event.altKey || !takeKey(event.key, element)) return;
      element.focus({ preventScroll: true });
      event.preventDefault();
    };
    window.addEventListener("keydown", take);
    return () => window.removeEventListener("keydown", take);
  }, []);
  useEffect(() => stopAsking, []);
  useSignalEffect(() => {
    void [index.value, newestTimes.value];
    const runs = rowsInSight.value.flatMap(({ row }) => (row.kind === "run" ? [row.run] : []));
    const series = [...new Set(stagesInSight.value.map(({ stage }) => stage.series))];
    wantCells({ runs, series, columns: recordColumns.value });
  });
  const place = active.value;
  const height_px = head_px.value + boardRows.value.length * row_px.value;
  return (
    <main class="board">
      <BoardBar />
      <div
        ref={scroller}
        class="board-scroller"
        role="grid"
        tabIndex={0}
        aria-label="Board: runs down, layers across"
        aria-rowcount={boardRows.value.length + 1}
        aria-colcount={firstStage.value + stages.value.length}
        aria-activedescendant={place === null ? undefined : cellId(place.row, place.column)}
        onScroll={(event) => {
          noteMovement();
          pointedAt.value = null;
          boardTop_px.value = event.currentTarget.scrollTop;
          boardLeft_px.value = event.currentTarget.scrollLeft;
        }}
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget || !takeKey(event.key, event.currentTarget)) return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        <div
          class="board-size"
          style={box({ width: boardWidth_px.value, height: height_px })}
          role="presentation"
        >
          <div
            class="board-fixed"
            role="presentation"
            style={`width:${boardFrame.value.width_px}px;--moved:${-boardLeft_px.value}px`}
          >
            <BoardHead />
            <BoardRows />
          </div>
        </div>
      </div>
      <BoardTip />
    </main>
  );
}

function BoardRows() {
  return (
    <div class="board-rows" role="rowgroup">
      <Strips />
      {rowsInSight.value.map(({ row, at }) => (
        <BoardRowView key={at % rowCount.value} row={row} at={at} />
      ))}
      {boardRows.value.length > 0 ? null : (
        <div role="row">
          <div class="board-none" role="gridcell">
            No run matches the filter.
          </div>
        </div>
      )}
    </div>
  );
}

function followSize(element: HTMLElement | null) {
  if (element === null) return;
  element.scrollTo(boardLeft_px.peek(), boardTop_px.peek());
  const observer = new ResizeObserver(() => {
    // A hidden tab has no height; its last size is kept.
    if (element.clientHeight === 0) return;
    boardFrame.value = { width_px: element.clientWidth, height_px: element.clientHeight };
    pixelRatio.value = Math.min(3, window.devicePixelRatio || 1);
  });
  observer.observe(element);
  return () => observer.disconnect();
}
