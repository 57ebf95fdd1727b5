/** The pictures of all layers of the rows in sight. */

import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { fillBox, frameBox, type PixelBox, type Pixels, paintCell } from "../../paint/cell_painter";
import { colormapToLut, hexToColour } from "../../paint/colormap";
import type { Severity } from "../../series/types";
import {
  CELL_GAP_PX,
  cell_px,
  fixed_px,
  recordColumns,
  row_px,
  rowCount,
  STRIP_ROWS,
  stagesInSight,
  stagesLeft_px,
  stripsInSight,
} from "../../view/board/board_layout";
import { boardRows } from "../../view/board/board_rows";
import { axisOf, findCell, shares, stepSpan, versionOf } from "../../view/board/cells";
import { findingsIn } from "../../view/board/health";
import type { Stage } from "../../view/board/stages";
import { hasStage } from "../../view/board/stages";
import { dark } from "../../view/catalog/catalog";
import { theme } from "../../view/catalog/theme";
import { pixelRatio } from "../../view/layout/metrics";
import { keepDrawn } from "../../view/reactive/draw_queue";
import { stableList } from "../../view/reactive/stable_list";
import { colormap } from "../../view/settings/settings";
import { box } from "../widgets/box";

/** Frames stand on white and on dark grey. */
export const FRAMES: Readonly<Record<Severity, string>> = {
  error: "#d93025",
  warning: "#f29900",
  info: "#4a8fe7",
};
/** In CSS px. */
export const THICKNESS_PX: Readonly<Record<Severity, number>> = { error: 2, warning: 2, info: 1 };

/** Many small canvases that are written to as a whole cost less without textures of their own. */
const UNACCELERATED: CanvasRenderingContext2DSettings = { willReadFrequently: true };

/** Over the rows, whose cells say what it shows and take the pointer. */
export function Strips() {
  const all = { left: fixed_px.value, height: boardRows.value.length * row_px.value };
  return (
    <div class="board-clip board-strips" style={box(all)} aria-hidden="true">
      <div class="board-moved">
        {stripsInSight.value.map((first) => (
          <Strip key={first % rowCount.value} first={first} />
        ))}
      </div>
    </div>
  );
}

function Strip({ first }: { readonly first: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    return element === null ? undefined : keepPainted(element, first);
  }, [first]);
  return <canvas ref={canvas} class="board-strip" />;
}

/** Other runs' pictures are hidden at once, and its own are painted in turn with the others. */
function keepPainted(element: HTMLCanvasElement, first: number): () => void {
  const runs = stableList(() =>
    boardRows.value.slice(first, first + STRIP_ROWS).map((row) => (row.kind === "run" ? row.run : "")),
  );
  const stopHiding = effect(() => {
    void runs.value;
    element.dataset.painted = "";
    element.style.visibility = "hidden";
  });
  const stopPainting = keepDrawn(element, () => paintStrip(element, first, runs.value));
  return () => {
    stopHiding();
    stopPainting();
  };
}

/** Moves the canvas too, so that no picture stands where it does not belong. */
function paintStrip(element: HTMLCanvasElement, first: number, runs: readonly string[]): void {
  const ratio = pixelRatio.value;
  const stages = stagesInSight.value;
  const size = { width: stages.length * cell_px.value, height: runs.length * row_px.value };
  const left = stagesLeft_px.value - fixed_px.value + (stages[0]?.at ?? 0) * cell_px.value;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  for (const run of runs) void versionOf(run).value;
  void stepSpan.value;
  if (width === 0 || height === 0) return;
  if (element.width !== width) element.width = width;
  if (element.height !== height) element.height = height;
  const context = element.getContext("2d", UNACCELERATED);
  if (context === null) return;
  const image = context.createImageData(width, height);
  const pixels = { data: new Uint32Array(image.data.buffer), width };
  let known = true;
  runs.forEach((run, row) => {
    const top = Math.round(row * row_px.value * ratio);
    const bottom = Math.round((row + 1) * row_px.value * ratio);
    for (const [at, { stage }] of stages.entries()) {
      if (!hasStage(run, stage)) continue;
      const left = Math.round(at * cell_px.value * ratio);
      const right = Math.round((at + 1) * cell_px.value * ratio);
      const outer = { left, top, width: right - left, height: bottom - top };
      known = paintStage(pixels, outer, run, stage, ratio) && known;
    }
  });
  context.putImageData(image, 0, 0);
  element.style.cssText = box({ left, top: first * row_px.value, ...size });
  // For tests, as the panels' pictures have it.
  element.dataset.painted = known ? "all" : "";
}

/** Whether all is there that is to be drawn. */
function paintStage(pixels: Pixels, outer: PixelBox, run: string, stage: Stage, ratio: number): boolean {
  const gap = Math.round(CELL_GAP_PX * ratio);
  const inner = {
    left: outer.left + gap,
    top: outer.top + gap,
    width: outer.width - 2 * gap,
    height: outer.height - 2 * gap,
  };
  const cell = findCell(run, stage.series, recordColumns.value);
  const axis = axisOf(stage.series);
  const empty = hexToColour(theme.value["plot-bg"]);
  const broken = hexToColour(FRAMES.error);
  const lut = colormapToLut(colormap.value, dark.value);
  if (cell && axis) paintCell(pixels, inner, cell, axis, stepSpan.value, shares, { lut, empty, broken });
  else fillBox(pixels, inner, empty);
  const [worst] = findingsIn(run, stage.tags);
  if (worst !== undefined) {
    const thickness = Math.round(THICKNESS_PX[worst.severity] * ratio);
    const around = Math.min(gap, thickness);
    const framed = {
      left: inner.left - around,
      top: inner.top - around,
      width: inner.width + 2 * around,
      height: inner.height + 2 * around,
    };
    frameBox(pixels, framed, thickness, hexToColour(FRAMES[worst.severity]));
  }
  return cell !== undefined;
}
