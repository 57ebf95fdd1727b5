/** Paints a cell of the board into the pixels of its row. */

import { type CellAxis, type CellQuantiles, columnStarts, fillRows } from "../math/cell_picture";
import type { Lut } from "./colormap";

/** Pixels, each one number whose bytes are R, G, B, A; row by row. */
export interface Pixels {
  readonly data: Uint32Array;
  readonly width: number;
}

/** In device px. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface CellColours {
  readonly lut: Lut;
  /** Where no value lies. */
  readonly empty: number;
  /** Where all values are NaN or infinite, and a mark above columns where some are. */
  readonly broken: number;
}

/** Shares from a row's least that is coloured to the most that is told apart. */
const LEAST_SHARE = 0.003;
const MOST_SHARE = 0.6;
const STEPS = 1024;

/** Place on a colour map by share: equal factors are equally far apart. */
const LEVELS = Uint8Array.from({ length: STEPS + 1 }, (_, at) => {
  const share = Math.max(at / STEPS, LEAST_SHARE) / LEAST_SHARE;
  return Math.min(255, Math.round((255 * Math.log(share)) / Math.log(MOST_SHARE / LEAST_SHARE)));
});

export function paintCell(
  pixels: Pixels,
  box: PixelBox,
  cell: CellQuantiles,
  axis: CellAxis,
  steps: readonly [number, number],
  shares: readonly number[],
  colours: CellColours,
): void {
  fillBox(pixels, box, colours.empty);
  const starts = columnStarts(cell, steps, box.width);
  const rows = new Float32Array(box.height);
  for (let column = 0; column < cell.steps.length; column++) {
    const left = box.left + starts[column]!;
    const right = box.left + Math.max(starts[column + 1]!, starts[column]! + 1);
    const slot = { ...box, left, width: Math.min(right, box.left + box.width) - left };
    fillRows(cell, column, axis, shares, rows);
    paintColumn(pixels, slot, rows, colours);
    if (cell.nonFinite.has(column)) markBroken(pixels, slot, rows, colours.broken);
  }
}

function paintColumn({ data, width }: Pixels, box: PixelBox, rows: Float32Array, { lut }: CellColours): void {
  for (let row = 0; row < box.height; row++) {
    const share = rows[row]!;
    if (share < LEAST_SHARE / 4) continue;
    const at = (box.top + row) * width + box.left;
    data.fill(lut[LEVELS[Math.round(share * STEPS)]!]!, at, at + box.width);
  }
}

/** The whole column where nothing is finite, else its upper fifth. */
function markBroken(pixels: Pixels, box: PixelBox, rows: Float32Array, colour: number): void {
  const whole = rows.every((share) => share === 0);
  fillBox(pixels, { ...box, height: whole ? box.height : Math.ceil(box.height / 5) }, colour);
}

export function fillBox({ data, width }: Pixels, box: PixelBox, colour: number): void {
  for (let row = box.top; row < box.top + box.height; row++)
    data.fill(colour, row * width + box.left, row * width + box.left + box.width);
}

/** A frame of a thickness, inside of a box. */
export function frameBox(pixels: Pixels, box: PixelBox, thickness: number, colour: number): void {
  const { left, top, width, height } = box;
  fillBox(pixels, { left, top, width, height: thickness }, colour);
  fillBox(pixels, { left, top: top + height - thickness, width, height: thickness }, colour);
  fillBox(pixels, { left, top, width: thickness, height }, colour);
  fillBox(pixels, { left: left + width - thickness, top, width: thickness, height }, colour);
}
