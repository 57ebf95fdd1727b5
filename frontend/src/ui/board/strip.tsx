/** The cells of one run, as one picture. */

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
  stagesInSight,
  stagesLeft_px,
} from "../../view/board/board_layout";
import { axisOf, findCell, shares, stepSpan, versionOf } from "../../view/board/cells";
import { findingsIn } from "../../view/board/health";
import type { Stage } from "../../view/board/stages";
import { hasStage } from "../../view/board/stages";
import { dark } from "../../view/catalog/catalog";
import { theme } from "../../view/catalog/theme";
import { pixelRatio } from "../../view/layout/metrics";
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

export function RunStrip({ run }: { readonly run: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // A row that goes on with another run, as after sorting, has to be drawn anew; a signal's effect would not know.
  useLayoutEffect(() => {
    const element = canvas.current;
    return element === null ? undefined : effect(() => paintStrip(element, run));
  }, [run]);
  const placed = stagesInSight.value;
  const left_px = stagesLeft_px.value - fixed_px.value + (placed[0]?.at ?? 0) * cell_px.value;
  const size = { width: placed.length * cell_px.value, height: row_px.value };
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas takes no focus; the row's cells say what it shows.
    <canvas ref={canvas} class="board-strip" style={box({ left: left_px, ...size })} aria-hidden="true" />
  );
}

function paintStrip(element: HTMLCanvasElement, run: string): void {
  const ratio = pixelRatio.value;
  const stages = stagesInSight.value;
  const width = Math.round(stages.length * cell_px.value * ratio);
  const height = Math.round(row_px.value * ratio);
  void [versionOf(run).value, stepSpan.value];
  if (width === 0 || height === 0) return;
  if (element.width !== width) element.width = width;
  if (element.height !== height) element.height = height;
  const context = element.getContext("2d", UNACCELERATED);
  if (context === null) return;
  const image = context.createImageData(width, height);
  const pixels = { data: new Uint32Array(image.data.buffer), width };
  let known = true;
  stages.forEach(({ stage }, at) => {
    const left = Math.round(at * cell_px.value * ratio);
    const right = Math.round((at + 1) * cell_px.value * ratio);
    known = paintStage(pixels, { left, top: 0, width: right - left, height }, run, stage, ratio) && known;
  });
  context.putImageData(image, 0, 0);
  // For tests, as the panels' pictures have it.
  element.dataset.painted = known ? "all" : "";
}

/** Whether all is there that is to be drawn. */
function paintStage(pixels: Pixels, outer: PixelBox, run: string, stage: Stage, ratio: number): boolean {
  if (!hasStage(run, stage)) return true;
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
