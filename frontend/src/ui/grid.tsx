/** The part that scrolls. Only what is on the screen exists. */

import { type ReadonlySignal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { columnsBetween, placedColumns } from "../state/columns";
import { visible } from "../state/loader";
import { frame, pixelRatio } from "../state/metrics";
import { rowOf } from "../state/panels";
import { scrollTarget } from "../state/reveal";
import { placedRows, rowsBetween } from "../state/rows";
import * as settings from "../state/settings";
import type { Row } from "../state/tree";
import { gesturing } from "../state/view";
import { LayerRows } from "./layer_rows";
import { RunRows } from "./run_rows";

/** What is this far beyond the edge is fetched and drawn ahead. */
const AHEAD_PX = 250;

interface Placed {
  readonly row: Row;
}

export function Grid() {
  const scroller = useRef<HTMLElement>(null);
  const scrollTop = useSignal(0);
  const scrollLeft = useSignal(0);
  const rowsOnScreen = useOnScreen(() => {
    const from_px = scrollTop.value - AHEAD_PX;
    return rowsBetween(placedRows.value, from_px, from_px + frame.value.height_px + 2 * AHEAD_PX);
  });
  const columnsOnScreen = useOnScreen(() => {
    const from_px = scrollLeft.value - AHEAD_PX;
    return columnsBetween(from_px, from_px + frame.value.width_px + 2 * AHEAD_PX);
  });

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const measure = () => {
      // A hidden tab has no height; its last size is kept so that coming back changes nothing.
      if (element.clientHeight === 0) return;
      frame.value = { width_px: element.clientWidth, height_px: element.clientHeight };
      pixelRatio.value = Math.min(3, window.devicePixelRatio || 1);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useSignalEffect(() => {
    const shown: readonly Placed[] = settings.transposed.value ? columnsOnScreen.value : rowsOnScreen.value;
    const models = shown.flatMap(({ row }) => (row.kind === "layer" ? [rowOf(row.series)] : []));
    visible.value = models.flatMap((model) => model.panels.value);
  });

  useSignalEffect(() => {
    const wanted = scrollTarget.value;
    const element = scroller.current;
    if (wanted === null || element === null) return;
    const { width_px, height_px } = frame.peek();
    if (settings.transposed.value) {
      const column = placedColumns.value.find(({ row }) => row.id === wanted);
      if (column === undefined) return;
      element.scrollLeft = column.left_px - width_px / 3;
    } else {
      const place = placedRows.value.find(({ row }) => row.id === wanted);
      if (place === undefined) return;
      element.scrollTop = Math.max(0, place.top_px - (height_px - place.height_px) / 2);
    }
    scrollTarget.value = null;
  });

  return (
    <main
      ref={scroller}
      class={gesturing.value ? "scroller gesturing" : "scroller"}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
      tabIndex={0}
      aria-label={
        settings.transposed.value
          ? "Heatmaps: runs down, layers across"
          : "Heatmaps: layers down, runs across"
      }
      onScroll={(event) => {
        scrollTop.value = event.currentTarget.scrollTop;
        scrollLeft.value = event.currentTarget.scrollLeft;
      }}
    >
      {settings.transposed.value ? (
        <RunRows onScreen={columnsOnScreen.value} />
      ) : (
        <LayerRows onScreen={rowsOnScreen.value} />
      )}
    </main>
  );
}

/** The same items are the same array, so that scrolling by less than an item changes nothing. */
function useOnScreen<T>(find: () => readonly T[]): ReadonlySignal<readonly T[]> {
  const last = useRef<readonly T[]>([]);
  return useComputed(() => {
    // Before the frame was measured there is nothing to see.
    const now = frame.value.width_px === 0 ? [] : find();
    const same = now.length === last.current.length && now.every((item, at) => item === last.current[at]);
    if (!same) last.current = now;
    return last.current;
  });
}
