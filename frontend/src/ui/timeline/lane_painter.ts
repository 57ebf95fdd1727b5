/** Paints the timeline: marks of findings on top, lines of scalars, and the ribbon of changes at the foot. */

import { changeToShare, ribbonCells } from "../../math/ribbon";
import type { StepAxis } from "../../math/step_axis";
import { hexToColour } from "../../paint/colormap";
import { theme } from "../../view/catalog/theme";
import { pixelRatio } from "../../view/layout/metrics";
import { currentLut } from "../../view/panel/colour_tables";
import { fullAxis } from "../../view/panel/known_panels";
import {
  epochUnits,
  type LaneLine,
  laneLines,
  laneMarks,
  placedFindings,
  type Ribbon,
  ribbons,
} from "../../view/profile/lane";

export const LANE_PX = 44;
const MARKS_PX = 8;
const LINES_TOP_PX = 10;
const LINES_PX = 16;
const RIBBON_TOP_PX = 28;
const RIBBON_PX = 16;
const LEAST_MARK_PX = 4;
/** More runs than this share one ribbon, which has the largest change of any. */
const OWN_RIBBONS = 4;

/** Reads signals: whoever calls it in an effect paints again as they change. */
export function paintLane(canvas: HTMLCanvasElement | null, width_px: number): void {
  const context = canvas?.getContext("2d");
  if (!context) return;
  const ratio = pixelRatio.value;
  const axis = fullAxis.value;
  context.canvas.width = Math.round(width_px * ratio);
  context.canvas.height = Math.round(LANE_PX * ratio);
  paintRibbons(context, axis, ratio);
  context.scale(ratio, ratio);
  const tone = getComputedStyle(context.canvas);
  const toneOf = (name: string) => tone.getPropertyValue(`--${name}`);
  context.fillStyle = toneOf("line");
  for (const unit of epochUnits(axis))
    context.fillRect(Math.round(axis.unitToPx(unit, width_px)), LINES_TOP_PX, 1, LINES_PX + 1);
  for (const line of laneLines.value) paintLine(context, line, axis, width_px);
  context.strokeStyle = theme.value.text;
  context.setLineDash([2, 2]);
  for (const { unit } of laneMarks.value) paintMark(context, axis.unitToPx(unit, width_px));
  context.setLineDash([]);
  for (const { finding, from, to } of [...placedFindings.value].reverse()) {
    context.fillStyle = toneOf(finding.severity);
    const mark_px = Math.max(LEAST_MARK_PX, (to - from) * width_px);
    context.globalAlpha = 0.35;
    context.fillRect(from * width_px, 3, mark_px, MARKS_PX - 6);
    context.globalAlpha = 1;
    context.fillRect(Math.min(width_px - LEAST_MARK_PX, from * width_px), 0, LEAST_MARK_PX, MARKS_PX);
  }
}

/** A dashed line over the whole height, with a small flag. */
function paintMark(context: CanvasRenderingContext2D, x_px: number): void {
  context.beginPath();
  context.moveTo(Math.round(x_px) + 0.5, 0);
  context.lineTo(Math.round(x_px) + 0.5, LANE_PX);
  context.stroke();
}

function paintLine(
  context: CanvasRenderingContext2D,
  { units, shares, colour, dashed }: LaneLine,
  axis: StepAxis,
  width_px: number,
): void {
  context.beginPath();
  context.strokeStyle = colour;
  context.lineWidth = 1.2;
  context.setLineDash(dashed ? [3, 2] : []);
  let pen = false;
  shares.forEach((share, at) => {
    const unit = units[at]!;
    if (Number.isNaN(share)) {
      pen = false;
      return;
    }
    const y_px = LINES_TOP_PX + 1 + (1 - Math.min(1, Math.max(0, share))) * (LINES_PX - 2);
    if (pen) context.lineTo(axis.unitToPx(unit, width_px), y_px);
    else context.moveTo(axis.unitToPx(unit, width_px), y_px);
    pen = true;
  });
  context.stroke();
  context.setLineDash([]);
}

function paintRibbons(context: CanvasRenderingContext2D, axis: StepAxis, ratio: number): void {
  const all = ribbons.value;
  const bands = all.length > OWN_RIBBONS ? [all] : all.map((one) => [one]);
  const width = context.canvas.width;
  const top = Math.round(RIBBON_TOP_PX * ratio);
  const height = Math.round(RIBBON_PX * ratio);
  context.fillStyle = theme.value["plot-bg"];
  context.fillRect(0, top, width, height);
  bands.forEach((band, at) => {
    const from = Math.floor((at * height) / bands.length);
    const rows = Math.floor(((at + 1) * height) / bands.length) - from - (bands.length > 1 ? 1 : 0);
    paintBand(context, band, axis, { top: top + from, rows: Math.max(1, rows) });
  });
}

function paintBand(
  context: CanvasRenderingContext2D,
  band: readonly Ribbon[],
  axis: StepAxis,
  { top, rows }: { readonly top: number; readonly rows: number },
): void {
  const { width } = context.canvas;
  const image = context.createImageData(width, rows);
  const pixels = new Uint32Array(image.data.buffer).fill(hexToColour(theme.value["plot-bg"]));
  const lut = currentLut();
  const all = band.map(({ layers }) => ribbonCells(layers, axis, width, rows));
  for (let at = 0; at < pixels.length; at++) {
    const change = all.reduce((most, cells) => Math.max(most, cells[at]!), -1);
    if (change >= 0) pixels[at] = lut[Math.round(changeToShare(change) * 255)]!;
  }
  context.putImageData(image, 0, top);
}
