/** Layers down, runs across. Only the rows on the screen exist; names and run heads stay in sight. */

import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { dark } from "../state/catalog";
import { visible } from "../state/loader";
import {
  AXIS_PX,
  content_px,
  frame,
  name_px,
  narrow,
  panel_px,
  pixelRatio,
  plot_px,
  SCALAR_PX,
} from "../state/metrics";
import { fullAxis, rowOf, sharedLiveAxis } from "../state/panels";
import { scrollTarget } from "../state/reveal";
import { type PlacedRow, placedRows, rowsBetween, total_px } from "../state/rows";
import { shownTags } from "../state/scalars";
import { runColor, runs, type ShownRun, soloRun } from "../state/selection";
import * as settings from "../state/settings";
import { cursor, gesturing } from "../state/view";
import { TimeAxis } from "./axes";
import { box } from "./box";
import { PlacedRowView } from "./rows";
import { ScalarChart } from "./scalar_chart";
import { StepField } from "./step_field";

/** Rows this far beyond the edge are fetched and drawn ahead. */
const AHEAD_PX = 250;

const HEAD_PX = 45;
/** Before the frame was measured. */
const NO_ROWS: readonly PlacedRow[] = [];

export function Grid() {
  const scroller = useRef<HTMLElement>(null);
  const scrollTop = useSignal(0);
  const last = useRef(NO_ROWS);
  const onScreen = useComputed(() => {
    if (frame.value.width_px === 0) return NO_ROWS;
    const from_px = scrollTop.value - AHEAD_PX;
    const now = rowsBetween(placedRows.value, from_px, from_px + frame.value.height_px + 2 * AHEAD_PX);
    // The same rows are the same array, so that scrolling by less than a row changes nothing.
    const same = now.length === last.current.length && now.every((row, at) => row === last.current[at]);
    if (!same) last.current = now;
    return last.current;
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
    const models = onScreen.value.flatMap(({ row }) => (row.kind === "layer" ? [rowOf(row.series)] : []));
    visible.value = models.flatMap((model) => model.panels.value);
  });

  useSignalEffect(() => {
    const target = placedRows.value.find(({ row }) => row.id === scrollTarget.value);
    if (target === undefined || scroller.current === null) return;
    const middle_px = (frame.peek().height_px - target.height_px) / 2;
    scroller.current.scrollTop = Math.max(0, target.top_px - middle_px);
    scrollTarget.value = null;
  });

  return (
    <main
      ref={scroller}
      class={gesturing.value ? "scroller gesturing" : "scroller"}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
      tabIndex={0}
      aria-label="Heatmaps: layers down, runs across"
      onScroll={(event) => {
        scrollTop.value = event.currentTarget.scrollTop;
      }}
    >
      <Heads />
      <div class="rows" style={box({ height: total_px.value, width: content_px.value })}>
        {onScreen.value.map((placed) => (
          <PlacedRowView key={placed.row.id} placed={placed} />
        ))}
        <ColumnLines />
      </div>
    </main>
  );
}

function Heads() {
  return (
    <div
      class="heads"
      style={box({ width: content_px.value, height: HEAD_PX + shownTags.value.length * SCALAR_PX })}
    >
      {narrow.value ? null : (
        <div class="corner" style={box({ width: name_px.value })}>
          {axisName()}
        </div>
      )}
      {runs.value.map((run) => (
        <Head key={run.name} run={run} />
      ))}
      <StepField />
    </div>
  );
}

const AXIS_NAMES = {
  step: "step",
  log_step: "step (log)",
  epoch: "epoch",
  relative: "time since start",
  wall: "clock time",
  share: "share of the run",
} as const;

function axisName(): string {
  return `${AXIS_NAMES[settings.time.value]} →`;
}

function Head({ run }: { readonly run: ShownRun }) {
  const color = runColor(run.at, dark.value);
  return (
    <div class="head" style={box({ width: panel_px.value })}>
      <button
        type="button"
        class="run-name"
        title={`${run.name}${run.info.cadence ? ` — recorded ${run.info.cadence}` : ""}. Double-click: show this run only.`}
        onDblClick={() => soloRun(run.name)}
      >
        <span class="swatch" style={{ background: color }} aria-hidden="true" />
        <span class="ellipsis">{run.name}</span>
      </button>
      {shownTags.value.map((tag) => (
        <ScalarChart key={tag} run={run.name} tag={tag} color={color} />
      ))}
      <div class="head-axis" style={box({ left: AXIS_PX, width: plot_px.value })}>
        <TimeAxis axis={sharedLiveAxis} top_px={0} />
      </div>
    </div>
  );
}

/** The same step in all panels: one line per run through all rows, moved by CSS alone. */
function ColumnLines() {
  return (
    <>
      {runs.value.map((run, at) => (
        <ColumnLine key={run.name} left_px={name_px.value + at * panel_px.value + AXIS_PX} />
      ))}
    </>
  );
}

function ColumnLine({ left_px }: { readonly left_px: number }) {
  const hovered = useComputed(() => lineStyle(cursor.value?.unit ?? null, left_px));
  const pinned = useComputed(() => lineStyle(settings.pinned.value, left_px));
  return (
    <>
      <div class="cross-x pin-line" style={pinned} />
      <div class="cross-x" style={hovered} />
    </>
  );
}

function lineStyle(unit: number | null, left_px: number): string {
  if (unit === null || fullAxis.value.kind !== sharedLiveAxis.value.kind) return "visibility:hidden";
  const share = sharedLiveAxis.value.unitToShare(unit);
  if (share < 0 || share > 1) return "visibility:hidden";
  return `transform:translateX(${(left_px + share * plot_px.value).toFixed(1)}px)`;
}
