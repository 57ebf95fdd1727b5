/** The part that scrolls. Only what is on the screen exists. */

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { frame, panel_px } from "../../view/layout/metrics";
import { placedRows } from "../../view/layout/rows";
import { noteMovement } from "../../view/reactive/frame_budget";
import { placedColumns, runRow_px } from "../../view/screen/columns";
import { scrollTarget } from "../../view/screen/reveal";
import { columnsOnScreen, rowsOnScreen, scrollLeft_px, scrollTop_px } from "../../view/screen/screen";
import { isTransposed, shownRuns } from "../../view/selection/selection";
import { useFrame } from "../input/frame_size";
import { LayerRows } from "./layer_rows";
import { RunRows } from "./run_rows";

export function Grid() {
  const scroller = useRef<HTMLElement>(null);

  useEffect(() => {
    // After the board, where it was left.
    scroller.current?.scrollTo(scrollLeft_px.peek(), scrollTop_px.peek());
  }, []);
  useFrame(scroller);

  useSignalEffect(() => {
    const wanted = scrollTarget.value;
    const element = scroller.current;
    if (wanted === null || element === null) return;
    const { width_px, height_px } = frame.peek();
    const run = shownRuns.value.findIndex(({ name }) => name === wanted.run);
    if (isTransposed.value) {
      const column = placedColumns.value.find(({ row }) => row.id === wanted.rowId);
      if (column === undefined) return;
      element.scrollLeft = column.left_px - width_px / 3;
      if (run >= 0) element.scrollTop = run * runRow_px.value;
    } else {
      const place = placedRows.value.find(({ row }) => row.id === wanted.rowId);
      if (place === undefined) return;
      const above_px = wanted.top ? 0 : (height_px - place.height_px) / 2;
      element.scrollTop = Math.max(0, place.top_px - above_px);
      if (run >= 0) element.scrollLeft = run * panel_px.value;
    }
    scrollTarget.value = null;
  });

  return (
    <main
      ref={scroller}
      class="scroller"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
      tabIndex={0}
      aria-label={
        isTransposed.value ? "Heatmaps: runs down, layers across" : "Heatmaps: layers down, runs across"
      }
      onScroll={(event) => {
        noteMovement();
        scrollTop_px.value = event.currentTarget.scrollTop;
        scrollLeft_px.value = event.currentTarget.scrollLeft;
      }}
    >
      {isTransposed.value ? (
        <RunRows onScreen={columnsOnScreen.value} />
      ) : (
        <LayerRows onScreen={rowsOnScreen.value} />
      )}
    </main>
  );
}
