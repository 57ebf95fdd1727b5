/** The pictures of all layers of the rows in sight. */

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
  rowsInSight,
  STRIP_ROWS,
  stagesInSight,
  stagesLeft_px,
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
        {rowsInSight.value.map(({ at }) => {
          if (at % STRIP_ROWS > 0) return null;
          const rows = boardRows.value.slice(at, at + STRIP_ROWS);
          const runs = rows.map((row) => (row.kind === "run" ? row.run : ""));
          return <Strip key={at % rowCount.value} first={at} runs={runs} />;
        })}
      </div>
    </div>
  );
}

interface Props {
  /** Number of the first row. */
  readonly first: number;
  /** Of each row; "" for the line of a group. */
  readonly runs: readonly string[];
}

/** Hidden until its turn to be painted comes, so that no picture stands beside another run's name. */
function Strip({ first, runs }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const stop = keepDrawn(element, () => paintStrip(element, first, runs));
    return () => {
      stop();
      element.style.visibility = element.dataset.painted = "hidden";
    };
  }, [`${first} ${runs}`]);
  return <canvas ref={canvas} class="board-strip" />;
}

/** Moves the canvas too, so that its picture stays where it belongs until the next one is painted. */
function paintStrip(element: HTMLCanvasElement, first: number, runs: readonly string[]): void {
  const ratio = pixelRatio.value;
  const toPixel = (css_px: number) => Math.round(css_px * ratio);
  const stages = stagesInSight.value;
  const size = { width: stages.length * cell_px.value, height: runs.length * row_px.value };
  const [width, height] = [toPixel(size.width), toPixel(size.height)];
  if (width === 0) return;
  // A new size costs the browser a new picture.
  if (element.width !== width) element.width = width;
  if (element.height !== height) element.height = height;
  const context = element.getContext("2d", UNACCELERATED)!;
  const image = context.createImageData(width, height);
  const pixels = { data: new Uint32Array(image.data.buffer), width };
  let known = true;
  runs.forEach((run, row) => {
    void versionOf(run).value;
    stages.forEach(({ stage }, at) => {
      const [left, top] = [toPixel(at * cell_px.value), toPixel(row * row_px.value)];
      const width = toPixel((at + 1) * cell_px.value) - left;
      const outer = { left, top, width, height: toPixel((row + 1) * row_px.value) - top };
      known = paintStage(pixels, outer, run, stage, toPixel) && known;
    });
  });
  context.putImageData(image, 0, 0);
  const left = stagesLeft_px.value - fixed_px.value + stages[0]!.at * cell_px.value;
  element.style.cssText = box({ left, top: first * row_px.value, ...size });
  // For tests, as the panels' pictures have it.
  element.dataset.painted = known ? "all" : "";
}

/** Whether all is there that is to be drawn. */
function paintStage(
  pixels: Pixels,
  outer: PixelBox,
  run: string,
  stage: Stage,
  toPixel: (css_px: number) => number,
): boolean {
  if (!hasStage(run, stage)) return true;
  const gap = toPixel(CELL_GAP_PX);
  const inner = inset(outer, gap);
  const cell = findCell(run, stage.series, recordColumns.value);
  const axis = axisOf(stage.series);
  const empty = hexToColour(theme.value["plot-bg"]);
  const broken = hexToColour(FRAMES.error);
  const lut = colormapToLut(colormap.value, dark.value);
  if (cell && axis) paintCell(pixels, inner, cell, axis, stepSpan.value, shares, { lut, empty, broken });
  else fillBox(pixels, inner, empty);
  const [worst] = findingsIn(run, stage.tags);
  if (worst !== undefined) {
    const thickness = toPixel(THICKNESS_PX[worst.severity]);
    const framed = inset(outer, Math.max(0, gap - thickness));
    frameBox(pixels, framed, thickness, hexToColour(FRAMES[worst.severity]));
  }
  return cell !== undefined;
}

function inset({ left, top, width, height }: PixelBox, by: number): PixelBox {
  return { left: left + by, top: top + by, width: width - 2 * by, height: height - 2 * by };
}
