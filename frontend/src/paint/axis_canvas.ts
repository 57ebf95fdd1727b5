/** Ticks and numbers of panels on canvases: as elements they would be most of the page and of a scroll's time. */

import { FONT } from "./font";

export interface AxisText {
  readonly label: string;
  readonly x_px: number;
  readonly y_px: number;
  readonly anchor: "left" | "center" | "right";
  readonly size_px: number;
}

/** A tick from (x1, y1) to (x2, y2), CSS px. */
export type AxisLine = readonly [x1: number, y1: number, x2: number, y2: number];

export interface AxisDrawing {
  readonly width_px: number;
  readonly height_px: number;
  readonly ratio: number;
  readonly dark: boolean;
  readonly faint: boolean;
  readonly lines: readonly AxisLine[];
  readonly texts: readonly AxisText[];
  /** Words beside the numbers. */
  readonly names: readonly AxisText[];
}

/** As in the style sheet: --line-strong and --text-quiet. */
const INKS = {
  light: { line: "#8a8a8a", text: "#616161" },
  dark: { line: "#9a9a9a", text: "#c4c4c4" },
} as const;

/** Draws an axis anew, from a corner in device px on. */
export function drawAxis(
  context: CanvasRenderingContext2D,
  [left, top]: readonly [left: number, top: number],
  drawing: AxisDrawing,
): void {
  const { width_px, height_px, ratio } = drawing;
  context.save();
  context.setTransform(ratio, 0, 0, ratio, left, top);
  context.clearRect(0, 0, width_px, height_px);
  context.globalAlpha = drawing.faint ? 0.3 : 1;
  const ink = drawing.dark ? INKS.dark : INKS.light;
  context.fillStyle = ink.line;
  for (const [x1, y1, x2, y2] of drawing.lines) {
    context.fillRect(
      Math.round(x1 * ratio) / ratio,
      Math.round(y1 * ratio) / ratio,
      Math.max(1, x2 - x1),
      Math.max(1, y2 - y1),
    );
  }
  context.fillStyle = ink.text;
  context.textBaseline = "middle";
  for (const { label, x_px, y_px, anchor, size_px } of [...drawing.texts, ...drawing.names]) {
    context.font = `${size_px}px ${FONT}`;
    context.textAlign = anchor;
    context.fillText(label, x_px, y_px);
  }
  context.restore();
}

/** Places and labels of the numbers, to be left on an element where they can be read. */
export function numbersToText({ texts }: AxisDrawing): string {
  return JSON.stringify(texts.map(({ label, x_px, y_px }) => [x_px, y_px, label]));
}
